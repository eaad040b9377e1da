using KeycloakRealm.Pages;
using KeycloakRealm.RequiredActions;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Endpoints;

/// <summary>Shows the next form of a sign-in, and takes what was sent with it.</summary>
internal static class SignInEndpoint
{
    private const string Expired = "Action expired. Please continue with login now.";

    public static Task GetAsync(HttpContext context, RealmSite site)
    {
        Answer.SetCache(context, Answer.LoginCache);
        var query = ProtocolForm.FromQuery(context.Request);
        var authenticationId = BrowserCookies.ReadAuthentication(context, site);
        if (site.Sessions.FindTab(authenticationId, query["tab_id"]) is not { } tab)
        {
            return LoginActions.LostAsync(context, site, query);
        }

        if (BrowserCookies.ReadIdentity(context, site) is { } session && AuthorizationEndpoint.MayPass(site, tab.Request, session))
        {
            if (PendingActions.HasAny(site, tab.Request, session.User))
            {
                tab.IsPassing = true;
                return RequiredActionEndpoint.AskAsync(context, site, tab, session.User);
            }

            if (site.Sessions.CloseTab(authenticationId!, tab) is not null)
            {
                var request = PendingActions.Settle(site.Realm, tab.Request, session.User);
                return AuthorizationEndpoint.PassAsync(
                    context, site, request, session, site.Sessions.OpenAuthentication(authenticationId).Authentication);
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
            await LoginActions.LostAsync(context, site, query);
            return;
        }

        if (!string.Equals(query["session_code"], tab.SessionCode, StringComparison.Ordinal))
        {
            // The form was sent before, or the page is from the browser's history.
            tab.Notice = Expired;
            await Answer.RedirectAsync(context, LoginActions.Address(site, tab, withCode: false, execution: LoginActions.Execution(site)));
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

        await SignInCompletion.ContinueAsync(context, site, authenticationId!, tab, user);
    }

    private static Task ShowAsync(
        HttpContext context, RealmSite site, AuthenticationTab tab, string? login, string? fieldError = null, string? alert = null)
    {
        tab.SessionCode = SessionStore.NewSessionCode();
        return Answer.PageAsync(
            context,
            StatusCodes.Status200OK,
            SignInPage.Render(site, tab, LoginActions.Address(site, tab, withCode: true), login, fieldError, alert));
    }
}
