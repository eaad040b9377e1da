using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>OpenID Connect Core 1.0, section 5.3.</summary>
internal static class UserInfoEndpoint
{
    public static Task GetAsync(HttpContext context, RealmSite site) => RespondAsync(context, site, formToken: null);

    public static async Task PostAsync(HttpContext context, RealmSite site)
    {
        var form = await ProtocolForm.ReadAsync(context);
        await RespondAsync(context, site, form["access_token"]);
    }

    private static async Task RespondAsync(HttpContext context, RealmSite site, string? formToken)
    {
        Answer.SetCache(context, Answer.NoStore);
        context.Response.Headers.Pragma = "no-cache";
        var (headerToken, bound) = TokenInspection.FromHeader(context);
        if (headerToken is not null && formToken is not null)
        {
            await RefuseAsync(
                context,
                site,
                StatusCodes.Status400BadRequest,
                "invalid_request",
                "More than one method used for including an access token");
            return;
        }

        if ((headerToken ?? formToken) is not { Length: > 0 } token)
        {
            await RefuseAsync(context, site, StatusCodes.Status401Unauthorized, error: null, description: null);
            return;
        }

        if (TokenInspection.ReadEvenRevoked(site, token) is not { } claims
            || !TokenInspection.IsAccessToken(claims)
            || (claims.Text("typ") is "DPoP" && !TokenInspection.IsHolder(context, site, bound, token, claims)))
        {
            await RefuseAsync(context, site, StatusCodes.Status401Unauthorized, "invalid_token", "Token verification failed");
            return;
        }

        if (site.Realm.FindClient(claims.Text("azp")) is { } client && !await Cors.AdmitsAsync(context, site, client))
        {
            return;
        }

        var (subject, reason) = TokenInspection.Resolve(site, claims);
        if (subject is null)
        {
            await RefuseAsync(context, site, StatusCodes.Status401Unauthorized, "invalid_token", reason);
        }
        else if (!subject.OpenId)
        {
            await RefuseAsync(context, site, StatusCodes.Status403Forbidden, "insufficient_scope", "Missing openid scope");
        }
        else if (TokenInspection.IsRevoked(site, claims))
        {
            // Checked last, because Keycloak reports a missing scope before a revocation.
            await RefuseAsync(context, site, StatusCodes.Status401Unauthorized, "invalid_token", "Token verification failed");
        }
        else if (subject.Client.LightweightAccessToken)
        {
            await RefuseAsync(
                context, site, StatusCodes.Status401Unauthorized, "invalid_token",
                "Lightweight access token not allowed for userinfo endpoint");
        }
        else
        {
            context.Response.Headers.Append("Cache-Control", "no-cache");
            await Answer.JsonAsync(context, StatusCodes.Status200OK, site.Tokens.UserInfo(subject));
        }
    }

    /// <summary>Errors are in the header alone (RFC 6750, section 3).</summary>
    private static Task RefuseAsync(HttpContext context, RealmSite site, int status, string? error, string? description)
    {
        Cors.AllowAny(context, exposeAuthenticate: true);
        var (_, bound) = TokenInspection.FromHeader(context);
        var challenge = bound
            ? $"DPoP algs=\"{DpopProof.Algorithms}\", realm=\"{site.Realm.Name}\""
            : $"Bearer realm=\"{site.Realm.Name}\"";
        if (error is not null)
        {
            challenge += $", error=\"{error}\", error_description=\"{description}\"";
        }

        context.Response.Headers.WWWAuthenticate = challenge;
        context.Response.ContentType = "text/plain;charset=utf-8";
        return Answer.EmptyAsync(context, status);
    }
}
