using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using KeycloakAccess.Data;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>How many sessions are ended here, and of how many Keycloak's own may still be open since it could not be told.</summary>
internal sealed record SessionsEnded(string Username, int Ended, int Open);

/// <summary>Ends sessions here and at Keycloak, which would sign the browser in again without a question otherwise.</summary>
internal sealed partial class RealmLogout(
    SessionStore sessions,
    EndedSessionStore ended,
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
        return new SessionsEnded(session.Username, 1, 1 - (await TellRealmAsync([session])).Count);
    }

    public async Task<SessionsEnded> EndAllAsync(
        Guid accountId, string username, string issuer, string subject, Actor actor, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var all = await ended.EndAllAsync(issuer, subject, actor, Describe, cancellationToken);
        // Of a session that has run out here, Keycloak's may still be open.
        var told = await TellRealmAsync(all);
        return new SessionsEnded(username, all.Count(IsOpen), all.Count(session => IsOpen(session) && !told.Contains(session.Id)));

        AuditChange Describe(IReadOnlyList<Session> sessions)
        {
            var values = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["username"] = username,
                ["sessions"] = sessions.Count(IsOpen),
            };
            return new AuditChange("account", accountId.ToString(), "end-sessions", values, After: null);
        }

        bool IsOpen(Session session) => session.ExpiresAt > now;
    }

    /// <summary>
    /// Tells Keycloak of sessions that have ended here, side by side. Whoever asked for it may go away meanwhile. Returns those that
    /// have ended there too.
    /// </summary>
    public async Task<IReadOnlySet<Guid>> TellRealmAsync(IReadOnlyList<Session> all)
    {
        using var late = new CancellationTokenSource(Patience, clock);
        var told = new ConcurrentDictionary<Guid, bool>();
        string? reason = null;
        try
        {
            await Parallel.ForEachAsync(
                all,
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = late.Token },
                async (session, cancellationToken) =>
                {
                    if (await TryTellAsync(session, cancellationToken) is { } mistake)
                    {
                        reason = mistake;
                        return;
                    }

                    told[session.Id] = true;
                });
        }
        catch (OperationCanceledException)
        {
            reason ??= $"no answer within {Patience.TotalSeconds:0} seconds";
        }

        if (reason is not null)
        {
            LogNotTold(all.Count - told.Count, reason);
        }

        return told.Keys.ToHashSet();
    }

    // Keycloak's end session endpoint ends the session of a refresh token that is posted to it.
    private async Task<string?> TryTellAsync(Session session, CancellationToken cancellationToken)
    {
        if (sessions.RefreshTokenOf(session) is not { } token)
        {
            return "there is no refresh token";
        }

        try
        {
            var configuration = await metadata.GetConfigurationAsync(cancellationToken);
            using var request = new HttpRequestMessage(HttpMethod.Post, configuration.EndSessionEndpoint)
            {
                Content = new FormUrlEncodedContent([KeyValuePair.Create("refresh_token", token)]),
            };
            // RFC 6749, section 2.3.1: both are form-encoded before they are put together.
            var signIn = options.Value.SignIn;
            var credentials = $"{Uri.EscapeDataString(signIn.Resource)}:{Uri.EscapeDataString(signIn.Secret ?? "")}";
            request.Headers.Authorization =
                new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
            using var http = clients.CreateClient(KeycloakSetup.Backchannel);
            using var answer = await http.SendAsync(request, cancellationToken);
            return answer.IsSuccessStatusCode ? null : $"HTTP {(int)answer.StatusCode}";
        }
        catch (Exception exception) when (exception is HttpRequestException or RealmUnreachableException)
        {
            return exception.Message;
        }
        catch (OperationCanceledException)
        {
            return "no answer in time";
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} sessions have ended here and may still be open at Keycloak: {Reason}")]
    private partial void LogNotTold(int count, string reason);
}
