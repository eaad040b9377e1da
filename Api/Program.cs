#if EMBEDDED_REALM
using Api.Development;
#endif
using Api.Models.Authors;
using Api.Models.Books;
using KeycloakAccess;
using KeycloakAccess.Commands;
using KeycloakAccess.Data;
using KeycloakAccess.Models;

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

    commandLine.Configure(builder);
    builder.AddKeycloakAccess();
    // Puts the comments of the models into the OpenAPI document: they are read where this call is compiled.
    builder.Services.AddOpenApi();
    builder.Services.AddMigrations(typeof(Book).Assembly);
    builder.Services.AddModel<AuthorModel, Author>();
    builder.Services.AddModel<BookModel, Book>();

    await using var app = builder.Build();
    if (commandLine.HasVerb)
    {
        return await commandLine.RunAsync(app.Services);
    }

    app.UseKeycloakAccess();
    app.MapKeycloakAccess();
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
