using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.Introspection;
using KeycloakAccess.Data;
using KeycloakAccess.Models;
using KeycloakAccess.Permissions;
using KeycloakAccess.ProtectionKeys;
using Microsoft.Extensions.Options;

namespace KeycloakAccess;

/// <summary>Migrates the database and checks models, endpoints and names before the application listens. Mistakes end the start.</summary>
internal sealed partial class StartUp(
    IServiceProvider services,
    Migrator migrator,
    Database database,
    FormerIssuers issuers,
    IOptions<KeycloakOptions> keycloak,
    ILogger<StartUp> logger) : IHostedService
{
    private IEndpointRouteBuilder? _routes;

    public void Check(IEndpointRouteBuilder routes) => _routes = routes;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (keycloak.Value.WithoutMeaning is { Count: > 0 } keys)
        {
            LogWithoutMeaning(string.Join(", ", keys.Select(key => key.Value is null ? key.Key : $"{key.Key} ({key.Value})")));
        }

        await migrator.MigrateAsync(cancellationToken);
        services.GetRequiredService<ProtectionKeyCheck>().Check();
        await services.CheckModelsAsync(cancellationToken);
        foreach (var (model, sql) in await services.ListMissingIndexesAsync(cancellationToken))
        {
            LogNoIndex(model.Title, sql);
        }

        foreach (var index in services.SearchIndexes().Prepend(AccountSearchIndex.Of(database.Engine)))
        {
            if (await index.PrepareAsync(database, cancellationToken))
            {
                LogIndexed(index.Table);
            }
        }

        if (_routes is not null)
        {
            await _routes.CheckPermissionsAsync(cancellationToken);
            IntrospectionSetup.CheckIntrospection(services, _routes.DataSources.SelectMany(source => source.Endpoints));
        }

        foreach (var issuer in await issuers.ListAsync(cancellationToken))
        {
            LogFormerIssuer(issuer.Explain(issuers.Configured));
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(Level = LogLevel.Information, Message = "These keys of section Keycloak mean nothing here: {Keys}")]
    private partial void LogWithoutMeaning(string keys);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Explanation}")]
    private partial void LogFormerIssuer(string explanation);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Lists of {Model} lack an index, and become slower with every row. Add a migration with it: {Sql}")]
    private partial void LogNoIndex(string model, string sql);

    [LoggerMessage(Level = LogLevel.Information, Message = "Made the index for searches of {Table}")]
    private partial void LogIndexed(string table);
}
