using KeycloakRealm.Model;

namespace KeycloakRealm.Endpoints;

/// <summary>
/// Cross-origin requests. A preflight is granted to anyone; the request itself only to the client's web origins, and
/// anything else is refused outright instead of merely going without headers.
/// </summary>
internal static class Cors
{
    private const string AllowHeaders =
        "Origin, Access-Control-Request-Method, X-Requested-With, Accept, Access-Control-Request-Headers, DPoP, Content-Type, Authorization";

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

    /// <summary>Lets any origin read a public document.</summary>
    public static void AllowDocument(HttpContext context)
    {
        if (Origin(context) is { } origin)
        {
            context.Response.Headers.AccessControlAllowOrigin = origin;
            context.Response.Headers.AccessControlAllowCredentials = "true";
        }
    }

    /// <summary>Lets any origin read an error while no client is known.</summary>
    public static void AllowAny(HttpContext context, bool exposeAuthenticate = false)
    {
        if (Origin(context) is { } origin)
        {
            Allow(context, origin, exposeAuthenticate);
        }
    }

    /// <summary>False where the origin is none of the client's; the refusal is written then.</summary>
    public static async Task<bool> AdmitsAsync(HttpContext context, RealmSite site, Client client)
    {
        if (Origin(context) is not { } origin || string.Equals(origin, site.ServerUrl, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        var allowed = RedirectUriRules.WebOrigins(client, site.ServerUrl);
        if (allowed.Contains("*", StringComparer.Ordinal) || allowed.Contains(origin, StringComparer.Ordinal))
        {
            Allow(context, origin, exposeAuthenticate: false);
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
