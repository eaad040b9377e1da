using System.Buffers.Text;
using System.Security.Cryptography;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;

namespace KeycloakAccess.Authentication;

/// <summary>A sign-in in the browser that has not ended.</summary>
internal sealed record Session
{
    public required Guid Id { get; init; }

    public required string Issuer { get; init; }

    /// <summary>The session at Keycloak (<c>sid</c>), or an empty text.</summary>
    public required string SessionId { get; init; }

    public required string Subject { get; init; }

    public required string Username { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public required DateTimeOffset UsedAt { get; init; }

    public string? Address { get; init; }

    public string? UserAgent { get; init; }

    /// <summary>Encrypted: see <see cref="SessionStore.RefreshTokenOf"/>.</summary>
    public string? RefreshToken { get; init; }
}

internal sealed record NewSession
{
    public required KeycloakIdentity Identity { get; init; }

    /// <summary>Before the ID token was asked for, so that the realm's clock is not behind <c>iat</c> by more than that took.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public required AuthenticationTicket Ticket { get; init; }

    public required SessionTokens Tokens { get; init; }

    /// <summary>The key of the session that the browser had until now.</summary>
    public string? ReplacedKey { get; init; }

    public string? Address { get; init; }

    public string? UserAgent { get; init; }

    public string? RefreshToken { get; init; }
}

/// <summary>What a request needs to know of its session.</summary>
internal sealed record KeptSession
{
    public required Guid Id { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public required DateTimeOffset UsedAt { get; init; }

    public required SessionTokens Tokens { get; init; }

    public required AuthenticationTicket Ticket { get; init; }
}

/// <summary>Key is what the cookie holds. A renewal is a sign-in in a session of Keycloak's that had one here before.</summary>
internal sealed record StartedSession(string Key, bool IsRenewal);

/// <summary>
/// Who is signed in. A session is good exactly while its row is there, has not expired and is used now and then: whoever ends it, here or
/// at Keycloak, deletes the row.
/// </summary>
internal sealed class SessionStore(Database database, IDataProtectionProvider protection, SessionLimits limits, TimeProvider clock)
{
    public static readonly Keyset<Session> Keyset = new Keyset<Session>("-started")
        .By("started_at", session => session.StartedAt, descending: true)
        .By("id", session => session.Id, descending: true);

    /// <summary>How long it is known whose a session was that is over.</summary>
    public static readonly TimeSpan RememberFor = TimeSpan.FromDays(1);

    internal const string Columns =
        "id, issuer, session_id, subject, username, started_at, expires_at, used_at, address, user_agent, refresh_token";

    private const string IsOpen = "expires_at > @now AND used_at > @usedSince";

    private const int KeyBytes = 32;
    private const int LongestUserAgent = 300;

    private readonly IDataProtector _protector = protection.CreateProtector("KeycloakAccess.Authentication.Session.RefreshToken");

    private readonly TicketDataFormat _tickets = new(protection.CreateProtector("KeycloakAccess.Authentication.Session.Ticket"));

    /// <summary>One session at Keycloak is one row: signing in again in it replaces the row. None where that session has ended.</summary>
    public Task<StartedSession?> AddAsync(NewSession session, CancellationToken cancellationToken) => database.WriteAsync(
        async write =>
        {
            var started = await AddAsync(write, session, cancellationToken);
            if (started is not null)
            {
                await write.CommitAsync();
            }

            return started;
        },
        cancellationToken);

