using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace KeycloakAccess.Hosting;

// Readiness: the database answers, and tokens can be checked. Answers hold no details that would help an attacker.
internal static class HealthEndpoints
{
    public const string Path = "/health";
    public const string LivePath = Path + "/live";
    public const string ReadyPath = Path + "/ready";

    /// <summary>Within the time that whoever asks waits: Kubernetes a second or more, the verb <c>health</c> five.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <summary>Limits every check, an application's own too. They run side by side.</summary>
    public static void AddHealth(this IServiceCollection services) =>
        services.AddOptions<HealthCheckServiceOptions>().PostConfigure<TimeProvider>((options, clock) =>
        {
            foreach (var registration in options.Registrations)
            {
                var create = registration.Factory;
                registration.Factory = provider => new LimitedCheck(create(provider), clock);
            }
        });

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapHealthChecks(LivePath, new HealthCheckOptions { Predicate = _ => false, ResponseWriter = WriteAsync }).AllowAnonymous();
        routes.MapHealthChecks(ReadyPath, new HealthCheckOptions { ResponseWriter = WriteAsync }).AllowAnonymous();
    }

    private static Task WriteAsync(HttpContext context, HealthReport report)
    {
        // That the service ends is no outage.
        string[] reasons = [.. report.Entries
            .Where(entry => entry.Value.Status == HealthStatus.Unhealthy && entry.Key != Shutdown.CheckName)
            .Select(entry => $"{entry.Key}: {entry.Value.Exception?.Message ?? entry.Value.Description}")];
        if (reasons.Length > 0)
        {
            context.RequestServices.GetRequiredService<OutageLog>().Add(string.Join("; ", reasons));
        }

        return WriteStatusAsync(context, report);
    }

    private static Task WriteStatusAsync(HttpContext context, HealthReport report) => context.Response.WriteAsJsonAsync(new
    {
        status = report.Status.ToString(),
        checks = report.Entries.ToDictionary(entry => entry.Key, entry => entry.Value.Status.ToString(), StringComparer.Ordinal),
    });

    private sealed class LimitedCheck(IHealthCheck inner, TimeProvider clock) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            try
            {
                // On a thread of its own: SQLite waits for a lock without giving up the thread.
                return await Task.Run(() => inner.CheckHealthAsync(context, ended.Token), ended.Token)
                    .WaitAsync(Limit, clock, cancellationToken);
            }
            catch (TimeoutException)
            {
                await ended.CancelAsync();
                return new HealthCheckResult(context.Registration.FailureStatus, $"No answer within {Limit.TotalSeconds:0} seconds.");
            }
        }
    }
}
