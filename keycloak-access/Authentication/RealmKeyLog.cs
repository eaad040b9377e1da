using System.Data.Common;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace KeycloakAccess.Authentication;

internal sealed record RealmKey
{
    public required string KeyId { get; init; }

    public required string Algorithm { get; init; }

    public required DateTimeOffset FirstSeenAt { get; init; }

    public required DateTimeOffset LastSeenAt { get; init; }
}

internal sealed class RealmKeyLog : WriteBehind<string, RealmKey>
{
    private readonly string _issuer;

    public RealmKeyLog(
        Database database, RealmMetadata metadata, IOptions<KeycloakOptions> options, TimeProvider clock, ILogger<RealmKeyLog> logger)
        : base(database, clock, logger, "Keys of the realm", TimeSpan.FromSeconds(2))
    {
        _issuer = options.Value.Issuer;
        metadata.OnKeysRead = Add;
    }

    public async Task<IReadOnlyList<RealmKey>> ListAsync(CancellationToken cancellationToken)
    {
        const string sql = """
            SELECT key_id, algorithm, first_seen_at, last_seen_at
            FROM realm_keys
            WHERE issuer = @_issuer
            ORDER BY first_seen_at DESC, key_id
            LIMIT 50
            """;
        await FlushAsync(cancellationToken);
        await using var connection = await Database.OpenAsync(cancellationToken);
        var keys = await connection.QueryAsync<RealmKey>(new CommandDefinition(sql, new { _issuer }, cancellationToken: cancellationToken));
        return keys.AsList();
    }

    protected override RealmKey Merge(RealmKey earlier, RealmKey later) => later with { FirstSeenAt = earlier.FirstSeenAt };

    protected override Task WriteAsync(
        DbConnection connection,
        DbTransaction transaction,
        IReadOnlyList<KeyValuePair<string, RealmKey>> batch,
        CancellationToken cancellationToken)
    {
        const string sql = """
            INSERT INTO realm_keys (issuer, key_id, algorithm, first_seen_at, last_seen_at)
            VALUES (@_issuer, @KeyId, @Algorithm, @FirstSeenAt, @LastSeenAt)
            ON CONFLICT (issuer, key_id) DO UPDATE SET last_seen_at = excluded.last_seen_at
            """;
        var rows = batch.Select(item => item.Value).OrderBy(key => key.KeyId, StringComparer.Ordinal)
            .Select(key => new { _issuer, key.KeyId, key.Algorithm, key.FirstSeenAt, key.LastSeenAt });
        return connection.ExecuteAsync(new CommandDefinition(sql, rows, transaction, cancellationToken: cancellationToken));
    }

    private void Add(IEnumerable<JsonWebKey> keys, DateTimeOffset at)
    {
        foreach (var key in keys.Where(key => !string.IsNullOrEmpty(key.KeyId) && ShortText.IsKey(key.KeyId)))
        {
            Add(key.KeyId, new RealmKey { KeyId = key.KeyId, Algorithm = key.Alg ?? key.Kty, FirstSeenAt = at, LastSeenAt = at });
        }
    }
}
