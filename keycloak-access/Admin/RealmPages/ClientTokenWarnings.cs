using System.Globalization;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.RealmPages;

/// <summary>What is unusual about the tokens of a client, and what to change in Keycloak's console.</summary>
internal static class ClientTokenWarnings
{
    // Seconds; Keycloak's own default is five minutes.
    private const int LongLifetime = 3600;
    private const int ManyAudiences = 5;
    private const int ManyRoles = 100;

    public static IEnumerable<string> Find(ClientToken token, string audience, PermissionCatalogue catalogue)
    {
        var client = $"In Keycloak: Clients → {token.ClientId}";
        if (token.Code == ClientToken.WrongAudience)
        {
            yield return "Its tokens are not for this service, so its calls are refused. "
                + $"{client} → Client scopes → {token.ClientId}-dedicated → Add mapper → By configuration → Audience, "
                + $"with {audience} as the included client audience.";
        }

        if (!token.HasRoleClaims)
        {
            yield return "Its tokens carry no roles, so it may do no more than everybody. "
                + $"{client} → Service accounts roles assigns some; if some are, "
                + "Client scopes → Add client scope → roles (default) puts them into tokens.";
        }

        if (token.LifetimeSeconds > LongLifetime)
        {
            yield return $"Its tokens live {FormatDuration(token.LifetimeSeconds)}: a stolen one works as long. "
                + $"{client} → Advanced → Access token lifespan, or Realm settings → Tokens.";
        }

        var audiences = token.Audiences.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length;
        if (audiences > ManyAudiences)
        {
            yield return $"Its tokens are for {audiences} services at once: any of them could use one at the others. "
                + $"{client} → Client scopes → Scope: disable full scope allowed.";
        }

        if (token.Roles > ManyRoles)
        {
            yield return $"Its tokens carry {token.Roles} roles and groups, with each call. "
                + $"{client} → Client scopes → Scope: disable full scope allowed, and assign what it needs.";
        }

        var narrowing = token.Scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(catalogue.IsScope).ToArray();
        if (narrowing.Length == 0 && catalogue.Models.Any(model => catalogue.RequiresScopes(model.Name)))
        {
            yield return "Its tokens have none of this service's scopes, which some models require here (Permissions:RequireScopes). "
                + $"{client} → Client scopes → Add client scope.";
        }
    }

    public static string FormatDuration(double seconds) => seconds switch
    {
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s"),
        < 7200 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min"),
        < 172_800 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0.#} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 86_400:0} days"),
    };
}
