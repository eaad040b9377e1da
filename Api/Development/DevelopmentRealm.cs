using System.Text;
using System.Text.Json;
using KeycloakAccess.Authentication;
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
    private const string Resource = "acme-api";
    private const string SignInClient = "acme-admin";

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
        var keycloak = builder.Configuration.GetSection(KeycloakOptions.Section);
        if (!builder.Environment.IsDevelopment() || keycloak["auth-server-url"] is not null || keycloak["AuthServerUrl"] is not null)
        {
            return null;
        }

        if (!start)
        {
            var url = Url(builder.Configuration.GetSection(Section));
            // A verb signs nobody in, but the settings are validated as a whole.
            PointAt(builder, url, RealmName(Options(builder, url)), secret: "none");
            return null;
        }

        // The service's own loggers do not exist yet.
        var loggers = LoggerFactory.Create(logging => logging.AddConfiguration(builder.Configuration.GetSection("Logging"))
            // "Now listening on" would be mistaken for the service's own message.
            .AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning)
            .AddConsole());
        var realm = await StartAsync(builder, loggers);
        PointAt(builder, realm.Url, realm.RealmName, realm.Clients.FirstOrDefault(client => client.ClientId == SignInClient)?.Secret);
        return new DevelopmentRealm(realm, loggers);
    }

    public void AnnounceWhenStarted(WebApplication app) =>
        app.Lifetime.ApplicationStarted.Register(() => Console.WriteLine(Announcement(app.Urls.First().TrimEnd('/'))));

    public async ValueTask DisposeAsync()
    {
        await _realm.DisposeAsync();
        _loggers.Dispose();
    }

    private static void PointAt(WebApplicationBuilder builder, Uri url, string realm, string? secret)
    {
        var defaults = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase)
        {
            ["Keycloak:auth-server-url"] = url.ToString(),
            ["Keycloak:realm"] = realm,
            ["Keycloak:resource"] = Resource,
            ["Keycloak:sign-in:resource"] = SignInClient,
            ["Keycloak:sign-in:credentials:secret"] = secret,
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

    private static async Task<EmbeddedRealm> StartAsync(WebApplicationBuilder builder, ILoggerFactory loggers)
    {
        var options = Options(builder, Url(builder.Configuration.GetSection(Section)));
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

    private static Uri Url(IConfigurationSection section) =>
        Uri.TryCreate(section["Url"] ?? "http://localhost:8080", UriKind.Absolute, out var url)
        ? url
        : throw new KeycloakConfigurationException(
            $"EmbeddedRealm:Url is \"{section["Url"]}\". It must be an address, as in http://localhost:8080.");

    private static EmbeddedRealmOptions Options(WebApplicationBuilder builder, Uri url)
    {
        var options = new EmbeddedRealmOptions
        {
            EnvironmentName = builder.Environment.EnvironmentName,
            Url = url,
            Placeholders = Addresses(builder),
            // Beside the database, so that tokens survive a restart.
            StateFolder = Path.Combine(builder.Environment.ContentRootPath, "data", "realm"),
        };
        if (builder.Configuration.GetSection(Section)["RealmFile"] is { Length: > 0 } file)
        {
            options.RealmFile = Path.GetFullPath(file, builder.Environment.ContentRootPath);
        }

        return options;
    }

    /// <summary>For the redirect URIs of the realm file, which follow the service's address.</summary>
    private static Dictionary<string, string>? Addresses(WebApplicationBuilder builder)
    {
        var first = builder.WebHost.GetSetting(WebHostDefaults.ServerUrlsKey)?.Split(';')[0];
        return Environment.GetEnvironmentVariable("ACME_API_URL") is null && Uri.TryCreate(first, UriKind.Absolute, out var url)
            ? new(StringComparer.Ordinal) { ["ACME_API_URL"] = url.GetLeftPart(UriPartial.Authority) }
            : null;
    }

    private string Announcement(string api)
    {
        var service = _realm.Clients.First(client => client is { Enabled: true, ServiceAccountsEnabled: true, Secret.Length: > 0 });
        var credentials = $"-d client_id={service.ClientId} -d client_secret={service.Secret}";
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

        const string token = """sed 's/.*"access_token":"\([^"]*\)".*/\1/'""";
        return text
            .AppendLine()
            .AppendLine("  Get a token, and use it:")
            .AppendLine()
            .AppendLine($"""
                TOKEN=$(curl -s {_realm.Issuer}/protocol/openid-connect/token -d grant_type=client_credentials {credentials} | {token})
                curl -i {api}/api/books -H "Authorization: Bearer $TOKEN"
                """)
            .ToString();
    }
}
