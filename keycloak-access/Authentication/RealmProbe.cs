namespace KeycloakAccess.Authentication;

/// <summary>
/// Reads the realm's metadata at the start, so that readiness does not wait for a first caller, and again by the clock, so that a key
/// that was removed is trusted no longer.
/// </summary>
internal sealed partial class RealmProbe(RealmMetadata metadata, TimeProvider clock, ILogger<RealmProbe> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        do
        {
            try
            {
                await (metadata.HasBeenReached ? metadata.RefreshAsync() : metadata.GetConfigurationAsync(stoppingToken));
            }
            catch (RealmUnreachableException)
            {
                // RealmMetadata has logged it.
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                // A service that fails would end the host.
                LogFailed(exception);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The realm could not be looked for. The next try is in two seconds")]
    private partial void LogFailed(Exception exception);
}
