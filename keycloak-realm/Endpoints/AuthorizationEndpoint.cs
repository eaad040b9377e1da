using KeycloakRealm.Pages;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Endpoints;

/// <summary>The authorization endpoint (RFC 6749, section 3.1; OpenID Connect Core 1.0, section 3.1.2).</summary>
internal static class AuthorizationEndpoint
{
    private const string PushedPrefix = "urn:ietf:params:oauth:request_uri:";

    public static Task GetAsync(HttpContext context, RealmSite site) => AuthorizeAsync(context, site, ProtocolForm.FromQuery(context.Request));

    public static async Task PostAsync(HttpContext context, RealmSite site) =>
        await AuthorizeAsync(context, site, await ProtocolForm.ReadAsync(context));

    /// <summary>Begins a sign-in from parameters that were checked once before.</summary>
    public static Task RestartAsync(HttpContext context, RealmSite site, ProtocolForm parameters, string message) =>
        AuthorizeAsync(context, site, parameters, message);

    private static async Task AuthorizeAsync(HttpContext context, RealmSite site, ProtocolForm parameters, string? message = null)
    {
        if (!site.Realm.Enabled)
        {
            await Answer.PageAsync(context, StatusCodes.Status400BadRequest, ErrorPage.Render(site, "Realm not enabled"));
            return;
        }

        var pushed = false;
        if (parameters["request_uri"] is { } uri && uri.StartsWith(PushedPrefix, StringComparison.Ordinal) && parameters["client_id"] is { } clientId)
        {
            if (site.Sessions.TakePushed(uri, clientId) is { } remembered)
            {
                parameters = new ProtocolForm(remembered);
                pushed = true;
            }
        }

        var reading = AuthorizationRequestReader.Read(site, parameters);
        if (reading.Request is not { } request)
        {
            await (reading.RedirectUri is { } redirectUri
                ? AuthorizationResponse.FailAsync(
                    context, site, reading.Client!, redirectUri, reading.ResponseMode, reading.State, reading.Error!, reading.Description)
                : Answer.PageAsync(context, reading.Status, ErrorPage.Render(site, reading.Error!, reading.Client)));
            return;
        }

        await ContinueAsync(context, site, request, parameters, pushed, message);
    }

    private static Task ContinueAsync(
        HttpContext context, RealmSite site, AuthorizationRequest request, ProtocolForm parameters, bool pushed, string? message)
    {
        var session = BrowserCookies.ReadIdentity(context, site);
        if (session is null && BrowserCookies.HasIdentity(context))
        {
            BrowserCookies.ClearIdentity(context, site);
        }

        var (authentication, isNew) = site.Sessions.OpenAuthentication(session?.Id ?? BrowserCookies.ReadAuthentication(context, site));
        if (isNew)
        {
            BrowserCookies.WriteAuthentication(context, site, authentication.Id, withHash: true);
        }

        Answer.SetCache(context, Answer.LoginCache);
        if (request.Prompts.Contains("create", StringComparer.Ordinal))
        {
            return Answer.PageAsync(context, StatusCodes.Status400BadRequest, ErrorPage.Render(site, "Registration not allowed", request.Client));
        }

        var fresh = session is not null && !request.Prompts.Contains("login", StringComparer.Ordinal) && IsRecent(site, session, request.MaxAge);
        
        // The cookie stays while another page of this browser is open that may need it.
        var hadRestart = BrowserCookies.HasRestart(context) && authentication.Tabs.Count == 0;
        var silent = request.Prompts.Contains("none", StringComparer.Ordinal);
        if (!silent)
        {
            BrowserCookies.WriteRestart(context, site, parameters);
        }

        if (fresh)
        {
            if (hadRestart)
            {
                BrowserCookies.ClearRestart(context, site);
            }

            site.Sessions.Enter(session!.Id, session.User, request.Client, reused: true);
            site.Sessions.CloseAuthentication(authentication);
            BrowserCookies.WriteIdentity(context, site, session);
            return AuthorizationResponse.SucceedAsync(context, site, request, session, reused: true);
        }

        if (silent)
        {
            if (hadRestart)
            {
                BrowserCookies.ClearRestart(context, site);
            }

            return AuthorizationResponse.FailAsync(
                context, site, request.Client, request.RedirectUri, request.ResponseMode, request.State, "login_required");
        }

        var tab = site.Sessions.OpenTab(authentication, request, session?.User);
        if (pushed)
        {
            // A pushed request leaves its one-time address before the page is shown, so that the page can be reloaded.
            return Answer.RedirectAsync(context, SignInEndpoint.Address(site, tab, withCode: false));
        }

        return Answer.PageAsync(
            context,
            StatusCodes.Status200OK,
            SignInPage.Render(site, tab, SignInEndpoint.Address(site, tab, withCode: true), request.LoginHint, alert: message));
    }

    private static bool IsRecent(RealmSite site, UserSession session, long? maxAge) =>
        maxAge is not { } seconds
        || (session.Notes.TryGetValue("AUTH_TIME", out var time)
            && long.TryParse(time, System.Globalization.CultureInfo.InvariantCulture, out var at)
            && at + seconds > site.Now);
}
