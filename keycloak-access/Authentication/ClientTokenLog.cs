using System.Data.Common;
using System.Security.Claims;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;

namespace KeycloakAccess.Authentication;

internal sealed record ClientToken
{
    public const string Accepted = "accepted";
    public const string WrongAudience = "wrong-audience";
    public const string Lightweight = "lightweight";
    public const string NoSubject = "no-subject";
    public const string Bound = "bound";
    public const string NotAccessToken = "not-access-token";
    public const string IssuedAhead = "issued-ahead";
    public const string Malformed = "malformed";

    public required string ClientId { get; init; }

    public required string Code { get; init; }

    /// <summary>Between spaces.</summary>
    public required string Audiences { get; init; }

    /// <summary>Between spaces, as in the token.</summary>
    public required string Scopes { get; init; }

    public required int Roles { get; init; }

    public required bool HasRoleClaims { get; init; }

    /// <summary>From <c>iat</c> to <c>exp</c>.</summary>
    public required int LifetimeSeconds { get; init; }

    public required string Algorithm { get; init; }

    public required bool IsLightweight { get; init; }

    /// <summary>How far in the future it was issued; 0 if it was not.</summary>
    public required int AheadSeconds { get; init; }

    public required DateTimeOffset SeenAt { get; init; }
}

/// <summary>How the newest token of each client looked, if the realm has signed it, as text of a bounded length.</summary>
internal sealed class ClientTokenLog(
    Database database, IOptions<KeycloakOptions> options, TimeProvider clock, ILogger<ClientTokenLog> logger)
    : WriteBehind<string, ClientToken>(
        database, clock, logger, "Looks of tokens", TimeSpan.FromSeconds(5))
{
    public static readonly Keyset<ClientToken> Keyset = new Keyset<ClientToken>("-seen")
        .By("seen_at", client => client.SeenAt, descending: true)
        .By("client_id", client => client.ClientId);

    private const int LongestText = 1000;

    /// <summary>Notes how a token looks whose signature is the realm's.</summary>
    public ClientToken Add(JsonWebToken token, KeycloakIdentity? identity, string code)
    {
        var now = Clock.GetUtcNow();
        identity ??= KeycloakIdentity.Read(new ClaimsPrincipal(new ClaimsIdentity(token.Claims)), out _);
        var look = new ClientToken
        {
            ClientId = token.TryGetPayloadValue<string>("azp", out var client) ? client : "",
            Code = code,
            Audiences = Text(string.Join(' ', token.Audiences)),
            Scopes = Text(token.TryGetPayloadValue<string>("scope", out var scope) ? scope : ""),
            Roles = identity?.Roles.Count ?? 0,
            HasRoleClaims = identity?.HasRoleClaims ?? false,
            LifetimeSeconds = (int)Math.Clamp((token.ValidTo - token.IssuedAt).TotalSeconds, 0, int.MaxValue),
            Algorithm = Text(token.Alg),
            IsLightweight = TokenCauses.IsLightweight(token),
            AheadSeconds = (int)Math.Clamp((TokenCauses.IssuedAt(token) - now).TotalSeconds, 0, int.MaxValue),
            SeenAt = now,
        };
        Add(look);
        return look;
    }

    /// <summary>Notes it again.</summary>
    public void Add(ClientToken look)
    {
        if (look.ClientId is { Length: > 0 and <= 255 })
        {
            Add(look.ClientId, look);
        }
    }

    public async Task<KeysetPage<ClientToken>> ListAsync(int limit, Cursor? after, CancellationToken cancellationToken)
    {
        var values = new DynamicParameters(new { options.Value.Issuer });
        var sql = $"""
            SELECT client_id, code, audiences, scopes, roles, has_role_claims, lifetime_seconds, algorithm, is_lightweight,
                ahead_seconds, seen_at
            FROM client_tokens
            WHERE issuer = @Issuer AND {Keyset.StartAfter(after, limit, values)}
            ORDER BY {Keyset.OrderBy}
            LIMIT @limit
            """;
        await FlushAsync(cancellationToken);
        await using var connection = await Database.OpenAsync(cancellationToken);
        var clients = await connection.QueryAsync<ClientToken>(new CommandDefinition(sql, values, cancellationToken: cancellationToken));
        return Keyset.Cut(clients.AsList(), limit);
    }

    public async Task<long> CountAsync(long most, CancellationToken cancellationToken)
    {
        const string sql = "SELECT COUNT(*) FROM (SELECT 1 FROM client_tokens WHERE issuer = @Issuer LIMIT @most) AS counted";
        await FlushAsync(cancellationToken);
        await using var connection = await Database.OpenAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(
            new CommandDefinition(sql, new { options.Value.Issuer, most }, cancellationToken: cancellationToken));
    }

    protected override ClientToken Merge(ClientToken earlier, ClientToken later) => later;

    protected override Task WriteAsync(
        DbConnection connection,
        DbTransaction transaction,
        IReadOnlyList<KeyValuePair<string, ClientToken>> batch,
        CancellationToken cancellationToken)
    {
        const string sql = """
            INSERT INTO client_tokens
                (issuer, client_id, code, audiences, scopes, roles, has_role_claims, lifetime_seconds, algorithm, is_lightweight,
                ahead_seconds, seen_at)
            VALUES (@Issuer, @client, @Code, @Audiences, @Scopes, @Roles, @HasRoleClaims, @LifetimeSeconds, @Algorithm, @IsLightweight,
                @AheadSeconds, @SeenAt)
            ON CONFLICT (issuer, client_id) DO UPDATE SET
                code = excluded.code, audiences = excluded.audiences, scopes = excluded.scopes, roles = excluded.roles,
                has_role_claims = excluded.has_role_claims, lifetime_seconds = excluded.lifetime_seconds, algorithm = excluded.algorithm,
                is_lightweight = excluded.is_lightweight, ahead_seconds = excluded.ahead_seconds, seen_at = excluded.seen_at
            """;
        return connection.ExecuteAsync(new CommandDefinition(
            sql,
            batch.OrderBy(item => item.Key, StringComparer.Ordinal).Select(item => new
            {
                options.Value.Issuer,
                client = Text(item.Key),
                item.Value.Code,
                item.Value.Audiences,
                item.Value.Scopes,
                item.Value.Roles,
                item.Value.HasRoleClaims,
                item.Value.LifetimeSeconds,
                item.Value.Algorithm,
                item.Value.IsLightweight,
                item.Value.AheadSeconds,
                item.Value.SeenAt,
            }),
            transaction,
            cancellationToken: cancellationToken));
    }

    // PostgreSQL has no NUL, and no client shall fill the table.
    private static string Text(string text) => ShortText.Cut(text.Replace("\0", "", StringComparison.Ordinal), LongestText);
}
