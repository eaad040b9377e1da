using System.Text.Json.Nodes;
using KeycloakRealm.Account;
using KeycloakRealm.Admin;
using KeycloakRealm.Links;
using KeycloakRealm.Loading;
using KeycloakRealm.Pages;
using KeycloakRealm.RequiredActions;

namespace KeycloakRealm.Endpoints;

internal delegate Task RealmHandler(HttpContext context, RealmSite site);

internal static class RealmRouting
{
    private const string Oidc = "/realms/{realm}/protocol/openid-connect";

    public static void MapRealms(this IEndpointRouteBuilder routes, LiveRealms realms)
    {
        void Map(
            string path, RealmHandler? get = null, RealmHandler? post = null, string? preflight = null, bool otherwiseUnknown = false) =>
            routes.Map(path, context => DispatchAsync(context, realms.Current.Sites, get, post, preflight, otherwiseUnknown));

        Map("/realms/{realm}", get: RealmEndpoint.GetAsync);
        Map("/realms/{realm}/.well-known/openid-configuration", get: DiscoveryEndpoint.GetAsync, preflight: "GET", otherwiseUnknown: true);
        Map(
            "/realms/{realm}/.well-known/oauth-authorization-server",
            get: DiscoveryEndpoint.GetAsync,
            preflight: "GET",
            otherwiseUnknown: true);
        Map(
            "/.well-known/oauth-authorization-server/realms/{realm}",
            get: DiscoveryEndpoint.GetAsync,
            preflight: "GET",
            otherwiseUnknown: true);
        Map("/realms/{realm}/.well-known/uma2-configuration", get: DiscoveryEndpoint.GetUmaAsync, preflight: "GET", otherwiseUnknown: true);
        Map(Oidc + "/certs", get: CertsEndpoint.GetAsync, preflight: "GET");
        Map(Oidc + "/token", post: TokenEndpoint.PostAsync, preflight: "POST, OPTIONS");
        Map(Oidc + "/token/introspect", post: IntrospectionEndpoint.PostAsync);
        Map(Oidc + "/userinfo", get: UserInfoEndpoint.GetAsync, post: UserInfoEndpoint.PostAsync, preflight: "GET, HEAD, OPTIONS");
        Map(Oidc + "/revoke", post: RevocationEndpoint.PostAsync, preflight: "POST, OPTIONS");
        Map(Oidc + "/auth", get: AuthorizationEndpoint.GetAsync, post: AuthorizationEndpoint.PostAsync);
        Map(
            Oidc + "/registrations",
            get: AuthorizationEndpoint.GetRegistrationAsync,
            post: AuthorizationEndpoint.PostRegistrationAsync);
        Map(Oidc + "/auth/device", get: DeviceEndpoint.GetPageAsync, post: DeviceEndpoint.PostAsync, preflight: "POST, OPTIONS");
        Map("/realms/{realm}/device", get: DeviceEndpoint.GetPageAsync, post: DeviceEndpoint.PostPageAsync);
        Map("/realms/{realm}/device/status", get: DeviceEndpoint.GetStatusAsync, otherwiseUnknown: true);
        Map(Oidc + "/logout", get: LogoutEndpoint.GetAsync, post: LogoutEndpoint.PostAsync, preflight: "GET, HEAD, OPTIONS");
        Map(Oidc + "/logout/logout-confirm", post: LogoutEndpoint.ConfirmAsync);
        Map(Oidc + "/login-status-iframe.html", get: SessionStatusEndpoints.GetAsync);
        Map(Oidc + "/login-status-iframe.html/init", get: SessionStatusEndpoints.InitAsync);
        Map(Oidc + "/3p-cookies/step1.html", get: SessionStatusEndpoints.LeaveCookieAsync);
        Map(Oidc + "/3p-cookies/step2.html", get: SessionStatusEndpoints.FindCookieAsync);
        Map(Oidc + "/ext/par/request", post: PushedAuthorizationEndpoint.PostAsync);
        Map(Oidc + "/ext/ciba/auth", post: UnservedEndpoints.CibaAsync);
        Map("/realms/{realm}/clients-registrations/openid-connect", post: UnservedEndpoints.RegistrationAsync);
        Map("/realms/{realm}/authz/protection/resource_set", get: ProtectionEndpoint.FindAsync);
        Map("/realms/{realm}/authz/protection/resource_set/{resource}", get: ProtectionEndpoint.ReadAsync);
        Map("/realms/{realm}/authz/protection/permission", post: ProtectionEndpoint.TicketAsync);
        Map("/realms/{realm}/login-actions/authenticate", get: SignInEndpoint.GetAsync, post: SignInEndpoint.PostAsync);
        Map("/realms/{realm}/login-actions/registration", get: RegistrationEndpoint.GetAsync, post: RegistrationEndpoint.PostAsync);
        Map(
            "/realms/{realm}/login-actions/reset-credentials",
            get: ResetCredentialsEndpoint.GetAsync,
            post: ResetCredentialsEndpoint.PostAsync);
        Map("/realms/{realm}/login-actions/action-token", get: ActionLinkEndpoint.GetAsync);
        Map("/realms/{realm}/login-actions/consent", post: ConsentEndpoint.PostAsync);
        Map("/realms/{realm}/login-actions/restart", get: RestartEndpoint.GetAsync);
        Map("/realms/{realm}/login-actions/required-action", get: RequiredActionEndpoint.GetAsync, post: RequiredActionEndpoint.PostAsync);
        routes.MapGet("/", context => Answer.RedirectAsync(context, realms.Current.Sites.Values.First().ServerUrl + "/admin/"));
        routes.MapGet(PageParts.StylesheetPath, context =>
        {
            Answer.SetCache(context, "max-age=86400");
            return Answer.BytesAsync(context, StatusCodes.Status200OK, PageParts.Stylesheet, "text/css");
        });
        routes.MapAccount(realms);
        routes.MapAdministration(realms);
        routes.MapFallback("{**path}", context => UnknownAsync(context, realms.Current.Sites));
    }

