using Dapper;
using KeycloakAccess.Data;
using Microsoft.AspNetCore.Authentication;

namespace KeycloakAccess.Authentication;

/// <summary>A session whose tokens this instance alone may ask for anew, until the claim ends.</summary>
internal sealed record ClaimedSession(Session Session, string Claim, DateTimeOffset ClaimedUntil);

internal enum ClaimResult
{
    Claimed,

    /// <summary>The session has newer tokens than those that were seen.</summary>
    Refreshed,

    /// <summary>Another instance asks for them.</summary>
    Busy,

    Ended,
}

/// <summary>
/// One refresh of a session at a time, on all instances: of a refresh token that is sent twice, Keycloak ends the session where it is set
/// to revoke them ("Revoke Refresh Token").
/// </summary>
internal sealed class SessionRefreshStore(Database database, SessionStore sessions, AuditLog audit, TimeProvider clock)
{
    /// <summary>How long a claim holds: longer than asking, and writing what came, ever takes.</summary>
    public static readonly TimeSpan ClaimFor = TimeSpan.FromSeconds(45);

    private const int LongestReason = 300;

    public async Task<(ClaimResult Result, ClaimedSession? Session)> TryClaimAsync(
        Guid id, DateTimeOffset tokensAt, CancellationToken cancellationToken)
    {
        const string claim = $"""
            UPDATE sessions SET refreshing_by = @by, refreshing_until = @until
            WHERE id = @id AND tokens_at = @tokensAt AND (refreshing_until IS NULL OR refreshing_until <= @now)
            RETURNING {SessionStore.Columns}
            """;
        const string look = "SELECT tokens_at FROM sessions WHERE id = @id";
        var now = clock.GetUtcNow();
        var values = new { id, tokensAt, by = Guid.NewGuid().ToString(), until = now + ClaimFor, now };
        return await database.WriteAsync<(ClaimResult, ClaimedSession?)>(
            async write =>
            {
                if (await write.Connection.QuerySingleOrDefaultAsync<Session>(
                    Command(write, claim, values, cancellationToken)) is { } session)
                {
                    await write.CommitAsync();
                    return (ClaimResult.Claimed, new ClaimedSession(session, values.by, values.until));
                }

                var newest = await write.Connection.QuerySingleOrDefaultAsync<DateTimeOffset?>(
                    Command(write, look, values, cancellationToken));
                return (newest is null ? ClaimResult.Ended : newest == tokensAt ? ClaimResult.Busy : ClaimResult.Refreshed, null);
            },
            cancellationToken);
    }

    /// <summary>Whether the session has newer tokens by now, still waits for them, or has ended.</summary>
    public async Task<ClaimResult> LookAsync(Guid id, DateTimeOffset tokensAt, CancellationToken cancellationToken)
    {
        const string sql = "SELECT tokens_at, refreshing_until FROM sessions WHERE id = @id";
        await using var connection = await database.OpenAsync(cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<Claim>(
            new CommandDefinition(sql, new { id }, cancellationToken: cancellationToken));
        return row is null ? ClaimResult.Ended
            : row.TokensAt != tokensAt ? ClaimResult.Refreshed
            : row.RefreshingUntil > clock.GetUtcNow() ? ClaimResult.Busy
            : ClaimResult.Claimed;
    }

    /// <summary>Lets others try, where the realm has not been reached.</summary>
    public Task ReleaseAsync(ClaimedSession claimed, CancellationToken cancellationToken) => database.WriteAsync(
        "UPDATE sessions SET refreshing_by = NULL, refreshing_until = NULL WHERE id = @Id AND refreshing_by = @Claim",
        new { claimed.Session.Id, claimed.Claim },
        cancellationToken);

    /// <summary>False where the session has ended meanwhile, or is another's to refresh.</summary>
    public Task<bool> WriteAsync(ClaimedSession claimed, RefreshedTokens tokens, CancellationToken cancellationToken)
    {
        // A realm that gives no new refresh token lets the old one be used again (RFC 6749, section 6).
        const string sql = """
            UPDATE sessions
            SET ticket = @ticket, refresh_token = COALESCE(@refreshToken, refresh_token), username = @username,
                tokens_at = @At, tokens_until = @Until, refreshable_until = @RefreshableUntil,
                refreshing_by = NULL, refreshing_until = NULL
            WHERE id = @Id AND refreshing_by = @Claim
            """;
        var kept = new AuthenticationProperties();
        kept.StoreTokens([new AuthenticationToken { Name = "id_token", Value = tokens.IdToken }]);
        var (ticket, refreshToken) = sessions.Protect(
            new AuthenticationTicket(tokens.User, kept, Schemes.Session), tokens.RefreshToken);
        var values = new
        {
            claimed.Session.Id,
            claimed.Claim,
            ticket,
            refreshToken,
            username = tokens.Identity.Username ?? tokens.Identity.Subject,
            tokens.Tokens.At,
            tokens.Tokens.Until,
            tokens.Tokens.RefreshableUntil,
        };
        return database.WriteAsync(
            async write =>
            {
                var count = await write.Connection.ExecuteAsync(Command(write, sql, values, cancellationToken));
                await write.CommitAsync();
                return count > 0;
            },
            cancellationToken);
    }

    /// <summary>
    /// Ends the session here alone: others of the same one at Keycloak may go on, and a sign-in without a question is nothing that has to
    /// be refused.
    /// </summary>
    public Task EndAsync(ClaimedSession claimed, string? because, CancellationToken cancellationToken)
    {
        var session = claimed.Session;
        var values = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["username"] = session.Username,
            ["startedAt"] = session.StartedAt,
        };
        return database.WriteAsync(
            async write =>
            {
                var removed = await SessionStore.RemoveAsync(
                    write,
                    "id = @Id AND refreshing_by = @Claim",
                    new { session.Id, claimed.Claim, now = clock.GetUtcNow() },
                    cancellationToken);
                if (removed.Count > 0 && because is not null)
                {
                    await audit.RecordAsync(
                        write.Connection,
                        write.Transaction,
                        new Actor(AccountId: null, "Keycloak", Actor.Service, RequestId: null, ShortText.Cut(because, LongestReason)),
                        new AuditChange("session", session.Id.ToString(), "end", values, After: null),
                        cancellationToken);
                }

                await write.CommitAsync();
            },
            cancellationToken);
    }

    /// <summary>
    /// Lets the next request of each session of a subject, or of the one that is named, ask for newer tokens first. Returns how many
    /// sessions these are. It does not commit.
    /// </summary>
    public Task<int> ExpireAsync(
        WriteTransaction write, string issuer, string subject, string? sessionId, CancellationToken cancellationToken)
    {
        const string sql = """
            UPDATE sessions SET tokens_until = CASE WHEN tokens_until > @now THEN @now ELSE tokens_until END
            WHERE issuer = @issuer AND subject = @subject AND (session_id = @session OR @session = '') AND expires_at > @now
            """;
        var values = new { issuer, subject, session = sessionId ?? "", now = clock.GetUtcNow() };
        return write.Connection.ExecuteAsync(Command(write, sql, values, cancellationToken));
    }

    private static CommandDefinition Command(WriteTransaction write, string sql, object values, CancellationToken cancellationToken) =>
        new(sql, values, write.Transaction, cancellationToken: cancellationToken);

    private sealed record Claim
    {
        public required DateTimeOffset TokensAt { get; init; }

        public DateTimeOffset? RefreshingUntil { get; init; }
    }
}
