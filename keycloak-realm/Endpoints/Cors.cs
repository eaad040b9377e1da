using KeycloakRealm.Model;

namespace KeycloakRealm.Endpoints;

/// <summary>As in Keycloak, any preflight is granted, but a request from an origin that is not the client's is refused with 403.</summary>
internal static class Cors
{
    private const string AllowHeaders =
        "Origin, Access-Control-Request-Method, X-Requested-With, Accept, Access-Control-Request-Headers, DPoP, Content-Type, "
            + "Authorization";

    public static Task PreflightAsync(HttpContext context, string methods)
    {
        if (Origin(context) is { } origin)
        {
            var headers = context.Response.Headers;
            headers.AccessControlAllowOrigin = origin;
            headers.AccessControlAllowMethods = methods;
            headers.AccessControlAllowCredentials = "true";
            headers.AccessControlAllowHeaders = AllowHeaders;
            headers.AccessControlMaxAge = "3600";
        }

        return Answer.EmptyAsync(context, StatusCodes.Status200OK);
    }

    public static void AllowDocument(HttpContext context)
    {
        if (Origin(context) is { } origin)
        {
            context.Response.Headers.AccessControlAllowOrigin = origin;
            context.Response.Headers.AccessControlAllowCredentials = "true";
        }
    }

    /// <summary>For errors before the client is known.</summary>
    public static void AllowAny(HttpContext context, bool exposeAuthenticate = false)
    {
        if (Origin(context) is { } origin)
        {
            Allow(context, origin, exposeAuthenticate);
        }
    }

    /// <summary>False if the origin is not the client's; the refusal is written then.</summary>
    public static async Task<bool> AdmitsAsync(HttpContext context, RealmSite site, Client client, bool exposesMethods = true)
    {
        if (Origin(context) is not { } origin || string.Equals(origin, site.ServerUrl, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        var allowed = RedirectUriRules.WebOrigins(client, site.ServerUrl);
        if (allowed.Contains("*", StringComparer.Ordinal) || allowed.Contains(origin, StringComparer.Ordinal))
        {
            Allow(context, origin, exposeAuthenticate: false);
            if (!exposesMethods)
            {
                context.Response.Headers.AccessControlExposeHeaders = default;
            }

            return true;
        }

        await Answer.ErrorAsync(context, StatusCodes.Status403Forbidden, "Invalid origin");
        return false;
    }

    private static string? Origin(HttpContext context) =>
        context.Request.Headers.Origin.ToString() is { Length: > 0 } origin ? origin : null;

    private static void Allow(HttpContext context, string origin, bool exposeAuthenticate)
    {
        var headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = origin;
        headers.AccessControlExposeHeaders = "Access-Control-Allow-Methods" + (exposeAuthenticate ? ", WWW-Authenticate" : "");
        headers.AccessControlAllowCredentials = "true";
    }
}