    private static Task DispatchAsync(
        HttpContext context,
        IReadOnlyDictionary<string, RealmSite> sites,
        RealmHandler? get,
        RealmHandler? post,
        string? preflight,
        bool otherwiseUnknown)
    {
        if (!IsExact(context) || context.Request.RouteValues["realm"] is not string name || !sites.TryGetValue(name, out var site))
        {
            return UnknownAsync(context, sites);
        }

        var method = context.Request.Method;
        var handler = HttpMethods.IsGet(method) || HttpMethods.IsHead(method) ? get : HttpMethods.IsPost(method) ? post : null;
        if (handler is not null)
        {
            return handler(context, site);
        }

        if (HttpMethods.IsOptions(method))
        {
            if (preflight is not null)
            {
                return Cors.PreflightAsync(context, preflight);
            }

            context.Response.Headers.Allow = string.Join(
                ", ", new[] { "HEAD", get is null ? null : "GET", post is null ? null : "POST", "OPTIONS" }.OfType<string>());
            return Answer.EmptyAsync(context, StatusCodes.Status200OK);
        }

        if (otherwiseUnknown)
        {
            return UnknownAsync(context, sites);
        }

        return NotAllowedAsync(context, site);
    }

    public static Task NotAllowedAsync(HttpContext context, RealmSite site) => AcceptsHtml(context)
        ? Answer.PageAsync(
            context,
            StatusCodes.Status405MethodNotAllowed,
            ErrorPage.Render(site, "An internal server error has occurred"),
            language: false)
        : Answer.ErrorAsync(context, StatusCodes.Status405MethodNotAllowed, "HTTP 405 Method Not Allowed");

    /// <summary>Routing ignores case; Keycloak does not.</summary>
    private static bool IsExact(HttpContext context)
    {
        if (context.GetEndpoint() is not RouteEndpoint { RoutePattern: var pattern })
        {
            return true;
        }

        var segments = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < segments.Length && i < pattern.PathSegments.Count; i++)
        {
            if (pattern.PathSegments[i].Parts is [Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal]
                && !string.Equals(literal.Content, segments[i], StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    public static Task UnknownAsync(HttpContext context, IReadOnlyDictionary<string, RealmSite> sites)
    {
        var segments = context.Request.Path.Value?.Split('/', StringSplitOptions.RemoveEmptyEntries) ?? [];
        var realm = segments is ["realms", var name, ..]
            ? name
            : segments is [".well-known", "oauth-authorization-server", "realms", var other] ? other : null;
        var site = realm is null ? null : sites.GetValueOrDefault(realm);
        if (AcceptsHtml(context))
        {
            return Answer.PageAsync(context, StatusCodes.Status404NotFound, ErrorPage.Render(site, "Page not found"), language: false);
        }

        var error = segments is ["realms"]
            || (segments.Length > 0 && segments[0] is not ("realms" or "admin" or "resources" or ".well-known"))
            ? "Unable to find matching target resource method"
            : realm is not null && site is null ? "Realm does not exist" : "HTTP 404 Not Found";
        return Answer.JsonAsync(context, StatusCodes.Status404NotFound, new JsonObject { ["error"] = error });
    }

    private static bool AcceptsHtml(HttpContext context) =>
        context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal);
}