    /// <summary>The same in a transaction that does more, and commits it.</summary>
    public async Task<StartedSession?> AddAsync(WriteTransaction write, NewSession session, CancellationToken cancellationToken)
    {
        const string ended = "SELECT COUNT(*) FROM ended_sessions WHERE issuer = @Issuer AND session_id = @sessionId AND session_id <> ''";
        const string sql = $"""
            DELETE FROM sessions WHERE expires_at < @forgetAt OR used_at < @unusedSince;
            DELETE FROM former_sessions WHERE ended_at < @forgetAt;
            INSERT INTO sessions ({Columns}, key_hash, issued_at, ticket, tokens_at, tokens_until, refreshable_until)
            VALUES (
                @id, @Issuer, @sessionId, @Subject, @username, @StartedAt, @ExpiresAt, @now, @Address, @userAgent, @refreshToken,
                @keyHash, @IssuedAt, @ticket, @At, @Until, @RefreshableUntil)
            """;
        var key = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(KeyBytes));
        var values = new
        {
            id = Guid.CreateVersion7(session.StartedAt),
            keyHash = Hash(key),
            replaced = session.ReplacedKey is { } replaced ? Hash(replaced) : "",
            now = clock.GetUtcNow(),
            forgetAt = clock.GetUtcNow() - RememberFor,
            unusedSince = limits.UsedBefore(clock.GetUtcNow() - RememberFor),
            session.Identity.Issuer,
            sessionId = session.Identity.SessionId ?? "",
            session.Identity.Subject,
            session.Identity.IssuedAt,
            username = session.Identity.Username ?? session.Identity.Subject,
            session.StartedAt,
            session.ExpiresAt,
            session.Address,
            userAgent = session.UserAgent is { } userAgent ? ShortText.Cut(userAgent, LongestUserAgent) : null,
            refreshToken = session.RefreshToken is { } refreshToken ? _protector.Protect(refreshToken) : null,
            ticket = _tickets.Protect(session.Ticket),
            session.Tokens.At,
            session.Tokens.Until,
            session.Tokens.RefreshableUntil,
        };
        // Keycloak's logout token may be quicker than the browser that comes back from there.
        if (await write.Connection.ExecuteScalarAsync<long>(Command(write, ended, values, cancellationToken)) > 0)
        {
            return null;
        }

        var same = await RemoveAsync(
            write, "issuer = @Issuer AND session_id = @sessionId AND session_id <> ''", values, cancellationToken);
        await RemoveAsync(write, "key_hash = @replaced", values, cancellationToken);
        await write.Connection.ExecuteAsync(Command(write, sql, values, cancellationToken));
        return new StartedSession(key, IsRenewal: same.Count > 0);
    }

    /// <summary>The one way in which rows go before their time. Among the values is <c>now</c>.</summary>
    internal static async Task<IReadOnlyList<Session>> RemoveAsync(
        WriteTransaction write, string which, object values, CancellationToken cancellationToken)
    {
        await write.Connection.ExecuteAsync(Command(
            write,
            $"""
            INSERT INTO former_sessions (key_hash, issuer, subject, ended_at)
            SELECT key_hash, issuer, subject, @now FROM sessions WHERE {which}
            ON CONFLICT (key_hash) DO NOTHING
            """,
            values,
            cancellationToken));
        return (await write.Connection.QueryAsync<Session>(
            Command(write, $"DELETE FROM sessions WHERE {which} RETURNING {Columns}", values, cancellationToken))).AsList();
    }

    /// <summary>None too where today's keys do not decrypt it.</summary>
    public string? RefreshTokenOf(Session session) => session.RefreshToken is null ? null : Unprotect(session.RefreshToken);

