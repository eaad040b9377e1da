using System.Globalization;
using KeycloakAccess.Data;
using Dapper;
using Microsoft.AspNetCore.DataProtection;

namespace KeycloakAccess.Authentication;

/// <summary>A sign-in in the browser that is still good.</summary>
internal sealed record Session
{
    public required Guid Id { get; init; }

    public required string Issuer { get; init; }

    /// <summary>The session at Keycloak (<c>sid</c>).</summary>
    public required string SessionId { get; init; }

    public required string Subject { get; init; }

    public required string Username { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When its cookie ends, whatever happens.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The address that the sign-in came from.</summary>
    public string? Address { get; init; }

    /// <summary>What the browser calls itself.</summary>
    public string? UserAgent { get; init; }

    /// <summary>Protected; <see cref="RealmLogout"/> uses it.</summary>
    public string? RefreshToken { get; init; }
}

/// <summary>Who is signed in. A row is there from the sign-in until the session ends, here or at Keycloak.</summary>
internal sealed class SessionStore(Database database, IDataProtectionProvider protection, TimeProvider clock)
{
    /// <summary>The one order of the list: the newest first.</summary>
    public const string Sort = "-started";

    private const string Columns = "id, issuer, session_id, subject, username, started_at, expires_at, address, user_agent, refresh_token";
    private const int LongestUserAgent = 300;

    private readonly IDataProtector _protector = protection.CreateProtector("KeycloakAccess.Authentication.Session.RefreshToken");

    /// <summary>Keeps a sign-in. What Keycloak knows as one session is one row: signing in again in it renews the row.</summary>
    public async Task AddAsync(
        KeycloakIdentity identity, DateTimeOffset startedAt, DateTimeOffset expiresAt, string? address, string? userAgent, string? refreshToken, CancellationToken cancellationToken)
    {
        const string sql = $"""
            DELETE FROM sessions WHERE expires_at < @now OR (issuer = @Issuer AND session_id = @SessionId);
            INSERT INTO sessions ({Columns})
            VALUES (@id, @Issuer, @SessionId, @Subject, @username, @startedAt, @expiresAt, @address, @userAgent, @refreshToken)
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            sql,
            new
            {
                id = Guid.CreateVersion7(startedAt),
                now = clock.GetUtcNow(),
                identity.Issuer,
                SessionId = identity.SessionId ?? "",
                identity.Subject,
                username = identity.Username ?? identity.Subject,
                startedAt,
                expiresAt,
                address,
                userAgent = userAgent is null ? null : ShortText.Cut(userAgent, LongestUserAgent),
                refreshToken = refreshToken is null ? null : _protector.Protect(refreshToken),
            },
            cancellationToken: cancellationToken));
    }

    /// <returns>The refresh token of a session; <see langword="null"/> if it has none, or one that the keys of today do not open.</returns>
    public string? RefreshTokenOf(Session session)
    {
        try
        {
            return session.RefreshToken is null ? null : _protector.Unprotect(session.RefreshToken);
        }
        catch (System.Security.Cryptography.CryptographicException)
        {
            return null;
        }
    }

    /// <summary>Everybody who is signed in, the newest first, a page at a time.</summary>
    public async Task<(IReadOnlyList<Session> Sessions, Cursor? Next)> ListAsync(int limit, Cursor? after, CancellationToken cancellationToken)
    {
        var sql = $"""
            SELECT {Columns}
            FROM sessions
            WHERE expires_at > @now {(after is null ? "" : "AND (started_at, id) < (@afterStart, @afterId)")}
            ORDER BY started_at DESC, id DESC
            LIMIT @limit
            """;
        var start = DateTimeOffset.TryParseExact(after?.Key, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var read) ? read : DateTimeOffset.MaxValue;
        await using var connection = await database.OpenAsync(cancellationToken);
        var sessions = (await connection.QueryAsync<Session>(new CommandDefinition(
            sql,
            new { now = clock.GetUtcNow(), limit = limit + 1, afterStart = start, afterId = Guid.TryParse(after?.Id, out var id) ? id : Guid.Empty },
            cancellationToken: cancellationToken))).AsList();
        if (sessions.Count <= limit)
        {
            return (sessions, null);
        }

        sessions.RemoveAt(limit);
        return (sessions, new Cursor(Sort, sessions[^1].StartedAt.ToString("O", CultureInfo.InvariantCulture), sessions[^1].Id.ToString()));
    }

    /// <summary>The sessions of one account, the newest first.</summary>
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
        return (await connection.QueryAsync<Session>(new CommandDefinition(sql, new { issuer, subject, now = clock.GetUtcNow() }, cancellationToken: cancellationToken))).AsList();
    }

    /// <returns>The session, or <see langword="null"/> if there is none any more.</returns>
    public async Task<Session?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {Columns} FROM sessions WHERE id = @id AND expires_at > @now";
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Session>(new CommandDefinition(sql, new { id, now = clock.GetUtcNow() }, cancellationToken: cancellationToken));
    }
}
