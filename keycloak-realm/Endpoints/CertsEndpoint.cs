using System.Text.Json.Nodes;

namespace KeycloakRealm.Endpoints;

/// <summary>RFC 7517.</summary>
internal static class CertsEndpoint
{
    private const string KeySet = "application/jwk-set+json";

    public static Task GetAsync(HttpContext context, RealmSite site)
    {
        Answer.SetCache(context, Answer.NoCache);
        Cors.AllowDocument(context);
        var body = new JsonObject { ["keys"] = new JsonArray([.. site.Keys.Published.Select(key => key.ToJson())]) };
        var type = context.Request.Headers.Accept.ToString().Contains(KeySet, StringComparison.Ordinal) ? KeySet : "application/json";
        return Answer.JsonAsync(context, StatusCodes.Status200OK, body, type);
    }
}
