namespace KeycloakAccess.Authentication;

/// <summary>Reads the realm's metadata at start, so that readiness does not wait for a first caller.</summary>
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
                // RealmMetadata has logged it.
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
