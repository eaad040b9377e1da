using System.Text.Json.Nodes;
using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Links;

/// <summary>
/// A link as Keycloak sends it by mail: a token that the realm signs, for one person, one purpose and one address, for as long as
/// <c>actionTokenGeneratedByUserLifespan</c> says.
/// </summary>
internal sealed record ActionLink(string Id, string Kind, User User, string? Email, long Expires)
{
    public const string ResetCredentials = "reset-credentials";
    public const string VerifyEmail = "verify-email";

    private const string ClientClaim = "azp";
    private const string ConfirmedClaim = "confirmed";
    private const string PlaceClaim = "asid";

    private JsonObject Claims { get; init; } = [];

    /// <summary>The sign-in that it was asked for in: browser, tab and client.</summary>
    public (string? Authentication, string? Tab) Place => Claims.Text(PlaceClaim)?.Split('.') is [var authentication, var tab, ..]
        ? (authentication, tab)
        : (null, null);

    public string? ClientId => Claims.Text(ClientClaim);

    /// <summary>Somebody has confirmed in another browser that they opened it on purpose.</summary>
    public bool IsConfirmed => Claims[ConfirmedClaim] is not null;

    public bool IsExpired(RealmSite site) => Expires < site.Now;

    public static string Make(RealmSite site, string kind, User user, string authenticationId, AuthenticationTab tab) =>
        Address(site, new JsonObject
        {
            ["exp"] = site.Now + site.Realm.ActionTokenLifespan,
            ["iat"] = site.Now,
            ["jti"] = Guid.NewGuid().ToString(),
            ["iss"] = site.Issuer,
            ["aud"] = site.Issuer,
            ["sub"] = user.Id,
            ["typ"] = kind,
            [ClientClaim] = tab.Request.Client.ClientId,
            ["nonce"] = Guid.NewGuid().ToString(),
            [PlaceClaim] = $"{authenticationId}.{tab.Id}.{tab.Request.Client.Id}",
            ["eml"] = user.Email,
        });

    /// <summary>Null unless the realm signed it, for somebody who is still there.</summary>
    public static ActionLink? Read(RealmSite site, string key) =>
        site.Keys.Read(key, symmetric: true) is { } claims
            && claims.Text("typ") is (ResetCredentials or VerifyEmail) and var kind
            && string.Equals(claims.Text("iss"), site.Issuer, StringComparison.Ordinal)
            && claims.Text("jti") is { } id
            && claims.Number("exp") is { } expires
            && site.Realm.FindUserById(claims.Text("sub")) is { Enabled: true } user
                ? new ActionLink(id, kind, user, claims.Text("eml"), expires) { Claims = claims }
                : null;

    /// <summary>The same link, for whoever confirms it.</summary>
    public string Confirmed(RealmSite site)
    {
        var claims = Claims.DeepClone().AsObject();
        claims[ConfirmedClaim] = true;
        return Address(site, claims);
    }

    private static string Address(RealmSite site, JsonObject claims) => $"{site.Issuer}/login-actions/action-token?" + ProtocolForm.Encode(
    [
        new("key", site.Keys.SignSymmetric(claims)),
        new("client_id", claims.Text(ClientClaim) ?? ""),
        new("tab_id", claims.Text(PlaceClaim)!.Split('.')[1]),
    ]);
}
