using System.Data.Common;
using Dapper;
using KeycloakAccess.Data;

namespace KeycloakAccess.Authentication;

/// <summary>When sessions were last used, which keeps them from ending.</summary>
internal sealed class SessionUses(Database database, TimeProvider clock, ILogger<SessionUses> logger)
    : WriteBehind<Guid, DateTimeOffset>(database, clock, logger, "Uses of sessions", TimeSpan.FromSeconds(1))
{
    public new void Add(Guid sessionId, DateTimeOffset at) => base.Add(sessionId, at);

    /// <summary>What is not written yet.</summary>
    public DateTimeOffset? Find(Guid sessionId) => Waiting(sessionId) is var at && at == default ? null : at;

    protected override DateTimeOffset Merge(DateTimeOffset earlier, DateTimeOffset later) => later > earlier ? later : earlier;

    protected override Task WriteAsync(
        DbConnection connection,
        DbTransaction transaction,
        IReadOnlyList<KeyValuePair<Guid, DateTimeOffset>> batch,
        CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition(
            "UPDATE sessions SET used_at = @at WHERE id = @id AND used_at < @at",
            batch.OrderBy(item => item.Key).Select(item => new { id = item.Key, at = item.Value }),
            transaction,
            cancellationToken: cancellationToken));
}
