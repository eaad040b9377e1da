using System.Globalization;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.RealmPages;

/// <summary>What is odd about the tokens of a client, and what to change in Keycloak's console. A pure function.</summary>
internal static class ClientOddities
{
    // Keycloak's own default is five minutes. An hour is what many take for the longest that is still reasonable.
    private const int LongLifetime = 3600;
    private const int ManyAudiences = 5;
    private const int ManyRoles = 100;

    public static IEnumerable<string> Find(ClientToken token, string audience, PermissionCatalogue catalogue)
    {
        if (token.Code == ClientToken.WrongAudience)
        {
            yield return $"Its tokens are not for this service, so its calls are refused. In Keycloak: Clients → {token.ClientId} → Client scopes → {token.ClientId}-dedicated → Add mapper → By configuration → Audience, with {audience} as the included client audience.";
        }

        if (!token.HasRoleClaims)
        {
            yield return $"Its tokens carry no roles, so it may do no more than everybody. In Keycloak: Clients → {token.ClientId} → Service accounts roles assigns some; if some are, Client scopes → Add client scope → roles (default) puts them into tokens.";
        }

        if (token.LifetimeSeconds > LongLifetime)
        {
            yield return $"Its tokens live {Span(token.LifetimeSeconds)}: a stolen one works as long. In Keycloak: Clients → {token.ClientId} → Advanced → Access token lifespan, or Realm settings → Tokens.";
        }

        var audiences = token.Audiences.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length;
        if (audiences > ManyAudiences)
        {
            yield return $"Its tokens are for {audiences} services at once: any of them could use one at the others. In Keycloak: Clients → {token.ClientId} → Client scopes → Scope: switch full scope allowed off.";
        }

        if (token.Roles > ManyRoles)
        {
            yield return $"Its tokens carry {token.Roles} roles and groups, with each call. In Keycloak: Clients → {token.ClientId} → Client scopes → Scope: switch full scope allowed off, and assign what it needs.";
        }

        var narrowing = token.Scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(catalogue.IsScope).ToArray();
        if (narrowing.Length == 0 && catalogue.Models.Any(model => catalogue.RequiresScopes(model.Name)))
        {
            yield return $"Its tokens have none of this service's scopes, which some models require here (Permissions:RequireScopes). In Keycloak: Clients → {token.ClientId} → Client scopes → Add client scope.";
        }
    }

    /// <returns>A time in the largest unit that fits.</returns>
    public static string Span(double seconds) => seconds switch
    {
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s"),
        < 7200 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min"),
        < 172_800 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0.#} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 86_400:0} days"),
    };
}
