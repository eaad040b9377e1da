using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>What a logout token of Keycloak ends: a session, or all of a subject that began until it was issued.</summary>
internal sealed record LogoutNotice
{
    public required string Issuer { get; init; }

    public required string TokenId { get; init; }

    public string? SessionId { get; init; }

    /// <summary>May be missing where there is a session.</summary>
    public string? Subject { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>Until when the same token could be taken again.</summary>
    public required DateTimeOffset KeepUntil { get; init; }
}

internal enum LogoutResult
{
    Ended,
    Repeated,
    OtherSubject,
}

/// <summary>
/// Ends sessions, in the database, so that every instance refuses them from the next request on: a session in the browser goes with its
/// row, and of the others it is written down that their access tokens are good no longer.
/// <para>
/// A session at Keycloak (<c>sid</c>) has ended for ever, and no clock is asked. The end of all sessions of a subject is an instant, and
/// only what was issued after it is good. That is <c>iat</c>, by the realm's clock, so the end is written by the realm's clock too: that
/// of a logout token as the realm wrote it, and our own by what the newest sign-in has shown of the difference. It errs to the later
/// side, by no more than that sign-in took and the fraction of a second that <c>iat</c> lacks.
/// </para>
/// </summary>
internal sealed class EndedSessionStore(
    Database database, AuditLog audit, RealmLogoutStore logouts, IOptions<KeycloakOptions> options, TimeProvider clock)
{
    /// <summary>One session, and the tokens of the same one at Keycloak.</summary>
    public Task EndAsync(Session session, CancellationToken cancellationToken) => EndAsync(session, by: null, cancellationToken);

    public Task EndAsync(Session session, (Actor Actor, AuditChange Change)? by, CancellationToken cancellationToken) =>
        database.WriteAsync(write => EndAsync(write, session, by, cancellationToken), cancellationToken);

    /// <summary>Every session of the subject, and all tokens issued until now. Returns the sessions, those that have run out too.</summary>
    public Task<IReadOnlyList<Session>> EndAllAsync(
        string issuer,
        string subject,
        Actor actor,
        Func<IReadOnlyList<Session>, AuditChange> describe,
        CancellationToken cancellationToken)
    {
        return database.WriteAsync(
            async write =>
            {
                var sessions = await EndAllAsync(write, issuer, subject, cancellationToken);
                await audit.RecordAsync(write.Connection, write.Transaction, actor, describe(sessions), cancellationToken);
                await write.CommitAsync();
                return sessions;
            },
            cancellationToken);
    }

    /// <summary>The same in a transaction that does more, and commits it.</summary>
    public async Task<IReadOnlyList<Session>> EndAllAsync(
        WriteTransaction write, string issuer, string subject, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var values = new { issuer, subject, now };
        var ahead = await AheadAsync(write, issuer, cancellationToken);
        await WriteAsync(write, new Ended(issuer, "", subject, now + ahead), cancellationToken);
        var removed = await SessionStore.RemoveAsync(write, "issuer = @issuer AND subject = @subject", values, cancellationToken);
        await logouts.EnqueueAsync(write, removed, cancellationToken);
        return removed;
    }

    /// <summary>By how much the realm's clock may be ahead of this one, as the newest sign-in has shown.</summary>
    public static async Task<TimeSpan> AheadAsync(WriteTransaction write, string issuer, CancellationToken cancellationToken)
    {
        const string newest = """
            SELECT started_at, issued_at FROM sessions WHERE issuer = @issuer ORDER BY started_at DESC, id DESC LIMIT 1
            """;
        var signIn = await write.Connection.QuerySingleOrDefaultAsync<SignIn>(
            Command(write, newest, new { issuer }, cancellationToken));
        // iat has no fractions of a second.
        return signIn is null ? TimeSpan.Zero : signIn.IssuedAt.AddSeconds(1) - signIn.StartedAt;
    }

    /// <summary>Ends nothing where the token has been taken before, or names another subject than that of the session.</summary>
    public Task<LogoutResult> TryEndAsync(LogoutNotice notice, CancellationToken cancellationToken)
    {
        const string forget = "DELETE FROM logout_tokens WHERE keep_until < @now";
        const string take = """
            INSERT INTO logout_tokens (issuer, token_id, keep_until) VALUES (@Issuer, @TokenId, @KeepUntil)
            ON CONFLICT (issuer, token_id) DO NOTHING
            """;
        if (!new[] { notice.TokenId, notice.SessionId ?? "", notice.Subject ?? "" }.All(ShortText.IsKey))
        {
            // No session is that one: KeycloakIdentity refuses its tokens.
            return Task.FromResult(LogoutResult.Ended);
        }

        return database.WriteAsync(
            async write =>
            {
                var values = new { notice.Issuer, notice.TokenId, notice.KeepUntil, now = clock.GetUtcNow() };
                await write.Connection.ExecuteAsync(Command(write, forget, values, cancellationToken));
                if (await write.Connection.ExecuteAsync(Command(write, take, values, cancellationToken)) == 0)
                {
                    return LogoutResult.Repeated;
                }

                // OpenID Connect Back-Channel Logout 1.0, section 2.6, step 10.
                if (notice is { SessionId: { } named, Subject: { } subject }
                    && await IsOfOtherAsync(write, notice.Issuer, named, subject, cancellationToken))
                {
                    return LogoutResult.OtherSubject;
                }

                await (notice.SessionId is { } session
                    ? EndSessionAsync(write, notice.Issuer, session, cancellationToken)
                    : EndUntilAsync(write, notice.Issuer, notice.Subject!, notice.IssuedAt, cancellationToken));
                await write.CommitAsync();
                return LogoutResult.Ended;
            },
            cancellationToken);
    }

    /// <summary>Whether a session at Keycloak is, here, that of another subject.</summary>
    public static async Task<bool> IsOfOtherAsync(
        WriteTransaction write, string issuer, string sessionId, string subject, CancellationToken cancellationToken)
    {
        const string sql = """
            SELECT COUNT(*) FROM sessions WHERE issuer = @issuer AND session_id = @sessionId AND session_id <> '' AND subject <> @subject
            """;
        return await write.Connection.ExecuteScalarAsync<long>(
            Command(write, sql, new { issuer, sessionId, subject }, cancellationToken)) > 0;
    }

    /// <summary>Ends a session at Keycloak, of which Keycloak knows, for ever. Returns those that were here. It does not commit.</summary>
    public async Task<IReadOnlyList<Session>> EndSessionAsync(
        WriteTransaction write, string issuer, string sessionId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await WriteAsync(write, new Ended(issuer, sessionId, "", now), cancellationToken);
        return await SessionStore.RemoveAsync(
            write,
            "issuer = @issuer AND session_id = @sessionId AND session_id <> ''",
            new { issuer, sessionId, now },
            cancellationToken);
    }

    /// <summary>
    /// Ends what began for a subject until an instant by the realm's clock: sessions, and tokens. Returns the sessions that were here. It
    /// does not commit.
    /// </summary>
    public async Task<IReadOnlyList<Session>> EndUntilAsync(
        WriteTransaction write, string issuer, string subject, DateTimeOffset until, CancellationToken cancellationToken)
    {
        await WriteAsync(write, new Ended(issuer, "", subject, until), cancellationToken);
        return await SessionStore.RemoveAsync(
            write,
            "issuer = @issuer AND subject = @subject AND issued_at <= @until",
            new { issuer, subject, until, now = clock.GetUtcNow() },
            cancellationToken);
    }

    /// <summary>Under which keys <see cref="ChangeFeed"/> tells that a token may have ended.</summary>
    public static IReadOnlyList<string> KeysOf(KeycloakIdentity identity) => identity switch
    {
        { SessionId: null, Kind: AccountKind.Service } => [],
        { SessionId: { } session } => [ChangeFeed.Subject(identity.Subject), ChangeFeed.Session(session)],
        _ => [ChangeFeed.Subject(identity.Subject)],
    };

    /// <summary>Whether the session of an access token has ended, or all of its subject since it was issued.</summary>
    public ValueTask<bool> HasEndedAsync(KeycloakIdentity identity, CancellationToken cancellationToken) =>
        identity is { SessionId: null, Kind: AccountKind.Service }
            ? ValueTask.FromResult(false)
            : HasEndedAsync(
                identity,
                """
                (session_id = @SessionId AND session_id <> '')
                OR (session_id = '' AND subject = @Subject AND ended_at >= @IssuedAt)
                """,
                cancellationToken);

    /// <summary>Whether that very session at Keycloak has ended.</summary>
    public ValueTask<bool> HasSessionEndedAsync(KeycloakIdentity identity, CancellationToken cancellationToken) =>
        HasEndedAsync(identity, "session_id = @SessionId AND session_id <> ''", cancellationToken);

    private async ValueTask<bool> HasEndedAsync(KeycloakIdentity identity, string which, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            $"SELECT COUNT(*) FROM ended_sessions WHERE issuer = @Issuer AND ({which})",
            new { identity.Issuer, SessionId = identity.SessionId ?? "", identity.Subject, identity.IssuedAt },
            cancellationToken: cancellationToken)) > 0;
    }

    private async Task EndAsync(
        WriteTransaction write, Session session, (Actor Actor, AuditChange Change)? by, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (session.SessionId.Length > 0)
        {
            await WriteAsync(write, new Ended(session.Issuer, session.SessionId, "", now), cancellationToken);
        }

        var removed = await SessionStore.RemoveAsync(
            write,
            "id = @Id OR (issuer = @Issuer AND session_id = @SessionId AND session_id <> '')",
            new { session.Id, session.Issuer, session.SessionId, now },
            cancellationToken);
        await logouts.EnqueueAsync(write, removed, cancellationToken);
        if (by is { } who)
        {
            await audit.RecordAsync(write.Connection, write.Transaction, who.Actor, who.Change, cancellationToken);
        }

        await write.CommitAsync();
    }

    private async Task WriteAsync(WriteTransaction write, Ended ended, CancellationToken cancellationToken)
    {
        const string sql = """
            DELETE FROM ended_sessions WHERE keep_until < @now;
            INSERT INTO ended_sessions (issuer, session_id, subject, ended_at, keep_until)
            VALUES (@Issuer, @SessionId, @Subject, @At, @keepUntil)
            ON CONFLICT (issuer, session_id, subject) DO UPDATE SET
                ended_at = CASE WHEN excluded.ended_at > ended_sessions.ended_at THEN excluded.ended_at ELSE ended_sessions.ended_at END,
                keep_until = excluded.keep_until
            """;
        var now = clock.GetUtcNow();
        // A cookie lives as long as session-lifetime, an access token less than a day.
        var keepUntil = now + options.Value.SignIn.SessionLifetime + TimeSpan.FromDays(1);
        await write.Connection.ExecuteAsync(Command(
            write, sql, new { ended.Issuer, ended.SessionId, ended.Subject, ended.At, now, keepUntil }, cancellationToken));
    }

    private static CommandDefinition Command(WriteTransaction write, string sql, object values, CancellationToken cancellationToken) =>
        new(sql, values, write.Transaction, cancellationToken: cancellationToken);

    private sealed record Ended(string Issuer, string SessionId, string Subject, DateTimeOffset At);

    private sealed record SignIn
    {
        public required DateTimeOffset StartedAt { get; init; }

        public required DateTimeOffset IssuedAt { get; init; }
    }
}
