using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>
/// On loopback they are <c>Secure</c> over plain HTTP too: browsers allow it there, and send cross-site cookies only if <c>Secure</c>.
/// </summary>
internal static class BrowserCookies
{
    private const string AuthSessionId = "AUTH_SESSION_ID";
    private const string AuthSessionHash = "KC_AUTH_SESSION_HASH";
    private const string Restart = "KC_RESTART";
    private const string Identity = "KEYCLOAK_IDENTITY";
    private const string Session = "KEYCLOAK_SESSION";

    public static string? ReadAuthentication(HttpContext context, RealmSite site)
    {
        if (context.Request.Cookies[AuthSessionId] is not { } value || !Base64Url.TryDecode(value, out var bytes))
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(bytes);
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(text[(dot + 1)..]), Encoding.UTF8.GetBytes(Signature(site, text[..dot])))
                ? text[..dot]
                : null;
    }

    public static void WriteAuthentication(HttpContext context, RealmSite site, string id, bool withHash)
    {
        Set(context, site, AuthSessionId, Base64Url.EncodeText($"{id}.{Signature(site, id)}"), httpOnly: true);
        if (withHash)
        {
            Set(context, site, AuthSessionHash, Convert.ToBase64String(HashOf(id)), httpOnly: false, maxAge: 60);
        }
    }

    /// <summary>Null if the session is not alive or its user is disabled.</summary>
    public static UserSession? ReadIdentity(HttpContext context, RealmSite site)
    {
        if (context.Request.Cookies[Identity] is not { } value
            || site.Keys.Read(value, symmetric: true) is not { } claims
            || claims.Text("typ") is not "Serialized-ID"
            || site.Sessions.Find(claims.Text("sid")) is not { } session)
        {
            return null;
        }

        return session.User.Enabled && string.Equals(session.User.Id, claims.Text("sub"), StringComparison.Ordinal)
            && claims.Number("iat") >= Math.Max(site.Realm.NotBefore, session.User.NotBefore)
                ? session
                : null;
    }

    /// <summary>What a form must carry that changes something for whoever is signed in.</summary>
    public static string? ReadStateChecker(HttpContext context, RealmSite site) =>
        context.Request.Cookies[Identity] is { } value ? site.Keys.Read(value, symmetric: true)?.Text("state_checker") : null;

    public static bool HasIdentity(HttpContext context) => context.Request.Cookies.ContainsKey(Identity);

    public static void WriteIdentity(HttpContext context, RealmSite site, UserSession session)
    {
        var lifespan = site.Realm.SsoSessionMaxLifespan;
        var claims = new JsonObject
        {
            ["exp"] = session.Started + lifespan,
            ["iat"] = site.Now,
            ["jti"] = Guid.NewGuid().ToString(),
            ["iss"] = site.Issuer,
            ["sub"] = session.User.Id,
            ["typ"] = "Serialized-ID",
            ["sid"] = session.Id,
            ["state_checker"] = Base64Url.Encode(RandomNumberGenerator.GetBytes(32)),
        };
        Set(context, site, Identity, site.Keys.SignSymmetric(claims), httpOnly: true);
        Set(context, site, Session, Base64Url.Encode(HashOf(session.Id)), httpOnly: false, maxAge: lifespan);
    }

    public static void ClearIdentity(HttpContext context, RealmSite site)
    {
        Clear(context, site, Identity);
        Clear(context, site, Session);
    }

    /// <summary>The parameters of a sign-in whose page has been open for too long.</summary>
    public static ProtocolForm? ReadRestart(HttpContext context, RealmSite site)
    {
        var claims = context.Request.Cookies[Restart] is { } value ? site.Keys.Read(value, symmetric: true) : null;
        return claims?.Text("typ") is "KC_RESTART" && claims.Text("query") is { } query ? ProtocolForm.Parse(query) : null;
    }

    public static bool HasRestart(HttpContext context) => context.Request.Cookies.ContainsKey(Restart);

    public static void WriteRestart(HttpContext context, RealmSite site, ProtocolForm parameters)
    {
        var claims = new JsonObject { ["typ"] = "KC_RESTART", ["iat"] = site.Now, ["query"] = ProtocolForm.Encode(parameters.All) };
        Set(context, site, Restart, site.Keys.SignSymmetric(claims), httpOnly: true);
    }

    public static void ClearRestart(HttpContext context, RealmSite site) => Clear(context, site, Restart);

    private static string Signature(RealmSite site, string id) => Base64Url.Encode(site.Keys.Hash(id));

    private static byte[] HashOf(string id) => SHA384.HashData(Encoding.UTF8.GetBytes(id));

    private static void Set(HttpContext context, RealmSite site, string name, string value, bool httpOnly, int? maxAge = null)
    {
        // Keycloak quotes a value that contains a slash.
        var written = value.Contains('/', StringComparison.Ordinal) ? $"\"{value}\"" : value;
        var age = maxAge is { } seconds ? string.Create(CultureInfo.InvariantCulture, $";Max-Age={seconds}") : "";
        context.Response.Headers.Append(
            "Set-Cookie",
            $"{name}={written};Version=1;Path={site.CookiePath}{age};Secure{(httpOnly ? ";HttpOnly" : "")};SameSite=None");
    }

    private static void Clear(HttpContext context, RealmSite site, string name) =>
        context.Response.Headers.Append("Set-Cookie", $"{name}=;Version=1;Path={site.CookiePath};Max-Age=0");
}
