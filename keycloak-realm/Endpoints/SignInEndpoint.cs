using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using KeycloakRealm.Model;
using KeycloakRealm.Pages;
using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

internal static class SignInEndpoint
{
    private const string NoCookie =
        "Restart login cookie not found. It may have expired; it may have been deleted or cookies are disabled in your browser. "
        + "If cookies are disabled then enable them. Click Back to Application to login again.";

    private const string TimedOut = "Your login attempt timed out. Login will start from the beginning.";
    private const string Expired = "Action expired. Please continue with login now.";

    public static string Address(
        RealmSite site, AuthenticationTab tab, bool withCode, string action = "authenticate", string? execution = null)
    {
        var parameters = new List<KeyValuePair<string, string>>();
        if (withCode)
        {
            parameters.Add(new("session_code", tab.SessionCode));
        }

        if (withCode || execution is not null)
        {
            parameters.Add(new("execution", execution ?? Execution(site)));
        }

        parameters.Add(new("client_id", tab.Request.Client.ClientId));
        parameters.Add(new("tab_id", tab.Id));
        parameters.Add(new("client_data", ClientData(tab.Request)));
        return $"{site.Issuer}/login-actions/{action}?{ProtocolForm.Encode(parameters)}";
    }

    public static Task GetAsync(HttpContext context, RealmSite site)
    {
        Answer.SetCache(context, Answer.LoginCache);
        var query = ProtocolForm.FromQuery(context.Request);
        var authenticationId = BrowserCookies.ReadAuthentication(context, site);
        if (site.Sessions.FindTab(authenticationId, query["tab_id"]) is not { } tab)
        {
            return LostAsync(context, site, query);
        }

        if (BrowserCookies.ReadIdentity(context, site) is { } session && AuthorizationEndpoint.MayPass(site, tab.Request, session))
        {
            if (ConsentEndpoint.Open(tab.Request, session.User).Count > 0)
            {
                tab.IsPassing = true;
                return ConsentEndpoint.AskAsync(context, site, tab, session.User);
            }

            if (site.Sessions.CloseTab(authenticationId!, tab) is not null)
            {
                return AuthorizationEndpoint.PassAsync(
                    context, site, tab.Request, session, site.Sessions.OpenAuthentication(authenticationId).Authentication);
            }
        }

        var notice = tab.Notice;
        tab.Notice = null;
        return ShowAsync(context, site, tab, tab.Request.LoginHint, alert: notice);
    }

    public static async Task PostAsync(HttpContext context, RealmSite site)
    {
        Answer.SetCache(context, Answer.LoginCache);
        var query = ProtocolForm.FromQuery(context.Request);
        var form = await ProtocolForm.ReadAsync(context);
        var authenticationId = BrowserCookies.ReadAuthentication(context, site);
        if (site.Sessions.FindTab(authenticationId, query["tab_id"]) is not { } tab)
        {
            await LostAsync(context, site, query);
            return;
        }

        if (!string.Equals(query["session_code"], tab.SessionCode, StringComparison.Ordinal))
        {
            // The form was sent before, or the page is from the browser's history.
            tab.Notice = Expired;
            await Answer.RedirectAsync(context, Address(site, tab, withCode: false, execution: Execution(site)));
            return;
        }

        var login = form["username"]?.Trim() ?? "";
        var user = tab.SignedIn ?? site.Realm.FindUserByLogin(login);
        if (user is not { ServiceAccountOf: null } || user.Password?.Matches(form["password"] ?? "") is not true)
        {
            await ShowAsync(
                context, site, tab, login, fieldError: tab.SignedIn is null ? "Invalid username or password." : "Invalid password.");
            return;
        }

        if (!user.Enabled)
        {
            await ShowAsync(context, site, tab, login, alert: "Account is disabled, contact your administrator.");
            return;
        }

        tab.SignedIn = user;
        tab.Levels.Complete(site.Now);
        if (tab.Levels.Next(site.Now) is not null)
        {
            // A higher level was requested, and needs another form.
            await ShowAsync(context, site, tab, login);
            return;
        }

        if (user.PendingAction(site.Realm) is { } action)
        {
            tab.Authenticated = user;
            await Answer.RedirectAsync(context, Address(site, tab, withCode: false, "required-action", action));
            return;
        }

        if (ConsentEndpoint.Open(tab.Request, user).Count > 0)
        {
            await ConsentEndpoint.AskAsync(context, site, tab, user);
            return;
        }

        await SucceedAsync(context, site, authenticationId!, tab, user);
    }

    /// <summary>Consent is the only required action that is served; for others the page says what is missing.</summary>
    public static Task RequiredActionAsync(HttpContext context, RealmSite site)
    {
        Answer.SetCache(context, Answer.LoginCache);
        var query = ProtocolForm.FromQuery(context.Request);
        if (site.Sessions.FindTab(BrowserCookies.ReadAuthentication(context, site), query["tab_id"]) is not { Authenticated: { } user } tab)
        {
            return LostAsync(context, site, query);
        }

        if (user.PendingAction(site.Realm) is null && query["execution"] is ConsentEndpoint.Action)
        {
            return ConsentEndpoint.ShowAsync(context, site, tab, user);
        }

        var action = user.PendingAction(site.Realm) ?? query["execution"];
        var message = action is "VERIFY_PROFILE"
            ? $"The account {user.Username} lacks e-mail, first name or last name. Add them to the realm file; Keycloak would ask "
                + "for them here."
            : $"The account {user.Username} has the required action {action}. Take it out of the realm file; Keycloak would ask for "
                + "it here.";
        return Answer.PageAsync(context, StatusCodes.Status200OK, ErrorPage.Render(site, message, tab.Request.Client));
    }

