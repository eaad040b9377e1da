using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>Word for word Keycloak's, so they name features that are not served: see <see cref="UnservedEndpoints"/>.</summary>
internal static class DiscoveryEndpoint
{
    private static readonly ConcurrentDictionary<string, string> Templates = new(StringComparer.Ordinal);

    public static Task GetAsync(HttpContext context, RealmSite site) => GetAsync(context, site, "openid-configuration.json");

    public static Task GetUmaAsync(HttpContext context, RealmSite site) => GetAsync(context, site, "uma2-configuration.json");

    private static Task GetAsync(HttpContext context, RealmSite site, string document)
    {
        if (context.Request.Headers.Accept.ToString() is { Length: > 0 } accept
            && !accept.Contains("json", StringComparison.Ordinal)
            && !accept.Contains("*/*", StringComparison.Ordinal)
            && !accept.Contains("application/*", StringComparison.Ordinal))
        {
            return accept.Contains("text/html", StringComparison.Ordinal)
                ? Answer.PageAsync(
                    context,
                    StatusCodes.Status406NotAcceptable,
                    Pages.ErrorPage.Render(site, "An internal server error has occurred"),
                    language: false)
                : Answer.ErrorAsync(context, StatusCodes.Status406NotAcceptable, "HTTP 406 Not Acceptable");
        }

        Answer.SetCache(context, Answer.NeverCache);
        Cors.AllowDocument(context);
        var template = Templates.GetOrAdd(document, Load);
        var issuer = JsonEncodedText.Encode(site.Issuer).ToString();
        var body = JsonNode.Parse(template.Replace("{issuer}", issuer, StringComparison.Ordinal))!.AsObject();
        body["scopes_supported"] = Json.List(site.Realm.ClientScopes.Keys.Prepend(ScopeSelection.OpenId));
        if (site.Realm.RegistrationAllowed && body["prompt_values_supported"] is JsonArray prompts)
        {
            prompts.Add("create");
        }

        return Answer.JsonAsync(context, StatusCodes.Status200OK, body);
    }

    private static string Load(string name)
    {
        using var stream = typeof(DiscoveryEndpoint).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
