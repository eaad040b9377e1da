using KeycloakRealm.Endpoints;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Admin;

/// <summary>
/// Who calls the admin REST API: the account behind a bearer token of the realm itself, or of the realm <c>master</c>. What it
/// may do follows from the account's roles as they are now, not from the token's.
/// </summary>
internal sealed class AdminCaller(RealmSite home, TokenSubject subject)
{
    /// <summary>Null where there is no token, or one that is good no longer.</summary>
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

    /// <summary>Whether the caller has one of these roles of <c>realm-management</c> at the given realm.</summary>
    public bool HasAny(RealmSite site, IReadOnlyList<string> roles)
    {
        if (site != home)
        {
            return home.Realm.Name is "master" && subject.Roles.Realm.Contains("admin", StringComparer.Ordinal);
        }

        return subject.Roles.Clients.TryGetValue(AdminRoles.Client, out var own) && roles.Any(role => own.Contains(role, StringComparer.Ordinal));
    }
}
