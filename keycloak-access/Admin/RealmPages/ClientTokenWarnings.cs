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
        if (FindRefusal(token, audience) is { } refusal)
        {
            yield return refusal;
        }

        if (token.IsLightweight)
        {
            yield return TokenCauses.Lightweight(token.ClientId);
        }
        else if (!token.HasRoleClaims && token.Code is ClientToken.Accepted or ClientToken.WrongAudience)
        {
            yield return "Its tokens carry no roles, so it may do no more than everybody. "
                + $"{client} → Service account roles assigns some. " + TokenCauses.NoRoles(token.ClientId);
        }

        if (token is { AheadSeconds: > 0, Code: ClientToken.Accepted })
        {
            yield return $"Its newest token was issued {FormatDuration(token.AheadSeconds)} in the future: "
                + $"Keycloak's clock is ahead of this service's. {TokenCauses.SetClocks}";
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

    private static string? FindRefusal(ClientToken token, string audience) => token.Code switch
    {
        ClientToken.WrongAudience when token.Audiences.Length == 0 => TokenCauses.NoAudience(token.ClientId, audience),
        ClientToken.WrongAudience => TokenCauses.OtherAudience(token.ClientId, audience),
        ClientToken.NoSubject => "Its tokens do not say who calls. " + TokenCauses.NoSubject(token.ClientId),
        ClientToken.Bound => TokenCauses.Bound(token.ClientId),
        ClientToken.NotAccessToken => $"It sends another token than its access token. {TokenCauses.NotAccessToken}",
        ClientToken.IssuedAhead => TokenCauses.IssuedAhead(TimeSpan.FromSeconds(token.AheadSeconds)),
        ClientToken.Malformed => "A mapper writes a claim of its tokens in another form than Keycloak's own. "
            + $"In Keycloak: Clients → {token.ClientId} → Client scopes → {token.ClientId}-dedicated. "
            + "The answer to its calls says which claim.",
        _ => null,
    };

    public static string FormatDuration(double seconds) => seconds switch
    {
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s"),
        < 7200 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min"),
        < 172_800 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0.#} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 86_400:0} days"),
    };
}
