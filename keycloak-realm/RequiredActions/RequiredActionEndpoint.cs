using KeycloakRealm.Endpoints;
using KeycloakRealm.Pages;

namespace KeycloakRealm.RequiredActions;

/// <summary>What somebody has to do after they have proved who they are.</summary>
internal static class RequiredActionEndpoint
{
    /// <summary>Consent is the only required action that is served; for others the page says what is missing.</summary>
    public static Task GetAsync(HttpContext context, RealmSite site)
    {
        Answer.SetCache(context, Answer.LoginCache);
        var query = ProtocolForm.FromQuery(context.Request);
        if (site.Sessions.FindTab(BrowserCookies.ReadAuthentication(context, site), query["tab_id"]) is not { Authenticated: { } user } tab)
        {
            return LoginActions.LostAsync(context, site, query);
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
}
