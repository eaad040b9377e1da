using System.Text;
using System.Text.Json;
using KeycloakAccess.Authentication;
using KeycloakAccess.Hosting;
using KeycloakRealm;
using Microsoft.Extensions.Configuration.Memory;

namespace Api.Development;

/// <summary>
/// The embedded realm in Development, where no Keycloak is configured; compiled into Debug builds only. Section <c>EmbeddedRealm</c>
/// sets <c>Url</c> (default <c>http://localhost:8080</c>) and <c>RealmFile</c>.
/// </summary>
internal sealed class DevelopmentRealm : IAsyncDisposable
{
    private const string Section = "EmbeddedRealm";

    private readonly EmbeddedRealm _realm;
    private readonly ILoggerFactory _loggers;

    private DevelopmentRealm(EmbeddedRealm realm, ILoggerFactory loggers)
    {
        _realm = realm;
        _loggers = loggers;
    }

    /// <summary>
    /// Points section <c>Keycloak</c> at the realm, unless it is configured. A verb needs its address only, and does not start it.
    /// </summary>
    public static async Task<DevelopmentRealm?> AddAsync(WebApplicationBuilder builder, bool start)
    {
        builder.Services.AddSettings<DevelopmentRealmSettings>(Section);
        var settings = builder.Configuration.ReadSettings<DevelopmentRealmSettings>(Section);
        var keycloak = builder.Configuration.GetSection(KeycloakOptions.Section);
        if (!builder.Environment.IsDevelopment() || keycloak["auth-server-url"] is not null || keycloak["AuthServerUrl"] is not null)
        {
            return null;
        }

        if (!start)
        {
            var options = Options(builder, settings);
            // A verb signs nobody in, but the settings are validated as a whole.
            PointAt(builder, options.Url, RealmName(options), "acme-api", ("acme-admin", "none"));
            return null;
        }

        // The service's own loggers do not exist yet.
        var loggers = LoggerFactory.Create(logging => logging.AddConfiguration(builder.Configuration.GetSection("Logging"))
            // "Now listening on" would be mistaken for the service's own message.
            .AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning)
            .AddConsole());
        var embedded = Options(builder, settings);
        var realm = new DevelopmentRealm(await StartAsync(embedded, loggers), loggers);
        try
        {
            var clients = new RealmClients(realm._realm.Clients, embedded.RealmFile);
            var signIn = clients.FindSignIn(keycloak["sign-in:resource"] ?? keycloak["SignIn:Resource"]);
            PointAt(
                builder,
                realm._realm.Url,
                realm._realm.RealmName,
                clients.FindResource(keycloak["resource"]),
                (signIn.ClientId, signIn.Secret));
            return realm;
        }
        catch
        {
            await realm.DisposeAsync();
            throw;
        }
    }

    public void AnnounceWhenStarted(WebApplication app) =>
        app.Lifetime.ApplicationStarted.Register(() => Console.WriteLine(Announcement(
            app.Urls.Select(BoundAddress.ReachableFrom).FirstOrDefault(url => url is not null) ?? app.Urls.First().TrimEnd('/'))));

    public async ValueTask DisposeAsync()
    {
        await _realm.DisposeAsync();
        _loggers.Dispose();
    }

    private static void PointAt(
        WebApplicationBuilder builder, Uri url, string realm, string resource, (string Client, string? Secret) signIn)
    {
        var defaults = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase)
        {
            ["Keycloak:auth-server-url"] = url.ToString(),
            ["Keycloak:realm"] = realm,
            ["Keycloak:resource"] = resource,
            ["Keycloak:sign-in:resource"] = signIn.Client,
            ["Keycloak:sign-in:credentials:secret"] = signIn.Secret,
            // For the realm's browser application, which is served elsewhere.
            ["Keycloak:enable-cors"] = "true",
        };
        // Below every other source, so that configured values take precedence in either spelling.
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = defaults });
    }

    // Read without an import.
    private static string RealmName(EmbeddedRealmOptions options)
    {
        try
        {
            using var file = JsonDocument.Parse(File.ReadAllBytes(options.RealmFile));
            return file.RootElement.GetProperty("realm").GetString() ?? "";
        }
        catch (Exception exception) when (
            exception is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new KeycloakConfigurationException(
                $"The realm file {options.RealmFile} cannot be used: {exception.Message} EmbeddedRealm:RealmFile names it.", exception);
        }
    }

    private static async Task<EmbeddedRealm> StartAsync(EmbeddedRealmOptions options, ILoggerFactory loggers)
    {
        options.LoggerFactory = loggers;
        try
        {
            return await EmbeddedRealm.StartAsync(options);
        }
        catch (EmbeddedRealmException exception)
        {
            throw new KeycloakConfigurationException(
                $"The embedded realm: {exception.Message} Its settings are EmbeddedRealm:Url (in the environment " +
                "EmbeddedRealm__Url=http://localhost:8090) and EmbeddedRealm:RealmFile; Keycloak:auth-server-url uses a Keycloak "
                    + "of yours instead.",
                exception);
        }
    }

    private static EmbeddedRealmOptions Options(WebApplicationBuilder builder, DevelopmentRealmSettings settings)
    {
        var options = new EmbeddedRealmOptions
        {
            EnvironmentName = builder.Environment.EnvironmentName,
            Url = Uri.TryCreate(settings.Url, UriKind.Absolute, out var url) ? url : throw new KeycloakConfigurationException(
                $"EmbeddedRealm:Url is \"{settings.Url}\". It must be an address, as in http://localhost:8080."),
            Placeholders = Addresses(builder),
            // Beside the database, so that tokens survive a restart.
            StateFolder = Path.Combine(builder.Environment.ContentRootPath, "data", "realm"),
        };
        if (settings.RealmFile.Length > 0)
        {
            options.RealmFile = Path.GetFullPath(settings.RealmFile, builder.Environment.ContentRootPath);
        }

        return options;
    }

    /// <summary>For the redirect URIs of the realm file, which follow the service's address.</summary>
    private static Dictionary<string, string>? Addresses(WebApplicationBuilder builder)
    {
        var urls = builder.WebHost.GetSetting(WebHostDefaults.ServerUrlsKey) is { Length: > 0 } set
            ? set.Split(';')
            : builder.WebHost.GetSetting(WebHostDefaults.HttpPortsKey)?.Split(';').Select(port => $"http://*:{port}") ?? [];
        var reachable = urls.Select(BoundAddress.ReachableFrom).FirstOrDefault(url => url is not null);
        return Environment.GetEnvironmentVariable("ACME_API_URL") is null && reachable is not null
            ? new(StringComparer.Ordinal) { ["ACME_API_URL"] = reachable }
            : null;
    }

    private string Announcement(string api)
    {
        var text = new StringBuilder()
            .AppendLine()
            .AppendLine($"  API            {api}/api")
            .AppendLine($"  Admin pages    {api}/admin")
            .AppendLine($"  API reference  {api}/reference")
            .AppendLine($"  Realm          {_realm.Issuer}   (embedded: the same JSON as Keycloak, for development only)")
            .AppendLine()
            .AppendLine("  People                                   user name / password");
        foreach (var person in _realm.People)
        {
            text.AppendLine(
                $"    {person.DisplayName,-20} {person.Username + " / " + person.Password,-22} "
                    + $"{(person.Enabled ? person.Roles : "disabled")}");
        }

        text.AppendLine().AppendLine("  Services                                 client id / secret");
        foreach (var client in _realm.Clients.Where(client => client.ServiceAccountsEnabled))
        {
            text.AppendLine(
                $"    {client.Name,-20} {client.ClientId + " / " + client.Secret,-34} {(client.Enabled ? "" : "disabled")}".TrimEnd());
        }

        // A realm file of one's own may have none.
        if (_realm.Clients.FirstOrDefault(client => client is { Enabled: true, ServiceAccountsEnabled: true, Secret.Length: > 0 })
            is { } service)
        {
            const string token = """sed 's/.*"access_token":"\([^"]*\)".*/\1/'""";
            var credentials = $"-d client_id={service.ClientId} -d client_secret={service.Secret}";
            text
                .AppendLine()
                .AppendLine("  Get a token, and use it:")
                .AppendLine()
                .AppendLine($"""
                    TOKEN=$(curl -s {_realm.Issuer}/protocol/openid-connect/token -d grant_type=client_credentials {credentials} | {token})
                    curl -i {api}/api/books -H "Authorization: Bearer $TOKEN"
                    """);
        }

        return text.ToString();
    }
}
