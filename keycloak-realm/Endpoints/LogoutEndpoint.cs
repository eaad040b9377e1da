using KeycloakRealm.Model;
using KeycloakRealm.Pages;
using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>OpenID Connect RP-Initiated Logout 1.0, and Keycloak's older logout with a refresh token.</summary>
internal static class LogoutEndpoint
{
    public static Task GetAsync(HttpContext context, RealmSite site) =>
        BrowserLogoutAsync(context, site, ProtocolForm.FromQuery(context.Request));

    public static async Task PostAsync(HttpContext context, RealmSite site)
    {
        var form = await ProtocolForm.ReadAsync(context);
        await (form["refresh_token"] is { } token
            ? TokenLogoutAsync(context, site, form, token)
            : BrowserLogoutAsync(context, site, form));
    }

    public static async Task ConfirmAsync(HttpContext context, RealmSite site)
    {
        Answer.SetCache(context, Answer.NoCache);
        var query = ProtocolForm.FromQuery(context.Request);
        var form = await ProtocolForm.ReadAsync(context);
        if (site.Sessions.TakeLogout(query["tab_id"], form["session_code"]) is not { } logout || form["confirmLogout"] is null)
        {
            await Answer.PageAsync(context, StatusCodes.Status400BadRequest, ErrorPage.Render(site, "Logout failed"));
            return;
        }

        var session = BrowserCookies.ReadIdentity(context, site);
        site.Sessions.CloseAuthentication(
            site.Sessions.OpenAuthentication(BrowserCookies.ReadAuthentication(context, site)).Authentication);
        await FinishAsync(context, site, session?.Id, logout.Client, logout.RedirectUri, logout.State);
    }

    private static async Task BrowserLogoutAsync(HttpContext context, RealmSite site, ProtocolForm parameters)
    {
        Answer.SetCache(context, Answer.NoCache);
        var hint = parameters["id_token_hint"];
        var clientId = parameters["client_id"];
        var redirectUri = parameters["post_logout_redirect_uri"];
        if (redirectUri is not null && hint is null && clientId is null)
        {
            await RefuseAsync(context, site, "Missing parameters: id_token_hint", client: null);
            return;
        }

        string? sessionId = null;
        if (hint is not null)
        {
            // An expired ID token is accepted as a hint.
            var claims = site.Keys.Read(hint, symmetric: false);
            if (claims?.Text("typ") is not "ID"
                || !string.Equals(claims.Text("iss"), site.Issuer, StringComparison.Ordinal)
                || (clientId is not null && !string.Equals(clientId, claims.Text("azp"), StringComparison.Ordinal)))
            {
                await RefuseAsync(context, site, "Invalid parameter: id_token_hint", client: null);
                return;
            }

            clientId = claims.Text("azp");
            sessionId = claims.Text("sid");
        }

        var client = site.Realm.FindClient(clientId);
        if (redirectUri is not null && (client is null || !RedirectUriRules.IsPostLogoutUri(client, site.ServerUrl, redirectUri)))
        {
            await RefuseAsync(context, site, "Invalid redirect uri", client);
            return;
        }

        var (authentication, isNew) = site.Sessions.OpenAuthentication(BrowserCookies.ReadAuthentication(context, site));
        if (isNew)
        {
            BrowserCookies.WriteAuthentication(context, site, authentication.Id, withHash: false);
        }

        // Without a hint, or with one for another session than the browser's, the user is asked.
        var current = BrowserCookies.ReadIdentity(context, site);
        var mustAsk = hint is null
            ? redirectUri is null || current is not null
            : current is not null && !string.Equals(current.Id, sessionId, StringComparison.Ordinal);
        if (mustAsk)
        {
            var logout = new PendingLogout(
                SessionStore.NewSessionId()[..11],
                SessionStore.NewSessionCode(),
                client ?? site.Realm.FindClient("account") ?? site.Realm.Clients.Values.First(),
                redirectUri,
                parameters["state"]);
            site.Sessions.AddLogout(logout);
            await Answer.PageAsync(context, StatusCodes.Status200OK, LogoutPages.Confirm(site, logout, client));
            return;
        }

        site.Sessions.CloseAuthentication(authentication);
        await FinishAsync(context, site, sessionId, client, redirectUri, parameters["state"]);
    }

