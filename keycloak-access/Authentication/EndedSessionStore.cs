using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>Sessions that have ended, in the database, so that every instance refuses them from the next request on.</summary>
internal sealed class EndedSessionStore(Database database, AuditLog audit, IOptions<KeycloakOptions> options, TimeProvider clock)
{
    /// <summary>Without a session id, ends every session of the subject that began until then.</summary>
    public Task EndAsync(string issuer, string? sessionId, string? subject, CancellationToken cancellationToken) =>
        EndAsync(issuer, sessionId, subject, clock.GetUtcNow(), cancellationToken);

    public Task EndAsync(string issuer, string? sessionId, string? subject, DateTimeOffset endedAt, CancellationToken cancellationToken) =>
        EndAsync(issuer, sessionId, subject, endedAt, by: null, cancellationToken);

    public Task EndAsync(
        string issuer, string? sessionId, string? subject, Actor actor, AuditChange change, CancellationToken cancellationToken) =>
        EndAsync(issuer, sessionId, subject, clock.GetUtcNow(), (actor, change), cancellationToken);

    private Task EndAsync(
        string issuer,
        string? sessionId,
        string? subject,
        DateTimeOffset endedAt,
        (Actor Actor, AuditChange Change)? by,
        CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        // A cookie lives as long as session-lifetime, an access token less than a day.
        var keepUntil = now + options.Value.SignIn.SessionLifetime + TimeSpan.FromDays(1);
        const string sql = """
            DELETE FROM ended_sessions WHERE keep_until < @now;
            INSERT INTO ended_sessions (issuer, session_id, subject, ended_at, keep_until)
            VALUES (@issuer, @sessionId, @subject, @endedAt, @keepUntil)
            ON CONFLICT (issuer, session_id, subject) DO UPDATE SET ended_at = excluded.ended_at, keep_until = excluded.keep_until;
            DELETE FROM sessions
            WHERE issuer = @issuer
              AND (session_id = @sessionId AND session_id <> ''
                OR @sessionId = '' AND subject = @subject AND started_at <= @endedAt)
            """;
        var values = new { issuer, sessionId = sessionId ?? "", subject = sessionId is null ? subject ?? "" : "", now, endedAt, keepUntil };
        return database.WriteAsync(
            async write =>
            {
                await write.Connection.ExecuteAsync(
                    new CommandDefinition(sql, values, write.Transaction, cancellationToken: cancellationToken));
                if (by is { } who)
                {
                    await audit.RecordAsync(write.Connection, write.Transaction, who.Actor, who.Change, cancellationToken);
                }

                await write.CommitAsync();
            },
            cancellationToken);
    }

    /// <summary>A cookie or token that was issued after the end of the session is not concerned.</summary>
    public async ValueTask<bool> HasEndedAsync(KeycloakIdentity identity, DateTimeOffset issuedAt, CancellationToken cancellationToken)
    {
        if (identity is { SessionId: null, Kind: AccountKind.Service })
        {
            return false;
        }

        const string sql = """
            SELECT COUNT(*)
            FROM ended_sessions
            WHERE issuer = @Issuer
              AND ((session_id = @SessionId AND session_id <> '') OR (session_id = '' AND subject = @Subject))
              AND ended_at >= @issuedAt
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            sql,
            new { identity.Issuer, SessionId = identity.SessionId ?? "", identity.Subject, issuedAt },
            cancellationToken: cancellationToken)) > 0;
    }
}
