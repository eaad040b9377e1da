using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>A session that has ended here and is to be ended at Keycloak.</summary>
internal sealed record RealmLogoutEntry
{
    public required Guid Id { get; init; }

    /// <summary>Encrypted.</summary>
    public required string RefreshToken { get; init; }

    public required DateTimeOffset QueuedAt { get; init; }

    public required int Tries { get; init; }
}

internal enum LogoutAnswer
{
    /// <summary>Keycloak's session has ended.</summary>
    Ended,

    /// <summary>Keycloak does not end it, and will not later.</summary>
    Refused,

    /// <summary>Keycloak has not answered.</summary>
    Unknown,
}

/// <summary>What Keycloak said to one of them.</summary>
internal sealed record ToldSession(Guid Id, DateTimeOffset QueuedAt, LogoutAnswer Answer, string? Reason);

/// <summary>
/// Which sessions Keycloak has still to be told of. They are written in the transaction that ends them here, so that none is forgotten,
/// whatever becomes of this process.
/// </summary>
internal sealed class RealmLogoutStore(Database database, AuditLog audit, IOptions<KeycloakOptions> options, TimeProvider clock)
{
    /// <summary>After so long the session at Keycloak is over by itself: it lives for 10 hours, where nobody has changed it.</summary>
    public static readonly TimeSpan KeepFor = TimeSpan.FromDays(1);

    /// <summary>How soon Keycloak is told again, doubled each time, up to the other.</summary>
    public static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(5);

    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private const string LargestBatch = "50";
    private const string Columns = "id, refresh_token, queued_at, tries";

    // Whoever has them is still at work so long.
    private static readonly TimeSpan ClaimFor = TimeSpan.FromSeconds(45);

    /// <summary>In the transaction that ends them. Who ends them tells Keycloak at once, and the queue only if that was in vain.</summary>
    public Task EnqueueAsync(WriteTransaction write, IReadOnlyList<Session> sessions, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        return write.Connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO realm_logouts (id, issuer, refresh_token, queued_at, next_at, tries)
            VALUES (@Id, @Issuer, @RefreshToken, @now, @next, 0)
            ON CONFLICT (id) DO NOTHING
            """,
            sessions.Where(session => session.RefreshToken is not null).Select(session => new
            {
                session.Id,
                session.Issuer,
                session.RefreshToken,
                now,
                next = now + ClaimFor,
            }),
            write.Transaction,
            cancellationToken: cancellationToken));
    }

    /// <summary>Those that are due, which nobody else tells Keycloak of meanwhile.</summary>
    public async Task<IReadOnlyList<RealmLogoutEntry>> ClaimAsync(CancellationToken cancellationToken)
    {
        const string look = "SELECT COUNT(*) FROM (SELECT 1 FROM realm_logouts WHERE issuer = @Issuer AND next_at <= @now LIMIT 1) AS due";
        const string claim = $"""
            UPDATE realm_logouts SET next_at = @until, tries = tries + 1
            WHERE next_at <= @now AND id IN (
                SELECT id FROM realm_logouts WHERE issuer = @Issuer AND next_at <= @now ORDER BY next_at, id LIMIT {LargestBatch})
            RETURNING {Columns}
            """;
        var now = clock.GetUtcNow();
        var values = new { options.Value.Issuer, now, until = now + ClaimFor };
        await using (var connection = await database.OpenAsync(cancellationToken))
        {
            if (await connection.ExecuteScalarAsync<long>(new CommandDefinition(look, values, cancellationToken: cancellationToken)) == 0)
            {
                return [];
            }
        }

        return await database.WriteAsync(
            async write =>
            {
                var entries = (await write.Connection.QueryAsync<RealmLogoutEntry>(new CommandDefinition(
                    claim, values, write.Transaction, cancellationToken: cancellationToken))).AsList();
                await write.CommitAsync();
                return entries;
            },
            cancellationToken);
    }

    /// <summary>Takes those out that Keycloak has answered to, and writes down what became of each that had to wait.</summary>
    public Task SettleAsync(IReadOnlyList<ToldSession> told, bool isFirst, CancellationToken cancellationToken) => database.WriteAsync(
        async write =>
        {
            var now = clock.GetUtcNow();
            var changes = new List<(string? Reason, AuditChange Change)>();
            foreach (var one in told)
            {
                var isOld = now - one.QueuedAt >= KeepFor;
                var isOver = one.Answer != LogoutAnswer.Unknown || isOld;
                var count = await write.Connection.ExecuteAsync(new CommandDefinition(
                    isOver
                        ? "DELETE FROM realm_logouts WHERE id = @Id"
                        : "UPDATE realm_logouts SET next_at = @next WHERE id = @Id",
                    new { one.Id, next = now + ShortestPause },
                    write.Transaction,
                    cancellationToken: cancellationToken));
                // What went through at once is no news, and what is gone was another's to settle.
                var action = one.Answer switch
                {
                    LogoutAnswer.Ended => isFirst ? null : AuditActions.Sent,
                    LogoutAnswer.Unknown when !isOver => isFirst ? AuditActions.Queued : null,
                    _ => AuditActions.GivenUp,
                };
                if (count > 0 && action is not null)
                {
                    var values = new Dictionary<string, object?>(StringComparer.Ordinal) { ["queuedAt"] = one.QueuedAt };
                    changes.Add((one.Reason, new AuditChange("session", one.Id.ToString(), action, values, After: null)));
                }
            }

            foreach (var reason in changes.GroupBy(change => change.Reason, StringComparer.Ordinal))
            {
                await audit.RecordAsync(
                    write.Connection,
                    write.Transaction,
                    new Actor(AccountId: null, "Keycloak", Actor.Service, RequestId: null, reason.Key),
                    [.. reason.Select(change => change.Change)],
                    cancellationToken);
            }

            await write.CommitAsync();
        },
        cancellationToken);

    /// <summary>Puts those off that Keycloak has not answered to.</summary>
    public Task PutOffAsync(IReadOnlyList<RealmLogoutEntry> entries, CancellationToken cancellationToken) => database.WriteAsync(
        async write =>
        {
            var now = clock.GetUtcNow();
            await write.Connection.ExecuteAsync(new CommandDefinition(
                "UPDATE realm_logouts SET next_at = @next WHERE id = @Id",
                entries.Select(entry => new { entry.Id, next = now + PauseAfter(entry.Tries) }),
                write.Transaction,
                cancellationToken: cancellationToken));
            await write.CommitAsync();
        },
        cancellationToken);

    private static TimeSpan PauseAfter(int tries) =>
        ShortestPause * Math.Pow(2, Math.Min(tries, 10)) is var pause && pause < LongestPause ? pause : LongestPause;

    /// <summary>What the audit log calls it.</summary>
    private static class AuditActions
    {
        public const string Queued = "queue-logout";
        public const string Sent = "send-logout";
        public const string GivenUp = "give-up-logout";
    }
}
