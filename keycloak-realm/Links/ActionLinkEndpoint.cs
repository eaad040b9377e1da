using KeycloakRealm.Endpoints;
using KeycloakRealm.Pages;
using KeycloakRealm.RequiredActions;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Links;

/// <summary>Where the links lead. The sign-in goes on only in the browser that asked for the link.</summary>
internal static class ActionLinkEndpoint
{
    private const string NotThere = "An error occurred, please login again through your application.";
    private const string Used = "Action expired. Please continue with login now.";
    private const string Expired = "Action expired.";
    private const string Stale =
        "The link you clicked is an old stale link and is no longer valid. Maybe you have already verified your email.";

    public static Task GetAsync(HttpContext context, RealmSite site)
    {
        Answer.SetCache(context, Answer.LoginCache);
        var query = ProtocolForm.FromQuery(context.Request);
        if (query["key"] is not { } key)
        {
            return RefuseAsync(context, site, "Invalid Request");
        }

        if (ActionLink.Read(site, key) is not { } link)
        {
            return RefuseAsync(context, site, NotThere);
        }

        if (link.IsExpired(site))
        {
            return RefuseAsync(context, site, Expired);
        }

        return link.Kind is ActionLink.VerifyEmail ? VerifyAsync(context, site, link) : ResetAsync(context, site, link);
    }

    private static Task VerifyAsync(HttpContext context, RealmSite site, ActionLink link)
    {
        var user = link.User;
        if (!string.Equals(user.Email, link.Email, StringComparison.Ordinal))
        {
            return RefuseAsync(context, site, Stale);
        }

        if (user.EmailVerified)
        {
            return InformAsync(context, site, link, "Email address verified", "Your email address has been verified already.");
        }

        var tab = OwnTab(context, site, link);
        if (tab is null && !link.IsConfirmed)
        {
            return InformAsync(
                context, site, link, "Email address validation", $"Confirm validity of e-mail address {user.Email}.", link.Confirmed(site));
        }

        user.EmailVerified = true;
        user.FinishAction(VerifyEmail.Name);
        if (tab is not { Authenticated: not null })
        {
            return InformAsync(context, site, link, "Email address verified", "Your email address has been verified.");
        }

        tab.Actions.Finish(VerifyEmail.Name, "success");
        return SignInCompletion.ContinueAsync(context, site, link.Place.Authentication!, tab, user);
    }

    /// <summary>It may be opened until the password has been changed by it.</summary>
    private static Task ResetAsync(HttpContext context, RealmSite site, ActionLink link)
    {
        if (site.Sessions.IsRevoked(link.Id))
        {
            return RefuseAsync(context, site, Used);
        }

        if (!string.Equals(link.User.Email, link.Email, StringComparison.Ordinal))
        {
            return RefuseAsync(context, site, NotThere);
        }

        var authenticationId = link.Place.Authentication!;
        var tab = OwnTab(context, site, link);
        if (tab is null)
        {
            if (site.Sessions.FindTab(authenticationId, link.Place.Tab) is not { } first)
            {
                return RefuseAsync(context, site, Expired);
            }

            var (authentication, _) = site.Sessions.OpenAuthentication(id: null);
            BrowserCookies.WriteAuthentication(context, site, authentication.Id, withHash: true);
            tab = site.Sessions.OpenTab(
                authentication, first.Request, AuthorizationEndpoint.NewRun(site, first.Request));
            tab.EndsHere = true;
            authenticationId = authentication.Id;
        }

        tab.ResetLink = link;
        tab.Actions.Setup.Add(UpdatePassword.Name);
        return SignInCompletion.ContinueAsync(context, site, authenticationId, tab, link.User);
    }

    private static AuthenticationTab? OwnTab(HttpContext context, RealmSite site, ActionLink link) =>
        string.Equals(BrowserCookies.ReadAuthentication(context, site), link.Place.Authentication, StringComparison.Ordinal)
            ? site.Sessions.FindTab(link.Place.Authentication, link.Place.Tab)
            : null;

    private static Task RefuseAsync(HttpContext context, RealmSite site, string message) =>
        Answer.PageAsync(context, StatusCodes.Status400BadRequest, ErrorPage.Render(site, message));

    private static Task InformAsync(
        HttpContext context, RealmSite site, ActionLink link, string title, string message, string? onward = null) =>
        Answer.PageAsync(
            context, StatusCodes.Status200OK, InfoPage.Render(site, title, message, site.Realm.FindClient(link.ClientId), onward));
}
