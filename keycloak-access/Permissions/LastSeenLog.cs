using System.Data.Common;
using Dapper;
using KeycloakAccess.Data;

namespace KeycloakAccess.Permissions;

/// <summary>When the token with these names was issued, and the one before it; when the one with these roles was.</summary>
internal sealed record LastSeen(
    DateTimeOffset At,
    (DateTimeOffset? Before, DateTimeOffset IssuedAt)? Names = null,
    (string Hash, DateTimeOffset IssuedAt)? Roles = null);

/// <summary>Names and roles that have changed meanwhile stay as they are.</summary>
internal sealed class LastSeenLog(Database database, TimeProvider clock, ILogger<LastSeenLog> logger)
    : WriteBehind<Guid, LastSeen>(database, clock, logger, "Times at which accounts were last seen", TimeSpan.FromSeconds(5))
{
    public new void Add(Guid accountId, LastSeen seen) => base.Add(accountId, seen);

    /// <summary>What is not written yet.</summary>
    public LastSeen? Find(Guid accountId) => Waiting(accountId);

    protected override LastSeen Merge(LastSeen earlier, LastSeen later) =>
        new(later.At, later.Names ?? earlier.Names, later.Roles ?? earlier.Roles);

    protected override Task WriteAsync(
        DbConnection connection,
        DbTransaction transaction,
        IReadOnlyList<KeyValuePair<Guid, LastSeen>> batch,
        CancellationToken cancellationToken)
    {
        const string sql = """
            UPDATE accounts
            SET last_seen_at = CASE WHEN last_seen_at < @At THEN @At ELSE last_seen_at END,
                names_issued_at = CASE
                    WHEN names_issued_at IS NOT DISTINCT FROM @namesBefore THEN COALESCE(@namesIssuedAt, names_issued_at)
                    ELSE names_issued_at END,
                roles_issued_at = CASE
                    WHEN roles_hash = @rolesHash AND roles_issued_at < @rolesIssuedAt THEN @rolesIssuedAt
                    ELSE roles_issued_at END
            WHERE id = @Id
            """;
        var rows = batch.OrderBy(item => item.Key).Select(item => new
        {
            Id = item.Key,
            item.Value.At,
            namesBefore = item.Value.Names?.Before,
            namesIssuedAt = item.Value.Names?.IssuedAt,
            rolesHash = item.Value.Roles?.Hash,
            rolesIssuedAt = item.Value.Roles?.IssuedAt,
        });
        return connection.ExecuteAsync(new CommandDefinition(sql, rows, transaction, cancellationToken: cancellationToken));
    }
}
