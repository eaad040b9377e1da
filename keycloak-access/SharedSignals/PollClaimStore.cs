using Dapper;
using KeycloakAccess.Data;

namespace KeycloakAccess.SharedSignals;

/// <summary>
/// One instance at a time asks for events. Where two did, because one was taken for gone, the events of both would count once
/// (<see cref="SignalStore"/>).
/// </summary>
internal sealed class PollClaimStore(Database database, TimeProvider clock)
{
    /// <summary>After so long without a word, an instance is taken for gone: longer than one request ever takes.</summary>
    public static readonly TimeSpan ClaimFor = TimeSpan.FromSeconds(90);

    // Enough for the next request.
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(60);

    private readonly string _self = Guid.NewGuid().ToString();

    /// <summary>Whether it is this instance's turn, until longer than the next request takes.</summary>
    public async Task<bool> TryClaimAsync(string endpoint, CancellationToken cancellationToken)
    {
        const string look = "SELECT claimed_by, claimed_until FROM event_polls WHERE endpoint = @endpoint";
        const string claim = """
            INSERT INTO event_polls (endpoint, claimed_by, claimed_until) VALUES (@endpoint, @self, @until)
            ON CONFLICT (endpoint) DO UPDATE SET claimed_by = excluded.claimed_by, claimed_until = excluded.claimed_until
            WHERE event_polls.claimed_by = excluded.claimed_by OR event_polls.claimed_until <= @now
            """;
        var now = clock.GetUtcNow();
        var values = new { endpoint, self = _self, until = now + ClaimFor, now };
        await using (var connection = await database.OpenAsync(cancellationToken))
        {
            var row = await connection.QuerySingleOrDefaultAsync<Claim>(new CommandDefinition(
                look, values, cancellationToken: cancellationToken));
            if (row is not null && (row.ClaimedBy == _self ? row.ClaimedUntil >= now + Enough : row.ClaimedUntil > now))
            {
                return row.ClaimedBy == _self;
            }
        }

        return await database.WriteAsync(
            async write =>
            {
                var count = await write.Connection.ExecuteAsync(new CommandDefinition(
                    claim, values, write.Transaction, cancellationToken: cancellationToken));
                await write.CommitAsync();
                return count > 0;
            },
            cancellationToken);
    }

    /// <summary>Lets another instance begin at once.</summary>
    public Task ReleaseAsync(string endpoint, CancellationToken cancellationToken) => database.WriteAsync(
        "DELETE FROM event_polls WHERE endpoint = @endpoint AND claimed_by = @self", new { endpoint, self = _self }, cancellationToken);

    private sealed record Claim
    {
        public required string ClaimedBy { get; init; }

        public required DateTimeOffset ClaimedUntil { get; init; }
    }
}
