using KeycloakRealm.Flows;
using KeycloakRealm.Pages;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Endpoints;

/// <summary>Shows the next form of a sign-in, and takes what was sent with it.</summary>
internal static class SignInEndpoint
{
    public static Task GetAsync(HttpContext context, RealmSite site)
    {
        Answer.SetCache(context, Answer.LoginCache);
        var query = ProtocolForm.FromQuery(context.Request);
        var authenticationId = BrowserCookies.ReadAuthentication(context, site);
        if (site.Sessions.FindTab(authenticationId, query["tab_id"]) is not { } tab)
        {
            return LoginActions.LostAsync(context, site, query);
        }

        var step = tab.Run.Begin(AuthorizationEndpoint.RequestFor(site, tab.Request, BrowserCookies.ReadIdentity(context, site)));
        return AnswerAsync(context, site, authenticationId!, tab, step);
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
            await LoginActions.RepeatAsync(context, site, tab);
            return;
        }

        var request = AuthorizationEndpoint.RequestFor(site, tab.Request, BrowserCookies.ReadIdentity(context, site)) with { Form = form };
        await AnswerAsync(context, site, authenticationId!, tab, tab.Run.Act(request));
    }

    // step: null where the flow is complete.
    public static Task AnswerAsync(HttpContext context, RealmSite site, string authenticationId, AuthenticationTab tab, FlowStep? step)
    {
        if (step is null)
        {
            tab.IsPassing = tab.Run.Session is not null;
            return SignInCompletion.ContinueAsync(context, site, authenticationId, tab, tab.Run.User!);
        }

        if (step is not Shown shown)
        {
            var (status, message) = FlowMessages.Of(step);
            return Answer.PageAsync(context, status, ErrorPage.Render(site, message, tab.Request.Client));
        }

        var notice = tab.Notice;
        tab.Notice = null;
        tab.SessionCode = SessionStore.NewSessionCode();
        return Answer.PageAsync(
            context,
            StatusCodes.Status200OK,
            SignInForms.Render(site, tab, LoginActions.Address(site, tab, withCode: true), shown with { Alert = shown.Alert ?? notice }));
    }
}
