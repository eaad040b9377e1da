using System.Net.Http.Headers;
using System.Text;
using KeycloakAccess.Data;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>How the end of sessions went.</summary>
/// <param name="Ended">How many are ended here.</param>
/// <param name="Open">Of how many Keycloak's own session may still be open: it could not be told, or took it for an old one.</param>
internal sealed record SessionsEnded(int Ended, int Open);

/// <summary>
/// Ends sessions of others, or of one's own in other browsers: here from the next request on, on every instance, and at
/// Keycloak, which then tells every other application of the session. Without the latter the browser would be signed in
/// again without a question.
/// </summary>
internal sealed partial class RealmLogout(
    SessionStore sessions, EndedSessionStore ended, RealmMetadata metadata, IHttpClientFactory clients, IOptions<KeycloakOptions> options, ILogger<RealmLogout> logger)
{
    /// <summary>Ends one session, and records who did.</summary>
    public async Task<SessionsEnded> EndAsync(Session session, Actor actor, CancellationToken cancellationToken)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["username"] = session.Username,
            ["startedAt"] = session.StartedAt,
        };
        // Here first: it must be over here even if Keycloak takes its time.
        await ended.EndAsync(
            session.Issuer,
            session.SessionId is "" ? null : session.SessionId,
            session.Subject,
            actor,
            new AuditChange("session", session.Id.ToString(), "end", values, After: null),
            cancellationToken);
        try
        {
            return new SessionsEnded(1, await TellRealmAsync(session, cancellationToken) ? 0 : 1);
        }
        catch (RealmUnreachableException)
        {
            return new SessionsEnded(1, 1);
        }
    }

    /// <summary>Ends every session of an account, and what tokens of it are still around for people; and records who did.</summary>
    public async Task<SessionsEnded> EndAllAsync(Guid accountId, string username, string issuer, string subject, Actor actor, CancellationToken cancellationToken)
    {
        var all = await sessions.ListOfAsync(issuer, subject, cancellationToken);
        var values = new Dictionary<string, object?>(StringComparer.Ordinal) { ["username"] = username, ["sessions"] = all.Count };
        await ended.EndAsync(
            issuer,
            sessionId: null,
            subject,
            actor,
            new AuditChange("account", accountId.ToString(), "end-sessions", values, After: null),
            cancellationToken);
        var told = 0;
        foreach (var session in all)
        {
            try
            {
                told += await TellRealmAsync(session, cancellationToken) ? 1 : 0;
            }
            catch (RealmUnreachableException)
            {
                // It will not hear of the others either, and whoever waits has waited long enough.
                break;
            }
        }

        return new SessionsEnded(all.Count, all.Count - told);
    }

    // Keycloak ends the session that a refresh token belongs to, for whoever holds it (its documentation calls it the
    // logout endpoint for clients that have no browser at hand).
    private async Task<bool> TellRealmAsync(Session session, CancellationToken cancellationToken)
    {
        if (sessions.RefreshTokenOf(session) is not { } token)
        {
            return false;
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
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
            using var http = clients.CreateClient(KeycloakSetup.Backchannel);
            using var answer = await http.SendAsync(request, cancellationToken);
            if (!answer.IsSuccessStatusCode)
            {
                LogNotEnded((int)answer.StatusCode);
            }

            return answer.IsSuccessStatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException or RealmUnreachableException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogNotTold(exception.Message);
            throw new RealmUnreachableException(exception.Message, exception);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Keycloak answered {Status} when a session was to be ended there. It is ended here")]
    private partial void LogNotEnded(int status);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Keycloak could not be told that a session has ended here: {Reason}")]
    private partial void LogNotTold(string reason);
}
