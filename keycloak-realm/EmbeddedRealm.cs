using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using KeycloakRealm.Endpoints;
using KeycloakRealm.Import;
using KeycloakRealm.Model;
using KeycloakRealm.Tokens;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Abstractions;

namespace KeycloakRealm;

/// <summary>
/// A realm that runs inside this process and answers as Keycloak 26.7.3 does: for development and tests only, on a loopback
/// address only. Dispose it to stop it.
/// </summary>
public sealed partial class EmbeddedRealm : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly RealmSite _site;
    private readonly RealmSite? _master;

    private EmbeddedRealm(WebApplication application, RealmSite site, RealmSite? master, Uri url)
    {
        _application = application;
        _site = site;
        _master = master;
        Url = url;
        var builtIn = new HashSet<string>(
            ["account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console"], StringComparer.Ordinal);
        People = [.. site.Realm.Users.Values.Where(user => user.ServiceAccountOf is null).Select(user => Describe(site.Realm, user))];
        Clients =
        [
            .. site.Realm.Clients.Values.Where(client => !builtIn.Contains(client.ClientId)).Select(client => new RealmClient(
                client.ClientId, client.PublicClient ? null : client.Secret, client.Name ?? client.Description, client.Enabled,
                client.PublicClient, client.ServiceAccountsEnabled)),
        ];
    }

    /// <summary>The server's address, with the port that was really taken.</summary>
    public Uri Url { get; }

    /// <summary>The realm's name, as in the file.</summary>
    public string RealmName => _site.Realm.Name;

    /// <summary>The issuer: <c>{Url}/realms/{realm}</c>.</summary>
    public string Issuer => _site.Issuer;

    /// <summary>Who can sign in, in the order of the file.</summary>
    public IReadOnlyList<RealmPerson> People { get; }

    /// <summary>The clients of the file, without those that every realm has.</summary>
    public IReadOnlyList<RealmClient> Clients { get; }

    /// <summary>Loads the realm file and begins to answer.</summary>
    /// <exception cref="EmbeddedRealmException">
    /// The environment is neither Development nor Testing, the address is not a loopback one, the file is missing or wrong, or
    /// the port is taken. The message says which, and what to do.
    /// </exception>
    public static async Task<EmbeddedRealm> StartAsync(EmbeddedRealmOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var url = CheckUrl(options);
        var imported = RealmFile.Load(options.RealmFile, options.Placeholders);
        var loggers = options.LoggerFactory ?? NullLoggerFactory.Instance;
        var logger = loggers.CreateLogger<EmbeddedRealm>();
        foreach (var warning in imported.Warnings)
        {
            LogNotHonoured(logger, Path.GetFileName(options.RealmFile), warning);
        }

        RealmKeys keys;
        try
        {
            keys = RealmKeys.Create(imported, options.StateFolder, options.TimeProvider);
        }
        catch (RealmFileException exception)
        {
            throw new EmbeddedRealmException($"The realm file {options.RealmFile} cannot be imported. {exception.Message}. Correct the file.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new EmbeddedRealmException(
                $"The keys cannot be kept in {options.StateFolder} ({exception.Message}). Set StateFolder to a folder that can be written.", exception);
        }

        var serverUrl = url.GetLeftPart(UriPartial.Authority);
        var site = new RealmSite(imported.Realm, keys, options.TimeProvider, serverUrl, loggers)
        {
            OffersPeople = options.EnvironmentName is "Development",
        };
        var master = options.Administrator is { } administrator && imported.Realm.Name is not MasterRealm.Name
            ? CreateMaster(administrator, options.TimeProvider, serverUrl, loggers)
            : null;
        var application = Build(url, [site, .. master is null ? Array.Empty<RealmSite>() : [master]], loggers);
        try
        {
            await application.StartAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or SocketException)
        {
            await application.DisposeAsync();
            site.Dispose();
            master?.Dispose();
            throw new EmbeddedRealmException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Port {url.Port} is taken. Stop what listens there, or choose another address (--urls http://localhost:PORT, where the realm runs alone)."),
                exception);
        }

        return new EmbeddedRealm(application, site, master, url);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
        _site.Dispose();
        _master?.Dispose();
    }

    private static RealmSite CreateMaster(NetworkCredential administrator, TimeProvider clock, string serverUrl, ILoggerFactory loggers)
    {
        var imported = MasterRealm.Create(administrator);
        return new RealmSite(imported.Realm, RealmKeys.Create(imported, stateFolder: null, clock), clock, serverUrl, loggers);
    }

    private static Uri CheckUrl(EmbeddedRealmOptions options)
    {
        if (options.EnvironmentName is not ("Development" or "Testing"))
        {
            throw new EmbeddedRealmException(
                $"The embedded realm runs in the environments Development and Testing only, not in \"{options.EnvironmentName}\". "
                + "Use a real Keycloak, or set DOTNET_ENVIRONMENT=Development on your own machine.");
        }

        if (options.Url is not { IsAbsoluteUri: true, Scheme: "http", IsLoopback: true })
        {
            throw new EmbeddedRealmException(
                $"The address {options.Url} is not a plain HTTP loopback address. Use http://localhost:PORT.");
        }

        return options.Url.Port == 0 ? new UriBuilder(options.Url) { Port = FreePort() }.Uri : options.Url;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static WebApplication Build(Uri url, RealmSite[] sites, ILoggerFactory loggers)
    {
        // An empty builder: the host process's configuration, URLs and signals are none of the realm's business.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;

            // A challenge names the realm as it is called.
            kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;
            if (url.Host is "localhost")
            {
                kestrel.ListenLocalhost(url.Port);
            }
            else
            {
                kestrel.Listen(IPAddress.Parse(url.Host.Trim('[', ']')), url.Port);
            }
        });
        builder.Services.AddRoutingCore();
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, SilentLifetime>());
        builder.Services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(_ => new HostLoggers(loggers)));
        var application = builder.Build();
        application.Use(static (context, next) =>
        {
            context.Response.OnStarting(static state =>
            {
                Answer.AddSecurityHeaders((HttpContext)state);
                return Task.CompletedTask;
            }, context);
            return next(context);
        });
        application.UseRouting();
        application.MapRealms(sites.ToDictionary(site => site.Realm.Name, StringComparer.Ordinal));
        return application;
    }

    private static RealmPerson Describe(Realm realm, User user)
    {
        var usual = RealmRole.Expand([realm.DefaultRole]);
        var roles = user.EffectiveRoles().Where(role => !usual.Contains(role))
            .Select(role => role.Client is null ? role.Name : $"{role.Client.ClientId}/{role.Name}");
        var name = user.FullName.Length > 0 ? user.FullName : user.Username;
        return new RealmPerson(user.Username, user.Password?.Plain, name, user.Enabled, string.Join(", ", roles));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{File}: {Warning}.")]
    private static partial void LogNotHonoured(ILogger logger, string file, string warning);

    /// <summary>Passes everything on but the host's own report of a failed start, which the exception already tells in one line.</summary>
    private sealed class HostLoggers(ILoggerFactory loggers) : ILoggerFactory
    {
        public ILogger CreateLogger(string categoryName) =>
            categoryName.StartsWith("Microsoft.Extensions.Hosting", StringComparison.Ordinal) ? NullLogger.Instance : loggers.CreateLogger(categoryName);

        public void AddProvider(ILoggerProvider provider) => loggers.AddProvider(provider);

        public void Dispose()
        {
            // The factory belongs to whoever started the realm.
        }
    }

    /// <summary>Leaves Ctrl+C and the other signals to the process that the realm is embedded in.</summary>
    private sealed class SilentLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
