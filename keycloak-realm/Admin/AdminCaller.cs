using KeycloakRealm.Endpoints;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Admin;

/// <summary>
/// The account behind a bearer token of the realm or of <c>master</c>. The account's roles of now decide, not the token's.
/// </summary>
internal sealed class AdminCaller(RealmSite home, TokenSubject subject)
{
    public static AdminCaller? Authenticate(HttpContext context, IReadOnlyDictionary<string, RealmSite> sites)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var token = header["Bearer ".Length..];
        var issuer = SignedToken.Parse(token)?.Payload.Text("iss");
        return sites.Values.FirstOrDefault(site => string.Equals(site.Issuer, issuer, StringComparison.Ordinal)) is { } home
            && TokenInspection.Read(home, token) is { } claims
            && claims.Text("typ") is "Bearer"
            && TokenInspection.Resolve(home, claims).Subject is { } subject
                ? new AdminCaller(home, subject)
                : null;
    }

    public bool HasAny(RealmSite site, IReadOnlyList<string> roles)
    {
        if (site != home)
        {
            return home.Realm.Name is "master" && subject.Roles.Realm.Contains("admin", StringComparer.Ordinal);
        }

        return subject.Roles.Clients.TryGetValue(AdminRoles.Client, out var own)
            && roles.Any(role => own.Contains(role, StringComparer.Ordinal));
    }
}