    /// <summary>A refresh token as a row keeps it.</summary>
    public string? Unprotect(string refreshToken)
    {
        try
        {
            return _protector.Unprotect(refreshToken);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>One that nobody has used for a time is among them: when it was, not every use is written yet.</summary>
    public async Task<KeptSession?> FindByKeyAsync(string key, CancellationToken cancellationToken)
    {
        const string sql = """
            SELECT id, expires_at, used_at, ticket, tokens_at, tokens_until, refreshable_until
            FROM sessions
            WHERE key_hash = @keyHash AND expires_at > @now
            """;
        if (!IsKey(key))
        {
            return null;
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<KeptRow>(
            new CommandDefinition(sql, new { keyHash = Hash(key), now = clock.GetUtcNow() }, cancellationToken: cancellationToken));
        // None where the keys have been changed since.
        return row is not null && _tickets.Unprotect(row.Ticket) is { } ticket
            ? new KeptSession
            {
                Id = row.Id,
                ExpiresAt = row.ExpiresAt,
                UsedAt = row.UsedAt,
                Tokens = new SessionTokens(row.TokensAt, row.TokensUntil, row.RefreshableUntil),
                Ticket = ticket,
            }
            : null;
    }

    /// <summary>As a row keeps them.</summary>
    public (string Ticket, string? RefreshToken) Protect(AuthenticationTicket ticket, string? refreshToken) =>
        (_tickets.Protect(ticket), refreshToken is null ? null : _protector.Protect(refreshToken));

    /// <summary>Whose the key is, or was until a time ago that is no longer than <see cref="RememberFor"/>.</summary>
    public async Task<(string Issuer, string Subject)?> FindOwnerAsync(string key, TimeSpan ago, CancellationToken cancellationToken)
    {
        const string sql = """
            SELECT issuer, subject FROM sessions WHERE key_hash = @keyHash AND expires_at > @since AND used_at > @usedSince
            UNION ALL
            SELECT issuer, subject FROM former_sessions WHERE key_hash = @keyHash AND ended_at > @since
            """;
        if (!IsKey(key))
        {
            return null;
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        var since = clock.GetUtcNow() - ago;
        var owner = await connection.QueryFirstOrDefaultAsync<(string Issuer, string Subject)>(new CommandDefinition(
            sql, new { keyHash = Hash(key), since, usedSince = limits.UsedBefore(since) }, cancellationToken: cancellationToken));
        return owner.Issuer is null ? null : owner;
    }

    /// <param name="search">A part of a user name, or of an address; neither case nor accents count.</param>
    /// <param name="limit">How many a page has.</param>
    /// <param name="after">Where the page begins.</param>
    /// <param name="cancellationToken">The request's.</param>
    public async Task<KeysetPage<Session>> ListAsync(
        string? search, int limit, Cursor? after, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var values = new DynamicParameters(new { now, usedSince = limits.UsedBefore(now) });
        var sql = $"""
            SELECT {Columns}
            FROM sessions
            WHERE {IsOpen} AND {Holding(search, values)} AND {Keyset.StartAfter(after, limit, values)}
            ORDER BY {Keyset.OrderBy}
            LIMIT @limit
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var sessions = await connection.QueryAsync<Session>(new CommandDefinition(sql, values, cancellationToken: cancellationToken));
        return Keyset.Cut(sessions.AsList(), limit);
    }

    public async Task<long> CountAsync(string? search, long most, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var values = new DynamicParameters(new { now, usedSince = limits.UsedBefore(now), most });
        var sql = $"SELECT COUNT(*) FROM (SELECT 1 FROM sessions WHERE {IsOpen} AND {Holding(search, values)} LIMIT @most) AS counted";
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(new CommandDefinition(sql, values, cancellationToken: cancellationToken));
    }

    /// <summary>How many are open of a person.</summary>
    public async Task<long> CountOfAsync(string issuer, string subject, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT COUNT(*) FROM sessions WHERE issuer = @issuer AND subject = @subject AND {IsOpen}";
        var now = clock.GetUtcNow();
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            sql, new { issuer, subject, now, usedSince = limits.UsedBefore(now) }, cancellationToken: cancellationToken));
    }

    /// <summary>The newest hundred, for a page.</summary>
    public async Task<IReadOnlyList<Session>> ListOfAsync(string issuer, string subject, CancellationToken cancellationToken)
    {
        const string sql = $"""
            SELECT {Columns}
            FROM sessions
            WHERE issuer = @issuer AND subject = @subject AND {IsOpen}
            ORDER BY started_at DESC, id DESC
            LIMIT 100
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var now = clock.GetUtcNow();
        return (await connection.QueryAsync<Session>(new CommandDefinition(
            sql, new { issuer, subject, now, usedSince = limits.UsedBefore(now) }, cancellationToken: cancellationToken))).AsList();
    }

    public async Task<Session?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {Columns} FROM sessions WHERE id = @id AND {IsOpen}";
        var now = clock.GetUtcNow();
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Session>(
            new CommandDefinition(sql, new { id, now, usedSince = limits.UsedBefore(now) }, cancellationToken: cancellationToken));
    }

    private static string Holding(string? search, DynamicParameters values)
    {
        if (string.IsNullOrEmpty(search))
        {
            return "1 = 1";
        }

        values.Add("search", LikePattern.Containing(search));
        return @"(folded(username) LIKE @search ESCAPE '\' OR folded(COALESCE(address, '')) LIKE @search ESCAPE '\')";
    }

    // What cannot be one of ours asks nothing of the database.
    private static bool IsKey(string text) => text.Length == Base64Url.GetEncodedLength(KeyBytes) && Base64Url.IsValid(text);

    // The key is random, so nothing needs to make guessing slower.
    private static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(key)));

    private static CommandDefinition Command(WriteTransaction write, string sql, object values, CancellationToken cancellationToken) =>
        new(sql, values, write.Transaction, cancellationToken: cancellationToken);

    private sealed record KeptRow
    {
        public required Guid Id { get; init; }

        public required DateTimeOffset ExpiresAt { get; init; }

        public required DateTimeOffset UsedAt { get; init; }

        public required string Ticket { get; init; }

        public required DateTimeOffset TokensAt { get; init; }

        public required DateTimeOffset TokensUntil { get; init; }

        public DateTimeOffset? RefreshableUntil { get; init; }
    }
}
