using System.Text.Json.Nodes;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

internal static class TokenInspection
{
    private const string Dpop = "DPoP ";

    /// <summary>Null if the token is forged, expired, revoked or older than a not-before.</summary>
    public static JsonObject? Read(RealmSite site, string? token, bool symmetric = false) =>
        ReadEvenRevoked(site, token, symmetric) is { } claims && !IsRevoked(site, claims) ? claims : null;

    public static bool IsRevoked(RealmSite site, JsonObject claims) => claims.Text("jti") is { } id && site.Sessions.IsRevoked(id);

    /// <summary>The token of the <c>Authorization</c> header, and whether it comes as one that is bound to a key.</summary>
    public static (string? Token, bool Bound) FromHeader(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        var bound = header.StartsWith(Dpop, StringComparison.OrdinalIgnoreCase);
        var scheme = bound ? Dpop : "Bearer ";
        return header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) && header.Split(' ').Length == 2
            ? (header[scheme.Length..], bound)
            : (null, bound);
    }

    /// <summary>For callers that check revocation later.</summary>
    public static JsonObject? ReadEvenRevoked(RealmSite site, string? token, bool symmetric = false)
    {
        var claims = symmetric ? RefreshTokenGrant.Read(site, token) : site.Keys.Read(token, symmetric: false);
        if (claims is null
            || (!symmetric && claims.Text("typ") is not ("Bearer" or "DPoP" or "ID" or "Logout"))
            || !string.Equals(claims.Text("iss"), site.Issuer, StringComparison.Ordinal)
            || (claims.Number("exp") is { } expires && expires < site.Now)
            || (claims.Number("exp") is null && !symmetric)
            || claims.Number("iat") < site.Realm.NotBefore)
        {
            return null;
        }

        return site.Realm.FindClient(claims.Text("azp")) is { } client && claims.Number("iat") < client.NotBefore ? null : claims;
    }

    /// <summary>The subject, or the reason why there is none.</summary>
    public static (TokenSubject? Subject, string? Reason) Resolve(RealmSite site, JsonObject claims)
    {
        if (site.Realm.FindClient(claims.Text("azp")) is not { Enabled: true } client)
        {
            return (null, "Client disabled");
        }

        // The client of an exchanged token, or of one with permissions, has no part in the session.
        var isTransient = claims.Text("jti")?.StartsWith("nt", StringComparison.Ordinal) is true;
        UserSession? session = null;
        ClientSession? part = null;
        User? user;
        if (claims.Text("sid") is { } sid)
        {
            (session, part) = site.Sessions.FindFor(sid, client);
            if (session is not null && part is null && isTransient)
            {
                part = new ClientSession { Client = client, Started = site.Now, LastRefresh = site.Now };
            }

            if (session is null || part is null)
            {
                return (null, "user_session_not_found");
            }

            user = session.User;
        }
        else
        {
            user = site.Realm.FindUserById(claims.Text("sub"));
        }

        if (user is not { Enabled: true })
        {
            return (null, "User disabled");
        }

        return claims.Number("iat") < user.NotBefore
            ? (null, "Token verification failed")
            : (new TokenSubject(client, user, claims.Text("scope"), session, part) { IsTransient = isTransient }, null);
    }

    /// <summary>A bearer token, or one that is bound to a key.</summary>
    public static bool IsAccessToken(JsonObject claims) => claims.Text("typ") is "Bearer" or "DPoP";

    /// <summary>A bound token needs its own scheme and a proof of its key (RFC 9449, section 7).</summary>
    public static bool IsHolder(HttpContext context, RealmSite site, bool bound, string token, JsonObject claims) =>
        bound
        && DpopProof.Check(context, site, token).Thumbprint is { } thumbprint
        && claims["cnf"] is JsonObject confirmation
        && string.Equals(confirmation.Text("jkt"), thumbprint, StringComparison.Ordinal);
}
