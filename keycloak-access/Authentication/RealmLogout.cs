using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using KeycloakAccess.Data;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>How many sessions are ended here, and of how many Keycloak's own may still be open since it could not be told.</summary>
internal sealed record SessionsEnded(string Username, int Ended, int Open)
{
    /// <summary>Of those that may be open, how many Keycloak is told of as soon as it answers.</summary>
    public int Queued { get; init; }
}

/// <summary>Which sessions have ended at Keycloak, and which will as soon as it answers.</summary>
internal sealed record ToldRealm(IReadOnlySet<Guid> Ended, IReadOnlySet<Guid> Queued);

/// <summary>Ends sessions here and at Keycloak, which would sign the browser in again without a question otherwise.</summary>
internal sealed partial class RealmLogout(
    SessionStore sessions,
    SessionLimits limits,
    EndedSessionStore ended,
    RealmLogoutStore queue,
    RealmMetadata metadata,
    IHttpClientFactory clients,
    IOptions<KeycloakOptions> options,
    TimeProvider clock,
    ILogger<RealmLogout> logger)
{
    /// <summary>How many sessions Keycloak is told of at a time.</summary>
    public const int AtOnce = 8;

    /// <summary>How long it takes at most to tell Keycloak of all.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public async Task<SessionsEnded> EndAsync(Session session, Guid? accountId, Actor actor, CancellationToken cancellationToken)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["accountId"] = accountId,
            ["username"] = session.Username,
            ["startedAt"] = session.StartedAt,
        };
        // Before Keycloak is told: it is over here even if Keycloak does not answer.
        await ended.EndAsync(
            session, (actor, new AuditChange("session", session.Id.ToString(), "end", values, After: null)), cancellationToken);
        var told = await TellRealmAsync([session]);
        return new SessionsEnded(session.Username, 1, 1 - told.Ended.Count) { Queued = told.Queued.Count };
    }

    public async Task<SessionsEnded> EndAllAsync(
        Guid accountId, string username, string issuer, string subject, Actor actor, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var all = await ended.EndAllAsync(issuer, subject, actor, Describe, cancellationToken);
        // Of a session that has run out here, Keycloak's may still be open.
        var told = await TellRealmAsync(all);
        return new SessionsEnded(
            username, all.Count(IsOpen), all.Count(session => IsOpen(session) && !told.Ended.Contains(session.Id)))
        {
            Queued = all.Count(session => IsOpen(session) && told.Queued.Contains(session.Id)),
        };

        AuditChange Describe(IReadOnlyList<Session> sessions)
        {
            var values = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["username"] = username,
                ["sessions"] = sessions.Count(IsOpen),
            };
            return new AuditChange("account", accountId.ToString(), "end-sessions", values, After: null);
        }

        bool IsOpen(Session session) => limits.EndOf(session.ExpiresAt, session.UsedAt) > now;
    }

    /// <summary>
    /// Tells Keycloak of sessions that have ended here, side by side. Whoever asked for it may go away meanwhile. What Keycloak does not
    /// answer is said again later, by <see cref="RealmLogoutQueue"/>.
    /// </summary>
    public async Task<ToldRealm> TellRealmAsync(IReadOnlyList<Session> all, TimeSpan? patience = null)
    {
        using var late = new CancellationTokenSource(patience ?? Patience, clock);
        var now = clock.GetUtcNow();
        var told = new ConcurrentDictionary<Guid, ToldSession>();
        try
        {
            await Parallel.ForEachAsync(
                all,
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = late.Token },
                async (session, cancellationToken) =>
                {
                    var (answer, reason) = await TryTellAsync(sessions.RefreshTokenOf(session), cancellationToken);
                    told[session.Id] = new ToldSession(session.Id, now, answer, reason);
                });
        }
        catch (OperationCanceledException)
        {
            // Those that nobody came to are told later.
        }

        var outcomes = all
            .Select(session => told.GetValueOrDefault(session.Id)
                ?? new ToldSession(session.Id, now, LogoutAnswer.Unknown, "no answer in time"))
            .ToList();
        if (outcomes.Find(outcome => outcome.Answer != LogoutAnswer.Ended) is { } missing)
        {
            LogNotTold(outcomes.Count(outcome => outcome.Answer != LogoutAnswer.Ended), missing.Reason!);
        }

        if (outcomes.Count > 0)
        {
            try
            {
                await queue.SettleAsync(outcomes, isFirst: true, CancellationToken.None);
            }
            catch (Exception exception) when (DatabaseOutage.IsOutage(exception) || DatabaseOutage.IsConflict(exception))
            {
                // They have ended here. Keycloak is told once more, which changes nothing there.
                LogNotSettled(exception.Message);
            }
        }

        return new ToldRealm(Of(LogoutAnswer.Ended), Of(LogoutAnswer.Unknown));

        HashSet<Guid> Of(LogoutAnswer answer) =>
            [.. outcomes.Where(outcome => outcome.Answer == answer).Select(outcome => outcome.Id)];
    }

    /// <summary>Says it again.</summary>
    public async Task<ToldSession> TellAsync(RealmLogoutEntry entry, CancellationToken cancellationToken)
    {
        var (answer, reason) = await TryTellAsync(sessions.Unprotect(entry.RefreshToken), cancellationToken);
        return new ToldSession(entry.Id, entry.QueuedAt, answer, reason);
    }

    // Keycloak's end session endpoint ends the session of a refresh token that is posted to it.
    private async Task<(LogoutAnswer Answer, string? Reason)> TryTellAsync(string? token, CancellationToken cancellationToken)
    {
        if (token is null)
        {
            return (LogoutAnswer.Refused, "there is no refresh token");
        }

        try
        {
            var configuration = await metadata.GetConfigurationAsync(cancellationToken);
            using var request = new HttpRequestMessage(HttpMethod.Post, configuration.EndSessionEndpoint)
            {
                Content = new FormUrlEncodedContent([KeyValuePair.Create("refresh_token", token)]),
            };
            request.Headers.Authorization = SignInClient.Credentials(options.Value.SignIn);
            using var http = clients.CreateClient(KeycloakSetup.Backchannel);
            using var answer = await http.SendAsync(request, cancellationToken);
            // To a client that it does not know, or is not to know now, Keycloak says nothing about the session.
            return (answer.IsSuccessStatusCode ? LogoutAnswer.Ended
                    : answer.StatusCode == HttpStatusCode.BadRequest ? LogoutAnswer.Refused
                    : LogoutAnswer.Unknown,
                answer.IsSuccessStatusCode ? null : string.Create(CultureInfo.InvariantCulture, $"HTTP {(int)answer.StatusCode}"));
        }
        catch (Exception exception) when (exception is HttpRequestException or RealmUnreachableException)
        {
            return (LogoutAnswer.Unknown, exception.Message.ReplaceLineEndings(" "));
        }
        catch (OperationCanceledException)
        {
            return (LogoutAnswer.Unknown, "no answer in time");
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} sessions have ended here and may still be open at Keycloak: {Reason}")]
    private partial void LogNotTold(int count, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What Keycloak said to the end of sessions could not be written: {Reason}")]
    private partial void LogNotSettled(string reason);
}
