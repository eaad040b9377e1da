using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Audit;

/// <summary>Several instances take turns: each batch locks the one row of <c>audit_retention</c>.</summary>
internal sealed partial class AuditRetention(
    Database database, IOptions<AuditOptions> options, TimeProvider clock, ILogger<AuditRetention> logger) : BackgroundService
{
    // Few, so that writers do not wait long.
    public const int Batch = 1000;

    public static readonly TimeSpan Every = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        do
        {
            try
            {
                var deleted = await DeleteAsync(stoppingToken);
                if (deleted > 0)
                {
                    LogDeleted(deleted, options.Value.KeepFor.TotalDays);
                }
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                LogNotDeleted(exception.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    public async Task<int> DeleteAsync(CancellationToken cancellationToken)
    {
        // Triggers of the table refuse to delete rows of this instant and later.
        const string bound = "UPDATE audit_retention SET keeps_since = @since";
        const string delete = """
            DELETE FROM audit_log
            WHERE id IN (SELECT id FROM audit_log WHERE at < @since ORDER BY at, id LIMIT @Batch)
            """;
        var keepFor = options.Value.KeepFor;
        // Of an instance that keeps rows for ever too: it takes the bound of an earlier setting back.
        var since = keepFor == TimeSpan.Zero ? DateTimeOffset.UnixEpoch : clock.GetUtcNow() - keepFor;
        var deleted = 0;
        int last;
        do
        {
            last = await database.WriteAsync(
                async write =>
                {
                    await write.Connection.ExecuteAsync(
                        new CommandDefinition(bound, new { since }, write.Transaction, cancellationToken: cancellationToken));
                    var rows = await write.Connection.ExecuteAsync(
                        new CommandDefinition(delete, new { since, Batch }, write.Transaction, cancellationToken: cancellationToken));
                    await write.CommitAsync();
                    return rows;
                },
                cancellationToken);
            deleted += last;
        }
        while (last == Batch);

        return deleted;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Deleted {Count} rows of the audit log that were older than {Days} days")]
    private partial void LogDeleted(int count, double days);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Rows of the audit log that are too old could not be deleted. The next try is in an hour: {Reason}")]
    private partial void LogNotDeleted(string reason);
}
