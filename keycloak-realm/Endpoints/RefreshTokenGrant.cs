using System.Text.Json.Nodes;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>RFC 6749, section 6.</summary>
internal static class RefreshTokenGrant
{
    public static GrantResult Grant(TokenEndpoint.Request request)
    {
        var (site, client, form, _) = request;
        if (form["refresh_token"] is not { } token)
        {
            return new(Refusal.BadRequest("invalid_request", "No refresh token"));
        }

        if (!ScopeSelection.IsValid(client, form["scope"]))
        {
            return new(Refusal.BadRequest("invalid_scope", $"Invalid scopes: {form["scope"]}"));
        }

        if (Read(site, token) is not { } claims)
        {
            return Invalid("Invalid refresh token");
        }

        if (Check(site, client, claims) is { } reason)
        {
            return Invalid(reason);
        }

        var offline = claims.Text("typ") is "Offline";
        if (site.Sessions.Find(claims.Text("sid"), offline) is not { } session)
        {
            return Invalid(offline ? "Offline user session not found" : "Session not active");
        }

        if (!session.User.Enabled)
        {
            return Invalid("User disabled");
        }

        if (claims.Number("iat") < session.User.NotBefore)
        {
            return Invalid("Stale token");
        }

        if (!session.Clients.TryGetValue(client.Id, out var part))
        {
            return Invalid("Session doesn't have required client");
        }

        if (!SessionLimits.IsAlive(site.Realm, session, part, site.Now))
        {
            return Invalid("Token is not active");
        }

        if (claims["cnf"] is JsonObject confirmation
            && confirmation.Text("jkt") is { } thumbprint
            && !string.Equals(thumbprint, request.KeyThumbprint, StringComparison.Ordinal))
        {
            return Invalid(request.KeyThumbprint is null ? "DPoP proof is missing" : "DPoP confirmation doesn't match DPoP proof");
        }

        var family = claims.Text("reuse_id");
        if (site.Sessions.UseRefreshToken(session, part, claims.Text("jti")!, family, claims.Number("iat") ?? 0) is { } refused)
        {
            return Invalid(refused);
        }

        var granted = claims.Text("scope") ?? "";
        var subject = new TokenSubject(client, session.User, offline ? granted : Narrow(granted, form["scope"]), session, part)
        {
            KeyThumbprint = request.KeyThumbprint,
            Permissions = claims["authorization"]?.DeepClone() as JsonObject,
        };
        var plan = new RefreshPlan(offline, IsRefresh: true, granted, family);
        return new(site.Tokens.Respond(subject, "rt", request.GivesRefreshTokens ? plan : null));
    }

    /// <summary>Expired or not.</summary>
    public static JsonObject? Read(RealmSite site, string? token)
    {
        var claims = site.Keys.Read(token, symmetric: true);
        return claims?.Text("typ") is "Refresh" or "Offline" && string.Equals(claims.Text("iss"), site.Issuer, StringComparison.Ordinal)
            ? claims
            : null;
    }

    /// <summary>The reason to refuse the token; its session is checked later.</summary>
    public static string? Check(RealmSite site, Client client, JsonObject claims)
    {
        if (!string.Equals(claims.Text("azp"), client.ClientId, StringComparison.Ordinal))
        {
            return "Invalid refresh token. Token client and authorized client don't match";
        }

        if (claims.Number("exp") is { } expires && expires < site.Now)
        {
            return "Token is not active";
        }

        return claims.Number("iat") < Math.Max(site.Realm.NotBefore, client.NotBefore) ? "Stale token" : null;
    }

    /// <summary>Optional scopes not asked for again are left out of this answer, but stay in the new refresh token.</summary>
    private static string Narrow(string granted, string? asked) => asked is null
        ? granted
        : string.Join(' ', granted.Split(' ').Where(name => ScopeSelection.Asks(asked, name)));

    private static GrantResult Invalid(string reason) => new(Refusal.BadRequest("invalid_grant", reason));
}
