using KeycloakAccess.Data;
using KeycloakAccess.Models;
using KeycloakAccess.Permissions;

namespace KeycloakAccess;

/// <summary>Migrates the database and checks models, endpoints and names before the application listens. Mistakes end the start.</summary>
internal sealed class StartUp(IServiceProvider services, Migrator migrator) : IHostedService
{
    private IEndpointRouteBuilder? _routes;

    public void Check(IEndpointRouteBuilder routes) => _routes = routes;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await migrator.MigrateAsync(cancellationToken);
        await services.CheckModelsAsync(cancellationToken);
        if (_routes is not null)
        {
            await _routes.CheckPermissionsAsync(cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
