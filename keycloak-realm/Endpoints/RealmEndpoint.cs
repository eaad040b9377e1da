using System.Text.Json.Nodes;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

internal static class RealmEndpoint
{
    public static Task GetAsync(HttpContext context, RealmSite site)
    {
        Answer.SetCache(context, Answer.NoCache);
        Cors.AllowDocument(context);
        var body = new JsonObject
        {
            ["realm"] = site.Realm.Name,
            ["public_key"] = Convert.ToBase64String(site.Keys.Active(RealmKeys.Usual).PublicKey ?? []),
            ["token-service"] = site.Issuer + "/protocol/openid-connect",
            ["account-service"] = site.Issuer + "/account",
            ["tokens-not-before"] = site.Realm.NotBefore,
        };
        return Answer.JsonAsync(context, StatusCodes.Status200OK, body, "application/json;charset=UTF-8");
    }
}