    private static async Task FinishAsync(
        HttpContext context, RealmSite site, string? sessionId, Client? client, string? redirectUri, string? state)
    {
        if (BrowserCookies.ReadIdentity(context, site) is { } current && string.Equals(current.Id, sessionId, StringComparison.Ordinal))
        {
            BrowserCookies.ClearIdentity(context, site);
        }

        var target = redirectUri;
        if (target is not null && state is not null)
        {
            target += (target.Contains('?', StringComparison.Ordinal) ? '&' : '?') + ProtocolForm.Encode([new("state", state)]);
        }

        var ended = site.Sessions.End(sessionId);
        if (ended is not null)
        {
            await site.Notifier.NotifyAsync(ended);
            var frames = FrontChannel(site, ended);
            if (frames.Count > 0)
            {
                var hosts = string.Join(' ', frames.Select(frame => new Uri(frame.Url).Authority).Distinct(StringComparer.Ordinal));
                context.Response.Headers.ContentSecurityPolicy = $"frame-src 'self' {hosts} ; frame-ancestors 'self'; object-src 'none';";
                await Answer.PageAsync(context, StatusCodes.Status200OK, LogoutPages.FrontChannel(site, frames, target));
                return;
            }
        }

        await (target is null
            ? Answer.PageAsync(context, StatusCodes.Status200OK, LogoutPages.Done(site, client))
            : Answer.RedirectAsync(context, target));
    }

    /// <summary>OpenID Connect Front-Channel Logout 1.0.</summary>
    private static List<(string Name, string Url)> FrontChannel(RealmSite site, UserSession session)
    {
        var frames = new List<(string Name, string Url)>();
        foreach (var client in session.Clients.Values.Select(part => part.Client))
        {
            if (!client.FrontchannelLogout || client.Attribute("frontchannel.logout.url") is not { } url)
            {
                continue;
            }

            if (client.Attribute("frontchannel.logout.session.required") is not "false")
            {
                url += (url.Contains('?', StringComparison.Ordinal) ? '&' : '?')
                    + ProtocolForm.Encode([new("sid", session.Id), new("iss", site.Issuer)]);
            }

            if (Uri.TryCreate(url, UriKind.Absolute, out _))
            {
                frames.Add((client.Name ?? client.ClientId, url));
            }
        }

        return frames;
    }

    private static async Task TokenLogoutAsync(HttpContext context, RealmSite site, ProtocolForm form, string token)
    {
        var authentication = ClientAuthentication.Authenticate(context, site, form);
        if (authentication.Client is not { } client)
        {
            Cors.AllowAny(context);
            await Answer.ErrorAsync(context, authentication.Refusal!);
            return;
        }

        if (!await Cors.AdmitsAsync(context, site, client))
        {
            return;
        }

        var claims = RefreshTokenGrant.Read(site, token);
        if (claims is null)
        {
            await Answer.ErrorAsync(context, Refusal.BadRequest("invalid_grant", "Invalid refresh token"));
            return;
        }

        if (RefreshTokenGrant.Check(site, client, claims) is { } reason and not "Token is not active")
        {
            await Answer.ErrorAsync(context, Refusal.BadRequest("invalid_grant", reason));
            return;
        }

        if (claims.Text("typ") is "Offline")
        {
            if (site.Sessions.Find(claims.Text("sid"), offline: true) is { } offline)
            {
                site.Sessions.Detach(offline, client, endIfLast: true);
            }
        }
        else if (site.Sessions.End(claims.Text("sid")) is { } session)
        {
            await site.Notifier.NotifyAsync(session);
        }

        Answer.SetCache(context, Answer.NoCache);
        await Answer.EmptyAsync(context, StatusCodes.Status204NoContent);
    }

    private static Task RefuseAsync(HttpContext context, RealmSite site, string message, Client? client) =>
        Answer.PageAsync(context, StatusCodes.Status400BadRequest, ErrorPage.Render(site, message, client));
}
