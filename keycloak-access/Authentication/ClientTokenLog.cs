using System.Collections.Concurrent;
using System.Data.Common;
using System.Globalization;
using KeycloakAccess.Data;
using Dapper;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;

namespace KeycloakAccess.Authentication;

/// <summary>How the newest token of a client looked.</summary>
internal sealed record ClientToken
{
    public const string Accepted = "accepted";
    public const string WrongAudience = "wrong-audience";

    public required string ClientId { get; init; }

    /// <summary>What became of it: one of the constants here.</summary>
    public required string Code { get; init; }

    /// <summary>Between spaces.</summary>
    public required string Audiences { get; init; }

    /// <summary>Between spaces, as in the token.</summary>
    public required string Scopes { get; init; }

    /// <summary>How many roles and groups it carried.</summary>
    public required int Roles { get; init; }

    /// <summary>Whether it had any of the claims that carry roles.</summary>
    public required bool HasRoleClaims { get; init; }

    /// <summary>From <c>iat</c> to <c>exp</c>.</summary>
    public required int LifetimeSeconds { get; init; }

    /// <summary>Of the signature.</summary>
    public required string Algorithm { get; init; }

    public required DateTimeOffset SeenAt { get; init; }
}

/// <summary>
/// Takes note of how the tokens look that clients call with, so that a page can say what is odd about them. Only tokens
/// that the realm has signed, once a minute for each client at most, and only as text of a bounded length.
/// </summary>
internal sealed partial class ClientTokenLog(Database database, IOptions<KeycloakOptions> options, TimeProvider clock, ILogger<ClientTokenLog> logger)
{
    /// <summary>The one order of the list: who called last comes first.</summary>
    public const string Sort = "-seen";

    private const int LongestText = 1000;
    private const int MostRemembered = 10_000;

    private static readonly TimeSpan NoteEvery = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<(string Client, string Code), DateTimeOffset> _noted = new();

    /// <summary>Takes note of a token that the realm has signed. Never fails: a call is not worse for not being noted.</summary>
    public async Task NoteAsync(JsonWebToken token, string code, CancellationToken cancellationToken)
    {
        if (!token.TryGetPayloadValue<string>("azp", out var client) || string.IsNullOrEmpty(client) || client.Length > 255)
        {
            return;
        }

        var now = clock.GetUtcNow();
        if (_noted.TryGetValue((client, code), out var noted) && now - noted < NoteEvery)
        {
            return;
        }

        if (_noted.Count > MostRemembered)
        {
            _noted.Clear();
        }

        _noted[(client, code)] = now;
        try
        {
            await WriteAsync(token, client, code, now, cancellationToken);
        }
        catch (DbException exception) when (DatabaseOutage.IsOutage(exception))
        {
            LogNotWritten(exception.Message);
        }
    }

    /// <summary>The clients that call, who called last first.</summary>
    /// <param name="limit">How many at most.</param>
    /// <param name="after">Where the page before ended.</param>
    /// <param name="cancellationToken">The request's.</param>
    /// <returns>A page, and where the next one starts; <see langword="null"/> on the last.</returns>
    public async Task<(IReadOnlyList<ClientToken> Clients, Cursor? Next)> ListAsync(int limit, Cursor? after, CancellationToken cancellationToken)
    {
        // One comparison that an index begins with, and one for those of the same instant.
        var sql = $"""
            SELECT client_id, code, audiences, scopes, roles, has_role_claims, lifetime_seconds, algorithm, seen_at
            FROM client_tokens
            WHERE issuer = @Issuer {(after is null ? "" : "AND seen_at <= @afterSeen AND (seen_at < @afterSeen OR client_id > @afterId)")}
            ORDER BY seen_at DESC, client_id
            LIMIT @limit
            """;
        var seen = DateTimeOffset.TryParseExact(after?.Key, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var read) ? read : DateTimeOffset.MaxValue;
        await using var connection = await database.OpenAsync(cancellationToken);
        var clients = (await connection.QueryAsync<ClientToken>(new CommandDefinition(
            sql, new { options.Value.Issuer, limit = limit + 1, afterSeen = seen, afterId = after?.Id }, cancellationToken: cancellationToken))).AsList();
        if (clients.Count <= limit)
        {
            return (clients, null);
        }

        clients.RemoveAt(limit);
        return (clients, new Cursor(Sort, clients[^1].SeenAt.ToString("O", CultureInfo.InvariantCulture), clients[^1].ClientId));
    }

    private async Task WriteAsync(JsonWebToken token, string client, string code, DateTimeOffset now, CancellationToken cancellationToken)
    {
        const string sql = """
            INSERT INTO client_tokens (issuer, client_id, code, audiences, scopes, roles, has_role_claims, lifetime_seconds, algorithm, seen_at)
            VALUES (@Issuer, @client, @code, @audiences, @scopes, @roles, @hasRoles, @lifetime, @algorithm, @now)
            ON CONFLICT (issuer, client_id) DO UPDATE SET
                code = excluded.code, audiences = excluded.audiences, scopes = excluded.scopes, roles = excluded.roles,
                has_role_claims = excluded.has_role_claims, lifetime_seconds = excluded.lifetime_seconds, algorithm = excluded.algorithm,
                seen_at = excluded.seen_at
            """;
        var identity = KeycloakIdentity.Read(new System.Security.Claims.ClaimsPrincipal(new System.Security.Claims.ClaimsIdentity(token.Claims)), out _);
        await using var connection = await database.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            sql,
            new
            {
                options.Value.Issuer,
                client = Text(client),
                code,
                audiences = Text(string.Join(' ', token.Audiences)),
                scopes = Text(token.TryGetPayloadValue<string>("scope", out var scope) ? scope : ""),
                roles = identity?.Roles.Count ?? 0,
                hasRoles = identity?.HasRoleClaims ?? false,
                lifetime = (int)Math.Clamp((token.ValidTo - token.IssuedAt).TotalSeconds, 0, int.MaxValue),
                algorithm = Text(token.Alg),
                now,
            },
            cancellationToken: cancellationToken));
    }

    // PostgreSQL has no NUL, and no client shall fill the table.
    private static string Text(string text) => ShortText.Cut(text.Replace("\0", "", StringComparison.Ordinal), LongestText);

    [LoggerMessage(Level = LogLevel.Warning, Message = "How a token looks could not be noted: {Reason}")]
    private partial void LogNotWritten(string reason);
}
