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

    /// <summary>The key of the session that the browser had until now.</summary>
    public string? ReplacedKey { get; init; }

    public string? Address { get; init; }

    public string? UserAgent { get; init; }

    public string? RefreshToken { get; init; }
}

/// <summary>Key is what the cookie holds. A renewal is a sign-in in a session of Keycloak's that had one here before.</summary>
internal sealed record StartedSession(string Key, bool IsRenewal);

/// <summary>
/// Who is signed in. A session is good exactly while its row is there and has not expired: whoever ends it, here or at Keycloak, deletes
/// the row.
/// </summary>
internal sealed class SessionStore(Database database, IDataProtectionProvider protection, TimeProvider clock)
{
    public static readonly Keyset<Session> Keyset = new Keyset<Session>("-started")
        .By("started_at", session => session.StartedAt, descending: true)
        .By("id", session => session.Id, descending: true);

    /// <summary>How long it is known whose a session was that is over.</summary>
    public static readonly TimeSpan RememberFor = TimeSpan.FromDays(1);

    private const string Columns =
        "id, issuer, session_id, subject, username, started_at, expires_at, address, user_agent, refresh_token";

    private const int KeyBytes = 32;
    private const int LongestUserAgent = 300;

    private readonly IDataProtector _protector = protection.CreateProtector("KeycloakAccess.Authentication.Session.RefreshToken");

    private readonly TicketDataFormat _tickets = new(protection.CreateProtector("KeycloakAccess.Authentication.Session.Ticket"));

    /// <summary>One session at Keycloak is one row: signing in again in it replaces the row. None where that session has ended.</summary>
    public async Task<StartedSession?> AddAsync(NewSession session, CancellationToken cancellationToken)
    {
        const string ended = "SELECT COUNT(*) FROM ended_sessions WHERE issuer = @Issuer AND session_id = @sessionId AND session_id <> ''";
        const string sql = $"""
            DELETE FROM sessions WHERE expires_at < @forgetAt;
            DELETE FROM former_sessions WHERE ended_at < @forgetAt;
            INSERT INTO sessions ({Columns}, key_hash, issued_at, ticket)
            VALUES (
                @id, @Issuer, @sessionId, @Subject, @username, @StartedAt, @ExpiresAt, @Address, @userAgent, @refreshToken,
                @keyHash, @IssuedAt, @ticket)
            """;
        var key = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(KeyBytes));
        var values = new
        {
            id = Guid.CreateVersion7(session.StartedAt),
            keyHash = Hash(key),
            replaced = session.ReplacedKey is { } replaced ? Hash(replaced) : "",
            now = clock.GetUtcNow(),
            forgetAt = clock.GetUtcNow() - RememberFor,
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
        };
        return await database.WriteAsync<StartedSession?>(
            async write =>
            {
                // Keycloak's logout token may be quicker than the browser that comes back from there.
                if (await write.Connection.ExecuteScalarAsync<long>(Command(write, ended, values, cancellationToken)) > 0)
                {
                    return null;
                }

                var same = await RemoveAsync(
                    write, "issuer = @Issuer AND session_id = @sessionId AND session_id <> ''", values, cancellationToken);
                await RemoveAsync(write, "key_hash = @replaced", values, cancellationToken);
                await write.Connection.ExecuteAsync(Command(write, sql, values, cancellationToken));
                await write.CommitAsync();
                return new StartedSession(key, IsRenewal: same.Count > 0);
            },
            cancellationToken);
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
    public string? RefreshTokenOf(Session session)
    {
        try
        {
            return session.RefreshToken is null ? null : _protector.Unprotect(session.RefreshToken);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    public async Task<(Guid Id, DateTimeOffset ExpiresAt, AuthenticationTicket Ticket)?> FindByKeyAsync(
        string key, CancellationToken cancellationToken)
    {
        const string sql = "SELECT id, expires_at, ticket FROM sessions WHERE key_hash = @keyHash AND expires_at > @now";
        if (!IsKey(key))
        {
            return null;
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        var (id, expiresAt, kept) = await connection.QuerySingleOrDefaultAsync<(Guid Id, DateTimeOffset ExpiresAt, string Ticket)>(
            new CommandDefinition(sql, new { keyHash = Hash(key), now = clock.GetUtcNow() }, cancellationToken: cancellationToken));
        // None where the keys have been changed since.
        return kept is not null && _tickets.Unprotect(kept) is { } ticket ? (id, expiresAt, ticket) : null;
    }

    /// <summary>Whose the key is, or was until a time ago that is no longer than <see cref="RememberFor"/>.</summary>
    public async Task<(string Issuer, string Subject)?> FindOwnerAsync(string key, TimeSpan ago, CancellationToken cancellationToken)
    {
        const string sql = """
            SELECT issuer, subject FROM sessions WHERE key_hash = @keyHash AND expires_at > @since
            UNION ALL
            SELECT issuer, subject FROM former_sessions WHERE key_hash = @keyHash AND ended_at > @since
            """;
        if (!IsKey(key))
        {
            return null;
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        var owner = await connection.QueryFirstOrDefaultAsync<(string Issuer, string Subject)>(
            new CommandDefinition(sql, new { keyHash = Hash(key), since = clock.GetUtcNow() - ago }, cancellationToken: cancellationToken));
        return owner.Issuer is null ? null : owner;
    }

    public async Task<KeysetPage<Session>> ListAsync(int limit, Cursor? after, CancellationToken cancellationToken)
    {
        var values = new DynamicParameters(new { now = clock.GetUtcNow() });
        var sql = $"""
            SELECT {Columns}
            FROM sessions
            WHERE expires_at > @now AND {Keyset.StartAfter(after, limit, values)}
            ORDER BY {Keyset.OrderBy}
            LIMIT @limit
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var sessions = await connection.QueryAsync<Session>(new CommandDefinition(sql, values, cancellationToken: cancellationToken));
        return Keyset.Cut(sessions.AsList(), limit);
    }

    /// <summary>The newest hundred, for a page.</summary>
    public async Task<IReadOnlyList<Session>> ListOfAsync(string issuer, string subject, CancellationToken cancellationToken)
    {
        const string sql = $"""
            SELECT {Columns}
            FROM sessions
            WHERE issuer = @issuer AND subject = @subject AND expires_at > @now
            ORDER BY started_at DESC, id DESC
            LIMIT 100
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return (await connection.QueryAsync<Session>(new CommandDefinition(
            sql, new { issuer, subject, now = clock.GetUtcNow() }, cancellationToken: cancellationToken))).AsList();
    }

    public async Task<Session?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {Columns} FROM sessions WHERE id = @id AND expires_at > @now";
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Session>(
            new CommandDefinition(sql, new { id, now = clock.GetUtcNow() }, cancellationToken: cancellationToken));
    }

    // What cannot be one of ours asks nothing of the database.
    private static bool IsKey(string text) => text.Length == Base64Url.GetEncodedLength(KeyBytes) && Base64Url.IsValid(text);

    // The key is random, so nothing needs to make guessing slower.
    private static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(key)));

    private static CommandDefinition Command(WriteTransaction write, string sql, object values, CancellationToken cancellationToken) =>
        new(sql, values, write.Transaction, cancellationToken: cancellationToken);
}
