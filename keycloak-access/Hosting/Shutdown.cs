using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Hosting;

/// <summary>
/// Ends the service without cutting a request off. Kestrel closes what is idle as soon as it stops, and a request may be on its way there.
/// So it begins to stop later: until then, answers close their connections (RFC 9112, section 9.6; RFC 9113, section 6.8).
/// </summary>
internal sealed partial class Shutdown : IHostedLifecycleService, IHealthCheck
{
    public const string CheckName = "service";

    /// <summary>How long what is left of the shutdown takes at most: requests that are worked on, and what is written behind.</summary>
    public static readonly TimeSpan StopFor = TimeSpan.FromSeconds(25);

    // A connection that was taken just before Kestrel stopped is given so long to bring its request.
    private static readonly TimeSpan LongestArrival = TimeSpan.FromSeconds(1);

    private readonly IHostApplicationLifetime _lifetime;
    private readonly TimeProvider _clock;
    private readonly ILogger<Shutdown> _logger;
    private readonly TimeSpan _drainFor;
    private volatile bool _isStopping;
    private volatile bool _hasConnections;

    public Shutdown(
        IHostApplicationLifetime lifetime,
        IOptions<ShutdownOptions> options,
        IHostEnvironment environment,
        TimeProvider clock,
        ILogger<Shutdown> logger)
    {
        (_lifetime, _clock, _logger) = (lifetime, clock, logger);
        _drainFor = DrainFor(options.Value, environment);
    }

    private bool IsStopping => _isStopping || _lifetime.ApplicationStopping.IsCancellationRequested;

    public static TimeSpan DrainFor(ShutdownOptions options, IHostEnvironment environment) =>
        options.DrainFor ?? (environment.IsDevelopment() ? TimeSpan.Zero : TimeSpan.FromSeconds(5));

    /// <summary>Every endpoint of Kestrel gets it.</summary>
    public void Watch(ListenOptions endpoint) => endpoint.Use(next => async connection =>
    {
        _hasConnections = true;
        if (connection.Features.Get<IConnectionLifetimeNotificationFeature>() is not { } lifetime)
        {
            await next(connection);
            return;
        }

        using var later = new LaterClose(lifetime, _drainFor < LongestArrival ? _drainFor : LongestArrival, _clock);
        connection.Features.Set<IConnectionLifetimeNotificationFeature>(later);
        await next(connection);
    });

    /// <summary>First of the pipeline: at its answer, each request learns whether it is the last one of its connection.</summary>
    public Task CloseAfterAnswerAsync(HttpContext context, RequestDelegate next)
    {
        context.Response.OnStarting(
            static state =>
            {
                var (shutdown, context) = ((Shutdown, HttpContext))state;
                if (shutdown.IsStopping)
                {
                    Close(context);
                }

                return Task.CompletedTask;
            },
            (this, context));
        return next(context);
    }

    /// <summary>Before anything else stops, Kestrel too.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _isStopping = true;
        if (_hasConnections && _drainFor > TimeSpan.Zero)
        {
            LogDraining(_drainFor.TotalSeconds);
            await Task.Delay(_drainFor, _clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(IsStopping ? HealthCheckResult.Unhealthy("the service is ending") : HealthCheckResult.Healthy());

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static void Close(HttpContext context)
    {
        if (HttpProtocol.IsHttp11(context.Request.Protocol) || HttpProtocol.IsHttp10(context.Request.Protocol))
        {
            context.Response.Headers.Connection = "close";
        }
        else
        {
            // HTTP/2 and HTTP/3 have no such header: this sends GOAWAY.
            context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Ending: not ready any more, and answering for another {Seconds:0.#} seconds")]
    private partial void LogDraining(double seconds);

    // Kestrel asks every connection to close when it stops. Each hears of it later, when a request that was on its way has arrived.
    private sealed class LaterClose : IConnectionLifetimeNotificationFeature, IDisposable
    {
        private readonly CancellationTokenSource _close = new();
        private readonly CancellationTokenRegistration _registration;
        private ITimer? _timer;

        public LaterClose(IConnectionLifetimeNotificationFeature kestrel, TimeSpan after, TimeProvider clock)
        {
            ConnectionClosedRequested = _close.Token;
            _registration = kestrel.ConnectionClosedRequested.Register(
                () => _timer = clock.CreateTimer(_ => RequestClose(), state: null, after, Timeout.InfiniteTimeSpan));
        }

        public CancellationToken ConnectionClosedRequested { get; set; }

        public void RequestClose()
        {
            try
            {
                _close.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // The connection is closed already.
            }
        }

        public void Dispose()
        {
            _registration.Dispose();
            _timer?.Dispose();
            _close.Dispose();
        }
    }
}
