namespace KeycloakRealm.Endpoints;

/// <summary>
/// The sign-in from its beginning, for the same request of the client. Who was signed in is signed out, and may be somebody else.
/// </summary>
internal static class RestartEndpoint
{
    public static async Task GetAsync(HttpContext context, RealmSite site)
    {
        Answer.SetCache(context, Answer.LoginCache);
        var query = ProtocolForm.FromQuery(context.Request);
        var authenticationId = BrowserCookies.ReadAuthentication(context, site);
        if (site.Sessions.FindTab(authenticationId, query["tab_id"]) is not { } tab)
        {
            await LoginActions.LostAsync(context, site, query);
            return;
        }

        if (query["skip_logout"] is not "true" && site.Sessions.End(authenticationId) is { } session)
        {
            BrowserCookies.ClearIdentity(context, site);
            await site.Notifier.NotifyAsync(session);
        }

        var authentication = site.Sessions.OpenAuthentication(authenticationId).Authentication;
        var again = site.Sessions.OpenTab(authentication, tab.Request, AuthorizationEndpoint.NewRun(site, tab.Request));
        site.Sessions.CloseTab(authenticationId!, tab);
        await Answer.RedirectAsync(context, LoginActions.Address(site, again, withCode: false));
    }
}
