using Api;
using Api.Access;
using Api.Accounts;
using Api.Admin;
using Api.Audit;
using Api.Commands;
using Api.Data;
#if EMBEDDED_REALM
using Api.Development;
#endif
using Api.Groups;
using Api.Hosting;
using Api.Keycloak;
using Api.Models;
using Api.Models.Authors;
using Api.Models.Books;
using Api.Permissions;
using Api.Reference;
using Api.RoleMappings;

var commandLine = CommandLine.Read(args);
if (commandLine.StandsAlone)
{
    return await commandLine.RunAsync();
}

try
{
    var builder = WebApplication.CreateBuilder(commandLine.HostArguments);
#if EMBEDDED_REALM
    await using var realm = await DevelopmentRealm.AddAsync(builder, start: !commandLine.HasVerb);
#endif

    StartError.ReplaceHostLog(builder);
    commandLine.Configure(builder.Logging);
    builder.AddHosting();
    builder.Services.AddData();
    builder.Services.AddKeycloak();
    builder.Services.AddPermissions();
    builder.Services.AddAccounts();
    builder.Services.AddGroups();
    builder.Services.AddRoleMappings();
    builder.Services.AddAudit();
    builder.Services.AddAccess();
    builder.Services.AddAccessDocuments();
    builder.Services.AddModel<AuthorModel, Author>();
    builder.Services.AddModel<BookModel, Book>();
    builder.Services.AddAdmin();
    builder.Services.AddReference();

    await using var app = builder.Build();
    if (commandLine.HasVerb)
    {
        return await commandLine.RunAsync(app.Services);
    }

    await app.MigrateAsync();
    await app.CheckModelsAsync();

    app.UseProxies();
    app.UseRequestIds();
    app.UseProblems(
        isOutage: exception => exception is RealmUnreachableException || DatabaseOutage.Is(exception),
        isConflict: DatabaseOutage.IsBrokenReference,
        page: AdminEndpoints.Error);
    app.UseSecurityHeaders(formTargets: app.RealmOrigin());
    app.UseSslRequired(except: HealthEndpoints.Path);
    app.UseUtf8Bodies();
    app.UseAssets();
    app.UseRouting();
    app.UseAuthentication();
    app.UseAuthorization();
    app.UseAntiforgery();

    app.MapAssets();
    app.MapHealth();
    app.MapSignIn();
    app.MapReference();
    app.MapAdmin();

    var api = app.MapGroup("/api").RequireBearer();
    api.MapMe();
    api.MapAccounts();
    api.MapGroups();
    api.MapRoleMappings();
    api.MapAudit();
    api.MapModels();
    api.MapAccess();
    api.MapAccessDocuments();
    app.MapGroup("").RequireBearer().MapAuthZen();

    await app.CheckPermissionsAsync();
#if EMBEDDED_REALM
    realm?.AnnounceWhenStarted(app);
#endif
    await app.RunAsync();
    return 0;
}
catch (Exception exception) when (StartError.Explain(exception) is { } explanation)
{
    await Console.Error.WriteLineAsync(explanation);
    return 1;
}
