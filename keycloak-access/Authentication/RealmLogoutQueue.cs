namespace KeycloakAccess.Authentication;

/// <summary>Tells Keycloak, as soon as it answers again, of the sessions that ended here while it did not.</summary>
internal sealed partial class RealmLogoutQueue(
    RealmLogoutStore store, RealmLogout logout, TimeProvider clock, ILogger<RealmLogoutQueue> logger) : BackgroundService
{
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    private bool _failing;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await TellAllAsync(stoppingToken);
                _failing = false;
            }
            // A background service that fails would end the host.
            catch (Exception exception) when (exception is not OutOfMemoryException && !stoppingToken.IsCancellationRequested)
            {
                if (!_failing)
                {
                    _failing = true;
                    LogFailing(exception.Message);
                }
            }
        }
    }

    private async Task TellAllAsync(CancellationToken cancellationToken)
    {
        while (await store.ClaimAsync(cancellationToken) is { Count: > 0 } due)
        {
            var told = new List<ToldSession>();
            foreach (var entry in due)
            {
                told.Add(await logout.TellAsync(entry, cancellationToken));
                if (told[^1].Answer == LogoutAnswer.Unknown)
                {
                    // It is away for all of them.
                    break;
                }
            }

            await store.SettleAsync(told, isFirst: false, CancellationToken.None);
            if (told[^1].Answer == LogoutAnswer.Unknown)
            {
                await store.PutOffAsync([.. due.Skip(told.Count - 1)], CancellationToken.None);
                return;
            }

            LogTold(told.Count);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Keycloak was told of {Count} sessions that had ended here while it was away")]
    private partial void LogTold(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sessions that Keycloak has still to be told of cannot be read: {Reason}")]
    private partial void LogFailing(string reason);
}
