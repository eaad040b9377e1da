using Dapper;
using KeycloakAccess.Data;

namespace KeycloakAccess.Authentication;

/// <summary>Why an access token that has not expired is good no longer: its session has ended, or it has been revoked here.</summary>
internal sealed class TokenEnds(Database database, EndedSessionStore sessions)
{
    /// <summary>Under which keys <see cref="ChangeFeed"/> tells that a token may have ended.</summary>
    public static IEnumerable<string> KeysOf(KeycloakIdentity identity, string tokenKey) =>
        [.. EndedSessionStore.KeysOf(identity), tokenKey, ChangeFeed.Client(identity.ClientId), ChangeFeed.EveryToken];

    /// <returns>What the refusal says, or <see langword="null"/>.</returns>
    public async Task<string?> FindAsync(KeycloakIdentity identity, string? tokenId, CancellationToken cancellationToken)
    {
        if (await sessions.HasEndedAsync(identity, cancellationToken))
        {
            return "The session that the token belongs to has ended. Sign in again.";
        }

        const string sql = """
            SELECT kind FROM revocations
            WHERE issuer = @Issuer AND (
                (kind = 'token' AND value = @tokenId)
                OR (kind = 'client' AND value = @ClientId AND (issued_until IS NULL OR issued_until >= @IssuedAt))
                OR (kind = 'everything' AND issued_until >= @IssuedAt))
            ORDER BY kind DESC
            LIMIT 1
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var kind = await connection.QuerySingleOrDefaultAsync<string>(new CommandDefinition(
            sql,
            new { identity.Issuer, tokenId = tokenId ?? "", identity.ClientId, identity.IssuedAt },
            cancellationToken: cancellationToken));
        return kind switch
        {
            null => null,
            "token" => "The token has been revoked here. Get a new one.",
            "client" => "The tokens of this client have been revoked here. Get a new one; if that is refused too, ask whoever runs this "
                + "service to take the revocation back.",
            _ => "All tokens that were issued before have been revoked here. Get a new one.",
        };
    }
}
