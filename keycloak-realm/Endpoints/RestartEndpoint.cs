namespace KeycloakRealm.Endpoints;

/// <summary>Where the page for an expired form leads: the sign-in from its beginning, for the same request of the client.</summary>
internal static class RestartEndpoint
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

        var session = BrowserCookies.ReadIdentity(context, site);
        var again = site.Sessions.OpenTab(
            site.Sessions.OpenAuthentication(authenticationId).Authentication,
            tab.Request,
            session?.User,
            AuthorizationEndpoint.LevelsFor(site, tab.Request, session),
            notice: null);
        site.Sessions.CloseTab(authenticationId!, tab);
        return Answer.RedirectAsync(context, LoginActions.Address(site, again, withCode: false));
    }
}