    public static async Task SucceedAsync(HttpContext context, RealmSite site, string authenticationId, AuthenticationTab tab, User user)
    {
        if (tab.IsPassing)
        {
            if (BrowserCookies.ReadIdentity(context, site) is { } known
                && known.User == user
                && site.Sessions.CloseTab(authenticationId, tab) is { } open)
            {
                if (open == 0)
                {
                    BrowserCookies.ClearRestart(context, site);
                }

                await AuthorizationEndpoint.PassAsync(
                    context, site, tab.Request, known, site.Sessions.OpenAuthentication(authenticationId).Authentication);
                return;
            }

            await LostAsync(context, site, ProtocolForm.FromQuery(context.Request));
            return;
        }

        if (site.Sessions.Find(authenticationId) is { } other && other.User != user)
        {
            await Answer.PageAsync(context, StatusCodes.Status400BadRequest, ErrorPage.Render(
                site,
                $"You are already authenticated as different user '{other.User.Username}' in this session. Please sign out first.",
                tab.Request.Client));
            return;
        }

        if (tab.Request.Acr.Essential.Count > 0
            && AuthorizationEndpoint.FlowOf(site, tab.Request).HasLevels
            && tab.Levels.Current < tab.Request.Acr.Level)
        {
            await Answer.PageAsync(context, StatusCodes.Status400BadRequest, ErrorPage.Render(
                site, "Authentication requirements not fulfilled", tab.Request.Client));
            return;
        }

        if (site.Sessions.CloseTab(authenticationId, tab) is not { } openTabs)
        {
            await LostAsync(context, site, ProtocolForm.FromQuery(context.Request));
            return;
        }

        var isNew = site.Sessions.Find(authenticationId) is null;
        var (session, part) = site.Sessions.Enter(authenticationId, user, tab.Request.Client, reused: false, RemoteAddress.Of(context));
        part.Nonce = tab.Request.Nonce;
        part.BeganOffline = isNew && ScopeSelection.AsksOffline(tab.Request.Client, tab.Request.Scope);
        session.Levels = tab.Levels.Reached;
        session.Notes["AUTH_TIME"] = site.Now.ToString(CultureInfo.InvariantCulture);
        if (openTabs == 0)
        {
            BrowserCookies.ClearRestart(context, site);
        }

        BrowserCookies.WriteIdentity(context, site, session);
        await AuthorizationResponse.SucceedAsync(context, site, tab.Request, session, reused: false, tab.Levels.Current);
    }

    private static Task ShowAsync(
        HttpContext context, RealmSite site, AuthenticationTab tab, string? login, string? fieldError = null, string? alert = null)
    {
        tab.SessionCode = SessionStore.NewSessionCode();
        return Answer.PageAsync(
            context,
            StatusCodes.Status200OK,
            SignInPage.Render(site, tab, Address(site, tab, withCode: true), login, fieldError, alert));
    }

    /// <summary>A sign-in that is over or unknown restarts, unless the user is signed in by now and can return to the client.</summary>
    public static Task LostAsync(HttpContext context, RealmSite site, ProtocolForm query)
    {
        var client = site.Realm.FindClient(query["client_id"]);
        if (BrowserCookies.ReadIdentity(context, site) is not null
            && client is not null
            && ReadClientData(query["client_data"]) is { } data
            && data.Text("ru") is { } redirectUri
            && RedirectUriRules.IsRegistered(client, site.ServerUrl, redirectUri))
        {
            var target = new ResponseTarget(client, redirectUri, data.Text("rm") ?? "query", data.Text("st"));
            return AuthorizationResponse.FailAsync(context, site, target, "temporarily_unavailable", "authentication_expired");
        }

        return BrowserCookies.ReadRestart(context, site) is { } parameters
            ? AuthorizationEndpoint.RestartAsync(context, site, parameters, TimedOut)
            : Answer.PageAsync(context, StatusCodes.Status400BadRequest, ErrorPage.Render(site, NoCookie, client));
    }

    private static string Execution(RealmSite site) => Import.StableId.For(site.Realm.Name, "execution", "auth-username-password-form");

    private static string ClientData(AuthorizationRequest request)
    {
        var data = new JsonObject { ["ru"] = request.RedirectUri, ["rt"] = request.ResponseType };
        if (request.ResponseMode is not "query")
        {
            data["rm"] = request.ResponseMode;
        }

        if (request.State is { } state)
        {
            data["st"] = state;
        }

        return Base64Url.Encode(Json.Bytes(data));
    }

    private static JsonObject? ReadClientData(string? text)
    {
        if (text is null || !Base64Url.TryDecode(text, out var bytes))
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(bytes) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
