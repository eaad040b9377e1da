using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using KeycloakRealm.Endpoints;
using KeycloakRealm.Faults;
using KeycloakRealm.Loading;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Abstractions;

namespace KeycloakRealm;

/// <summary>
/// Realms that run inside this process and answer as Keycloak 26.7.3 does: for development and tests only, on a loopback
/// address only. Dispose it to stop them.
/// </summary>
public sealed class EmbeddedRealm : IAsyncDisposable
{
    // Attempts with another free port, where another process takes the chosen one first.
    private const int OtherPorts = 5;

    private readonly WebApplication _application;
    private readonly LiveRealms _realms;
    private readonly RealmWatcher? _watcher;
    private readonly RealmFaults? _faults;

    private EmbeddedRealm(WebApplication application, LiveRealms realms, RealmWatcher? watcher, RealmFaults? faults, Uri url)
    {
        _application = application;
        _realms = realms;
        _watcher = watcher;
        _faults = faults;
        Url = url;
    }

    /// <summary>The server's address, with the actual port where the options said 0.</summary>
    public Uri Url { get; }

    /// <summary>Every realm that is served, in the order of the files.</summary>
    public IReadOnlyList<ServedRealm> Realms => _realms.Current.Described;

    /// <summary>The first realm's name.</summary>
    public string RealmName => Realms[0].Name;

    /// <summary>The first realm's issuer.</summary>
    public string Issuer => Realms[0].Issuer;

    /// <summary>The first realm's people.</summary>
    public IReadOnlyList<RealmPerson> People => Realms[0].People;

    /// <summary>The first realm's clients.</summary>
    public IReadOnlyList<RealmClient> Clients => Realms[0].Clients;

    /// <summary>Fault injection, the realms' clock and call counters.</summary>
    /// <exception cref="InvalidOperationException"><see cref="EmbeddedRealmOptions.Faults"/> is not set.</exception>
    public RealmFaults Faults => _faults
        ?? throw new InvalidOperationException("Fault injection is off. Set EmbeddedRealmOptions.Faults to true before the start.");

    /// <summary>Loads the realm files and begins to answer.</summary>
    /// <exception cref="EmbeddedRealmException">
    /// The environment is neither Development nor Testing, the address is not a loopback one, the file is missing or wrong, or
    /// the port is taken. The message says which, and what to do.
    /// </exception>
    public static async Task<EmbeddedRealm> StartAsync(EmbeddedRealmOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await StartOnceAsync(options, cancellationToken);
            }
            catch (EmbeddedRealmException exception) when (
                exception.InnerException is not null && options.Url.Port == 0 && attempt < OtherPorts)
            {
                // Another process has taken the free port; try another one.
            }
        }
    }

    private static async Task<EmbeddedRealm> StartOnceAsync(EmbeddedRealmOptions options, CancellationToken cancellationToken)
    {
        var url = CheckUrl(options);
        var loggers = options.LoggerFactory ?? NullLoggerFactory.Instance;
        var faults = options.Faults ? new RealmFaults(options.TimeProvider) : null;
        var loader = new RealmLoader(options, faults?.Clock ?? options.TimeProvider, url.GetLeftPart(UriPartial.Authority), loggers);
        // Taken before the files are read, so that a change in between is loaded again.
        var stamp = RealmWatcher.Stamp(options.RealmFiles);
        var realms = new LiveRealms(loader.Load());
        var application = Build(url, realms, faults, loggers);
        try
        {
            await application.StartAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or SocketException)
        {
            await application.DisposeAsync();
            realms.Current.Close();
            throw new EmbeddedRealmException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Port {url.Port} is taken. Stop what listens there, or choose another address (--urls "
                        + $"http://localhost:PORT, where the realm runs alone)."),
                exception);
        }

        var watcher = options.Watch ? new RealmWatcher(options.RealmFiles, stamp, loader, realms, loggers) : null;
        return new EmbeddedRealm(application, realms, watcher, faults, url);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_watcher is not null)
        {
            await _watcher.DisposeAsync();
        }

        await _application.StopAsync();
        await _application.DisposeAsync();
        _realms.Current.Close();
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

    private static WebApplication Build(Uri url, LiveRealms realms, RealmFaults? faults, ILoggerFactory loggers)
    {
        // An empty builder, because the host process's configuration, URLs and signals must not apply to the realm.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;

            // A challenge names the realm.
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
        if (faults is not null)
        {
            application.Use(new FaultMiddleware(faults, application.Lifetime.ApplicationStopping).InvokeAsync);
        }

        application.MapRealms(realms);
        if (faults is not null)
        {
            faults.Know(
                ((IEndpointRouteBuilder)application).DataSources.SelectMany(source => source.Endpoints)
                    .Select(FaultMiddleware.NameOf)
                    .OfType<string>());
            application.MapFaults(faults);
        }

        return application;
    }

    /// <summary>Drops the host's own report of a failed start, which the exception already reports, and injected faults.</summary>
    private sealed class HostLoggers(ILoggerFactory loggers) : ILoggerFactory
    {
        public ILogger CreateLogger(string categoryName) =>
            categoryName.StartsWith("Microsoft.Extensions.Hosting", StringComparison.Ordinal)
                ? NullLogger.Instance
                : new LoggerWithoutCuts(loggers.CreateLogger(categoryName));

        public void AddProvider(ILoggerProvider provider) => loggers.AddProvider(provider);

        public void Dispose()
        {
            // The caller owns the factory.
        }
    }

    /// <summary>Ctrl+C and other signals belong to the process that embeds the realm.</summary>
    private sealed class SilentLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
