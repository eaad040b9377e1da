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
    ILogger<RealmLogout> logger)
{
    public async Task<SessionsEnded> EndAsync(Session session, Actor actor, CancellationToken cancellationToken)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["username"] = session.Username,
            ["startedAt"] = session.StartedAt,
        };
        // Before Keycloak is told: it is over here even if Keycloak does not answer.
        await ended.EndAsync(
            session.Issuer,
            session.SessionId is "" ? null : session.SessionId,
            session.Subject,
            actor,
            new AuditChange("session", session.Id.ToString(), "end", values, After: null),
            cancellationToken);
        try
        {
            return new SessionsEnded(session.Username, 1, await TellRealmAsync(session, cancellationToken) ? 0 : 1);
        }
        catch (RealmUnreachableException)
        {
            return new SessionsEnded(session.Username, 1, 1);
        }
    }

    public async Task<SessionsEnded> EndAllAsync(
        Guid accountId, string username, string issuer, string subject, Actor actor, CancellationToken cancellationToken)
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
                // Each further call would wait as long again.
                break;
            }
        }

        return new SessionsEnded(username, all.Count, all.Count - told);
    }

    // Keycloak's end session endpoint ends the session of a refresh token that is posted to it.
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
            request.Headers.Authorization =
                new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
            using var http = clients.CreateClient(KeycloakSetup.Backchannel);
            using var answer = await http.SendAsync(request, cancellationToken);
            if (!answer.IsSuccessStatusCode)
            {
                LogNotEnded((int)answer.StatusCode);
            }

            return answer.IsSuccessStatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException or RealmUnreachableException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
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
