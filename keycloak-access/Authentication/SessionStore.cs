using Dapper;
using KeycloakAccess.Data;
using Microsoft.AspNetCore.DataProtection;

namespace KeycloakAccess.Authentication;

/// <summary>A sign-in in the browser that has not ended.</summary>
internal sealed record Session
{
    public required Guid Id { get; init; }

    public required string Issuer { get; init; }

    /// <summary>The session at Keycloak (<c>sid</c>).</summary>
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

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public string? Address { get; init; }

    public string? UserAgent { get; init; }

    public string? RefreshToken { get; init; }
}

/// <summary>Who is signed in. A row is there from the sign-in until the session ends, here or at Keycloak.</summary>
internal sealed class SessionStore(Database database, IDataProtectionProvider protection, TimeProvider clock)
{
    public static readonly Keyset<Session> Keyset = new Keyset<Session>("-started")
        .By("started_at", session => session.StartedAt, descending: true)
        .By("id", session => session.Id, descending: true);

    private const string Columns = "id, issuer, session_id, subject, username, started_at, expires_at, address, user_agent, refresh_token";
    private const int LongestUserAgent = 300;

    private readonly IDataProtector _protector = protection.CreateProtector("KeycloakAccess.Authentication.Session.RefreshToken");

    /// <summary>One session at Keycloak is one row: signing in again in it replaces the row.</summary>
    public async Task AddAsync(NewSession session, CancellationToken cancellationToken)
    {
        const string sql = $"""
            DELETE FROM sessions WHERE expires_at < @now OR (issuer = @Issuer AND session_id = @SessionId);
            INSERT INTO sessions ({Columns})
            VALUES (@id, @Issuer, @SessionId, @Subject, @username, @StartedAt, @ExpiresAt, @Address, @userAgent, @refreshToken)
            """;
        await database.WriteAsync(
            sql,
            new
            {
                id = Guid.CreateVersion7(session.StartedAt),
                now = clock.GetUtcNow(),
                session.Identity.Issuer,
                SessionId = session.Identity.SessionId ?? "",
                session.Identity.Subject,
                username = session.Identity.Username ?? session.Identity.Subject,
                session.StartedAt,
                session.ExpiresAt,
                session.Address,
                userAgent = session.UserAgent is { } userAgent ? ShortText.Cut(userAgent, LongestUserAgent) : null,
                refreshToken = session.RefreshToken is { } refreshToken ? _protector.Protect(refreshToken) : null,
            },
            cancellationToken);
    }

    /// <summary>None too where today's keys do not decrypt it.</summary>
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
}
