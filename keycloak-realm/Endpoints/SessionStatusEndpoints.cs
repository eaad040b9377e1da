using KeycloakRealm.Model;
using KeycloakRealm.Pages;

namespace KeycloakRealm.Endpoints;

/// <summary>OpenID Connect Session Management 1.0, and the pages that find out whether a frame has its cookies.</summary>
internal static class SessionStatusEndpoints
{
    public static Task GetAsync(HttpContext context, RealmSite site)
    {
        // Keycloak lets browsers cache the page of its own version, and serves no other.
        if (context.Request.Query["version"].ToString() is { Length: > 0 })
        {
            return Answer.EmptyAsync(context, StatusCodes.Status404NotFound);
        }

        return FrameAsync(context, SessionStatusPages.Status);
    }

    public static Task InitAsync(HttpContext context, RealmSite site)
    {
        var query = context.Request.Query;
        var isAdmitted = site.Realm.FindClient(query["client_id"].ToString()) is { Enabled: true } client
            && Admits(site, client, query["origin"].ToString());
        return Answer.EmptyAsync(context, isAdmitted ? StatusCodes.Status204NoContent : StatusCodes.Status403Forbidden);
    }

    public static Task LeaveCookieAsync(HttpContext context, RealmSite site) => FrameAsync(context, SessionStatusPages.LeaveCookie(site));

    public static Task FindCookieAsync(HttpContext context, RealmSite site) => FrameAsync(context, SessionStatusPages.FindCookie(site));

    private static bool Admits(RealmSite site, Client client, string origin)
    {
        var allowed = RedirectUriRules.WebOrigins(client, site.ServerUrl);
        return string.Equals(origin, site.ServerUrl, StringComparison.Ordinal)
            || allowed.Contains("*", StringComparer.Ordinal)
            || allowed.Contains(origin, StringComparer.Ordinal);
    }

    private static Task FrameAsync(HttpContext context, string html)
    {
        Answer.SetCache(context, Answer.NeverCache);
        return Answer.FrameAsync(context, html);
    }
}
