using KeycloakRealm.Model;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Sessions;

/// <summary>OpenID Connect Back-Channel Logout 1.0; waits for the answers, as Keycloak does.</summary>
internal sealed partial class LogoutNotifier(TokenIssuer issuer, ILogger<LogoutNotifier> logger) : IDisposable
{
    // A relying party that does not answer must not block the logout for longer.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // No proxy and no redirects: the addresses are local to the developer's machine. No connection is reused, because a relying party
    // may have closed it, and a post is not retried.
    private readonly HttpClient _http = new(
        new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            PooledConnectionLifetime = TimeSpan.Zero,
        })
    {
        Timeout = Patience,
    };

    public Task NotifyAsync(UserSession session) =>
        Task.WhenAll(session.Clients.Values.Select(part => PostAsync(session, part.Client)));

    public void Dispose() => _http.Dispose();

    private async Task PostAsync(UserSession session, Client client)
    {
        if (client.Attribute("backchannel.logout.url") is not { } url)
        {
            return;
        }

        var address = url.StartsWith('/') ? client.RootUrl?.TrimEnd('/') + url : url;
        var sessionId = client.AttributeIs("backchannel.logout.session.required") ? session.Id : null;
        try
        {
            using var form = new FormUrlEncodedContent([new("logout_token", issuer.LogoutToken(client, session.User, sessionId))]);
            using var response = await _http.PostAsync(new Uri(address), form);
            if (!response.IsSuccessStatusCode)
            {
                LogRefused(client.ClientId, address, (int)response.StatusCode);
            }
        }
        catch (Exception exception) when (
            exception is HttpRequestException or TaskCanceledException or UriFormatException or NotSupportedException)
        {
            LogUnreachable(client.ClientId, address, exception.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Back-channel logout of {ClientId} at {Address} was answered with {Status}.")]
    private partial void LogRefused(string clientId, string address, int status);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Back-channel logout of {ClientId} did not reach {Address}: {Reason}")]
    private partial void LogUnreachable(string clientId, string address, string reason);
}
