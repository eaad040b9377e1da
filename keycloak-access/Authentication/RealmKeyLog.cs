using KeycloakAccess.Data;
using Dapper;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace KeycloakAccess.Authentication;

/// <summary>A key that the realm shows, or has shown.</summary>
internal sealed record RealmKey
{
    public required string KeyId { get; init; }

    public required string Algorithm { get; init; }

    public required DateTimeOffset FirstSeenAt { get; init; }

    public required DateTimeOffset LastSeenAt { get; init; }
}

/// <summary>Keeps account of the realm's keys, so that their age is known and a rotation can be seen afterwards.</summary>
internal sealed partial class RealmKeyLog(
    Database database, RealmMetadata metadata, IOptions<KeycloakOptions> options, TimeProvider clock, ILogger<RealmKeyLog> logger) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    /// <returns>The keys of the realm, the newest first; those that it no longer shows were last seen a while ago.</returns>
    public async Task<IReadOnlyList<RealmKey>> ListAsync(CancellationToken cancellationToken)
    {
        const string sql = """
            SELECT key_id, algorithm, first_seen_at, last_seen_at
            FROM realm_keys
            WHERE issuer = @Issuer
            ORDER BY first_seen_at DESC, key_id
            LIMIT 50
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return (await connection.QueryAsync<RealmKey>(new CommandDefinition(sql, new { options.Value.Issuer }, cancellationToken: cancellationToken))).AsList();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        DateTimeOffset? written = null;
        using var timer = new PeriodicTimer(LookEvery, clock);
        do
        {
            try
            {
                if (metadata.Last is { } last && last.ReadAt != written)
                {
                    await WriteAsync(last.Keys, last.ReadAt, stoppingToken);
                    written = last.ReadAt;
                }
            }
            catch (Exception exception) when (DatabaseOutage.IsOutage(exception))
            {
                LogNotWritten(exception.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task WriteAsync(IEnumerable<JsonWebKey> keys, DateTimeOffset at, CancellationToken cancellationToken)
    {
        const string sql = """
            INSERT INTO realm_keys (issuer, key_id, algorithm, first_seen_at, last_seen_at)
            VALUES (@Issuer, @KeyId, @algorithm, @now, @at)
            ON CONFLICT (issuer, key_id) DO UPDATE SET last_seen_at = excluded.last_seen_at
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        foreach (var key in keys.Where(key => !string.IsNullOrEmpty(key.KeyId)).OrderBy(key => key.KeyId, StringComparer.Ordinal))
        {
            await connection.ExecuteAsync(new CommandDefinition(
                sql, new { options.Value.Issuer, key.KeyId, algorithm = key.Alg ?? key.Kty, now = clock.GetUtcNow(), at }, cancellationToken: cancellationToken));
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The realm's keys could not be noted: {Reason}")]
    private partial void LogNotWritten(string reason);
}
