namespace KeycloakAccess.Authentication;

/// <summary>
/// Reads the realm's metadata at the start, so that readiness does not wait for a first caller, and again by the clock, so that a key
/// that was removed is trusted no longer.
/// </summary>
internal sealed class RealmProbe(RealmMetadata metadata, TimeProvider clock) : BackgroundService
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
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
