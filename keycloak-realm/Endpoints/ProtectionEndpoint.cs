using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using KeycloakRealm.Model;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>Federated Authorization for UMA 2.0. Resources come from the realm file and cannot be created or removed here.</summary>
internal static class ProtectionEndpoint
{
    private const string JsonType = "application/json;charset=UTF-8";

    public static async Task FindAsync(HttpContext context, RealmSite site)
    {
        if (await AuthenticateAsync(context, site) is not var (server, _))
        {
            return;
        }

        var query = ProtocolForm.FromQuery(context.Request);
        var exact = query["exactName"] is "true";
        var found = server.Resources
            .Where(each => query["name"] is not { } name
                || (exact
                    ? string.Equals(each.Name, name, StringComparison.Ordinal)
                    : each.Name.Contains(name, StringComparison.OrdinalIgnoreCase)))
            .Where(each => query["uri"] is not { } uri || each.Uris.Contains(uri, StringComparer.Ordinal))
            .Where(each => query["type"] is not { } type || string.Equals(each.Type, type, StringComparison.Ordinal))
            .Where(each => query["scope"] is not { } scope || each.Scopes.Contains(scope, StringComparer.Ordinal));
        var body = query["deep"] is "true"
            ? new JsonArray([.. found.Select(each => Describe(site, server, each, deep: true))])
            : Json.List(found.Select(each => each.Id));
        Answer.SetCache(context, Answer.NoCache);
        await Answer.JsonAsync(context, StatusCodes.Status200OK, body, JsonType);
    }

    public static async Task ReadAsync(HttpContext context, RealmSite site)
    {
        if (await AuthenticateAsync(context, site) is not var (server, _))
        {
            return;
        }

        var id = context.Request.RouteValues["resource"] as string;
        await (server.Resources.Find(each => string.Equals(each.Id, id, StringComparison.Ordinal)) is { } resource
            ? Answer.JsonAsync(context, StatusCodes.Status200OK, Describe(site, server, resource, deep: false), JsonType)
            : Answer.ErrorAsync(context, StatusCodes.Status404NotFound, "HTTP 404 Not Found"));
    }

    public static async Task TicketAsync(HttpContext context, RealmSite site)
    {
        if (await AuthenticateAsync(context, site) is not var (server, subject))
        {
            return;
        }

        JsonNode? body;
        try
        {
            body = await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        }
        catch (JsonException)
        {
            body = null;
        }

        if (body is not JsonArray requests)
        {
            await Answer.ErrorAsync(context, Refusal.BadRequest("unknown_error", "Cannot parse the JSON"));
            return;
        }

        var (permissions, refusal) = Check(server, requests);
        if (refusal is not null)
        {
            await Answer.ErrorAsync(context, refusal);
            return;
        }

        var milliseconds = site.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        var ticket = new JsonObject
        {
            ["exp"] = site.Now + site.Realm.AccessTokenLifespan,
            ["iat"] = site.Now,
            ["permissions"] = permissions,
            ["jti"] = $"{Guid.NewGuid()}-{milliseconds}",
            ["aud"] = site.Issuer,
            ["sub"] = subject.User.Id,
            ["azp"] = server.Client.ClientId,
        };
        await Answer.JsonAsync(
            context, StatusCodes.Status201Created, new JsonObject { ["ticket"] = site.Keys.SignSymmetric(ticket) }, JsonType);
    }

    private static (JsonArray? Permissions, Refusal? Refusal) Check(ResourceServer server, JsonArray requests)
    {
        if (requests.Count == 0)
        {
            return (null, Refusal.BadRequest("invalid_permission_request", "Invalid permission request."));
        }

        var permissions = new JsonArray();
        foreach (var request in requests.OfType<JsonObject>())
        {
            var permission = new JsonObject();
            var scopes = request.Texts("resource_scopes");
            var name = request.Text("resource_id");
            var resource = name is null ? null : server.FindResource(name);
            if (name is not null && resource is null)
            {
                return (null, Refusal.BadRequest("invalid_resource_id", $"Resource set with id [{name}] does not exists in this server."));
            }

            if (scopes.Find(scope => !(resource?.Scopes ?? server.Scopes).Contains(scope, StringComparer.Ordinal)) is { } unknown)
            {
                return (null, Refusal.BadRequest("invalid_scope", $"Scope [{unknown}] is invalid"));
            }

            if (scopes.Count > 0)
            {
                permission["scopes"] = Json.List(scopes);
            }

            if (resource is not null)
            {
                permission["rsid"] = resource.Id;
            }

            permissions.Add(permission);
        }

        return (permissions, null);
    }

    private static JsonObject Describe(RealmSite site, ResourceServer server, ProtectedResource resource, bool deep)
    {
        JsonArray Scopes() => [.. resource.Scopes.Select(name => (JsonNode?)(deep
            ? new JsonObject { ["id"] = Import.StableId.For(site.Realm.Name, "scope", $"{server.Client.ClientId}/{name}"), ["name"] = name }
            : new JsonObject { ["name"] = name }))];

        var json = new JsonObject { ["name"] = resource.Name };
        if (resource.Type is { } type)
        {
            json["type"] = type;
        }

        json["owner"] = deep
            ? new JsonObject { ["id"] = server.Client.Id, ["name"] = server.Client.ClientId }
            : new JsonObject { ["id"] = server.Client.Id };
        json["ownerManagedAccess"] = false;
        json["attributes"] = new JsonObject();
        json["_id"] = resource.Id;
        json["uris"] = Json.List(resource.Uris);
        if (!deep)
        {
            json["resource_scopes"] = Scopes();
        }

        json["scopes"] = Scopes();
        return json;
    }

    /// <summary>Null if the token is not a resource server's; the refusal is written then.</summary>
    private static async Task<(ResourceServer Server, TokenSubject Subject)?> AuthenticateAsync(HttpContext context, RealmSite site)
    {
        if (!AuthenticationHeaderValue.TryParse(context.Request.Headers.Authorization, out var header)
            || !string.Equals(header.Scheme, "Bearer", StringComparison.OrdinalIgnoreCase)
            || TokenInspection.Read(site, header.Parameter) is not { } claims
            || TokenInspection.Resolve(site, claims).Subject is not { } subject)
        {
            await RefuseAsync(context, "invalid_bearer_token", "Could not obtain bearer access_token from request.");
            return null;
        }

        if (subject.Client.Authorization is not { } server)
        {
            await RefuseAsync(
                context, "invalid_clientId", $"Client application [{subject.Client.ClientId}] is not registered as a resource server.");
            return null;
        }

        if (subject.Roles.Clients.GetValueOrDefault(subject.Client.ClientId)
            ?.Contains(ResourceServer.ProtectionRole, StringComparer.Ordinal) is not true)
        {
            await RefuseAsync(context, "invalid_scope", $"Requires {ResourceServer.ProtectionRole} scope.");
            return null;
        }

        return (server, subject);
    }

    private static Task RefuseAsync(HttpContext context, string error, string description) =>
        Answer.ErrorAsync(context, StatusCodes.Status403Forbidden, error, description);
}
