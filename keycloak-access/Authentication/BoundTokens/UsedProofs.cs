using System.Security.Cryptography;
using System.Text;
using Dapper;
using KeycloakAccess.Data;

namespace KeycloakAccess.Authentication.BoundTokens;

/// <summary>
/// Takes each DPoP proof once (RFC 9449, section 11.1), whichever instance it comes to: it is written down before the request is served.
/// It is known by a hash of its key and its <c>jti</c>, so that nobody uses up the ids of another.
/// </summary>
internal sealed partial class UsedProofs(Database database, SharedWrites writes, TimeProvider clock, ILogger<UsedProofs> logger)
    : BackgroundService
{
    public static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    // Few, so that requests do not wait long.
    private const int Batch = 1000;

    // An instance whose clock is behind by less than this still finds the proofs that it would take.
    private static readonly TimeSpan KeptLonger = TimeSpan.FromMinutes(2);

    /// <summary>False where the proof has been used before. The instant is the last at which it would be taken.</summary>
    public async Task<bool> TryUseAsync(DpopProof proof, DateTimeOffset until, CancellationToken cancellationToken)
    {
        // What is there already stays as it is. The statement may be run again, after a commit that nobody has heard of: then its own row
        // is there.
        const string sql = """
            INSERT INTO used_dpop_proofs (id, used_by, keep_until) VALUES (@id, @usedBy, @keepUntil)
            ON CONFLICT (id) DO UPDATE SET id = excluded.id
            RETURNING used_by
            """;
        var values = new { id = IdOf(proof), usedBy = Guid.NewGuid().ToString("N"), keepUntil = until + KeptLonger };
        var usedBy = "";
        await writes.RunAsync(
            async write => usedBy = await write.Connection.ExecuteScalarAsync<string>(
                new CommandDefinition(sql, values, write.Transaction, cancellationToken: CancellationToken.None)),
            cancellationToken);
        return usedBy == values.usedBy;
    }

    /// <summary>Deletes what no instance would take any more.</summary>
    public async Task<int> DeleteAsync(CancellationToken cancellationToken)
    {
        const string sql = """
            DELETE FROM used_dpop_proofs
            WHERE id IN (SELECT id FROM used_dpop_proofs WHERE keep_until < @now ORDER BY keep_until, id LIMIT @Batch)
            """;
        var values = new { now = clock.GetUtcNow(), Batch };
        var deleted = 0;
        int last;
        do
        {
            last = await database.WriteAsync(
                async write =>
                {
                    var rows = await write.Connection.ExecuteAsync(
                        new CommandDefinition(sql, values, write.Transaction, cancellationToken: cancellationToken));
                    await write.CommitAsync();
                    return rows;
                },
                cancellationToken);
            deleted += last;
        }
        while (last == Batch);

        return deleted;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                if (await IsAnythingOverAsync(stoppingToken))
                {
                    await DeleteAsync(stoppingToken);
                }
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                LogNotDeleted(exception.Message);
            }
        }
    }

    // Where nobody uses DPoP, nothing is written.
    private async Task<bool> IsAnythingOverAsync(CancellationToken cancellationToken)
    {
        const string sql = "SELECT EXISTS (SELECT 1 FROM used_dpop_proofs WHERE keep_until < @now)";
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<bool>(
            new CommandDefinition(sql, new { now = clock.GetUtcNow() }, cancellationToken: cancellationToken));
    }

    private static string IdOf(DpopProof proof) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{proof.Thumbprint} {proof.Id}")));

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "DPoP proofs that are over could not be deleted. The next try is in a minute: {Reason}")]
    private partial void LogNotDeleted(string reason);
}
