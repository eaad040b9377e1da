namespace KeycloakAccess.Authentication;

/// <summary>Reaches for the realm from the start on, until it has been reached: readiness waits for that, not for a first caller.</summary>
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
                await metadata.GetConfigurationAsync(stoppingToken);
                return;
            }
            catch (RealmUnreachableException)
            {
                // Said in the log by RealmMetadata. The next round asks again.
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
