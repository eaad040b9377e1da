using System.Text.Json.Nodes;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Admin;

/// <summary>Members are in Keycloak's order.</summary>
internal static class Representations
{
    public static JsonObject Of(Realm realm, RealmRole role) => new(
    [
        new("id", role.Id),
        new("name", role.Name),
        .. Given("description", role.Description),
        new("composite", role.Composites.Count > 0),
        new("clientRole", role.Client is not null),
        new("containerId", role.Client?.Id ?? realm.Id),
    ]);

    /// <summary>Brief in a list; a service account has no <c>access</c> either way.</summary>
    public static JsonObject Of(Realm realm, User user, bool brief = false)
    {
        List<KeyValuePair<string, IReadOnlyList<string>>> attributes =
            brief || user.ServiceAccountOf is not null ? [] : [.. realm.Profile.ShownToAdministrators(user)];
        var json = new JsonObject(
        [
            new("id", user.Id),
            new("username", user.Username),
            .. Given("firstName", user.FirstName),
            .. Given("lastName", user.LastName),
            .. Given("email", user.Email),
            new("emailVerified", user.EmailVerified),
            .. Given("attributes", attributes),
            new("enabled", user.Enabled),
            new("createdTimestamp", user.CreatedTimestamp),
        ]);
        if (!brief)
        {
            json["totp"] = user.Otps.Count > 0;
            json["disableableCredentialTypes"] = new JsonArray();
            json["requiredActions"] = Json.List(user.RequiredActions);
            json["notBefore"] = user.NotBefore;
        }

        return json;
    }

    public static JsonObject Of(Client client, AdminRequest request)
    {
        var attributes = new Dictionary<string, string>(client.Attributes, StringComparer.Ordinal);
        attributes.TryAdd("realm_client", "false");
        attributes.TryAdd("post.logout.redirect.uris", "+");
        var manage = request.May(AdminRoles.ManageClients);
        return new(
        [
            new("id", client.Id),
            new("clientId", client.ClientId),
            .. Given("name", client.Name),
            .. Given("description", client.Description),
            .. Given("rootUrl", client.RootUrl),
            .. Given("baseUrl", client.BaseUrl),
            new("surrogateAuthRequired", false),
            new("enabled", client.Enabled),
            new("alwaysDisplayInConsole", client.AlwaysDisplayInConsole),
            new("clientAuthenticatorType", client.AuthenticatorType),
            .. Given("secret", client is { PublicClient: false, BearerOnly: false } ? client.Secret : null),
            new("redirectUris", Json.List(client.RedirectUris)),
            new("webOrigins", Json.List(client.WebOrigins)),
            new("notBefore", client.NotBefore),
            new("bearerOnly", client.BearerOnly),
            new("consentRequired", client.ConsentRequired),
            new("standardFlowEnabled", client.StandardFlowEnabled),
            new("implicitFlowEnabled", client.ImplicitFlowEnabled),
            new("directAccessGrantsEnabled", client.DirectAccessGrantsEnabled),
            new("serviceAccountsEnabled", client.ServiceAccountsEnabled),
            new("publicClient", client.PublicClient),
            new("frontchannelLogout", client.FrontchannelLogout),
            new("protocol", "openid-connect"),
            new("attributes", new JsonObject(attributes.Select(each => KeyValuePair.Create(each.Key, (JsonNode?)each.Value)))),
            new("authenticationFlowBindingOverrides", new JsonObject()),
            new("fullScopeAllowed", client.FullScopeAllowed),
            new("nodeReRegistrationTimeout", client.IsBuiltIn ? 0 : -1),
            .. Mappers(client),
            new("defaultClientScopes", Json.List(client.DefaultScopes.Select(scope => scope.Name))),
            new("optionalClientScopes", Json.List(client.OptionalScopes.Select(scope => scope.Name))),
            new("access", new JsonObject { ["view"] = true, ["configure"] = manage, ["manage"] = manage }),
        ]);
    }

    public static JsonObject Of(Group group, IEnumerable<JsonObject> subGroups, bool counted = true) => new(
    [
        new("id", group.Id),
        new("name", group.Name),
        new("path", group.Path),
        .. Given("parentId", group.Parent?.Id),
        .. counted
            ? [KeyValuePair.Create("subGroupCount", (JsonNode?)group.SubGroups.Count)]
            : Array.Empty<KeyValuePair<string, JsonNode?>>(),
        new("subGroups", new JsonArray([.. subGroups])),
    ]);

    public static void AddDetails(JsonObject json, Group group)
    {
        json["attributes"] = new JsonObject(group.Attributes.Select(each =>
            KeyValuePair.Create(each.Key, (JsonNode?)Json.List(each.Value))));
        json["realmRoles"] = Json.List(group.Roles.Where(role => role.Client is null).Select(role => role.Name));
        json["clientRoles"] = new JsonObject(group.Roles
            .Where(role => role.Client is not null)
            .GroupBy(role => role.Client!.ClientId, StringComparer.Ordinal)
            .Select(each => KeyValuePair.Create(each.Key, (JsonNode?)Json.List(each.Select(role => role.Name)))));
    }

    public static JsonObject Of(UserSession session) => new()
    {
        ["id"] = session.Id,
        ["username"] = session.User.Username,
        ["userId"] = session.User.Id,
        ["ipAddress"] = session.Address,
        ["start"] = session.Started * 1000,
        ["lastAccess"] = session.LastRefresh * 1000,
        ["rememberMe"] = false,
        ["clients"] = new JsonObject(session.Clients.Values.Select(part =>
            KeyValuePair.Create(part.Client.Id, (JsonNode?)part.Client.ClientId))),
        ["transientUser"] = false,
    };

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Given(string name, string? value) =>
        value is null ? [] : [KeyValuePair.Create(name, (JsonNode?)value)];

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Given(
        string name, List<KeyValuePair<string, IReadOnlyList<string>>> lists) => lists.Count == 0
            ? []
            : [KeyValuePair.Create(
                name,
                (JsonNode?)new JsonObject(lists.Select(each => KeyValuePair.Create(each.Key, (JsonNode?)Json.List(each.Value)))))];

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Mappers(Client client)
    {
        if (client.Mappers.Count == 0)
        {
            return [];
        }

        var mappers = client.Mappers.Select(mapper => new JsonObject
        {
            ["id"] = Import.StableId.For(client.Id, "mapper", mapper.Name),
            ["name"] = mapper.Name,
            ["protocol"] = "openid-connect",
            ["protocolMapper"] = mapper.Kind,
            ["consentRequired"] = false,
            ["config"] = new JsonObject(mapper.Config.Select(each => KeyValuePair.Create(each.Key, (JsonNode?)each.Value))),
        });
        return [KeyValuePair.Create("protocolMappers", (JsonNode?)new JsonArray([.. mappers]))];
    }
}
