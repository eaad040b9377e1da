using System.Text.Json.Nodes;

namespace KeycloakRealm.Admin;

internal static class ClientsResource
{
    public static AdminAnswer NotFound => AdminAnswer.NotFound("Could not find client");

    public static AdminAnswer Find(AdminRequest request)
    {
        var wanted = request.Query("clientId");
        var clients = request.Realm.Clients.Values
            .Where(client => wanted is null || (request.Asks("search")
                ? client.ClientId.Contains(wanted, StringComparison.OrdinalIgnoreCase)
                : string.Equals(client.ClientId, wanted, StringComparison.Ordinal)))
            .OrderBy(client => client.ClientId, StringComparer.Ordinal);
        return AdminAnswer.Ok(request.Page(clients).Select(client => Representations.Of(client, request)));
    }

    public static AdminAnswer Read(AdminRequest request) =>
        request.Client is { } client ? AdminAnswer.Ok(Representations.Of(client, request)) : NotFound;

    /// <summary>Attributes that are not sent stay; an empty one is removed.</summary>
    public static AdminAnswer Change(AdminRequest request)
    {
        if (request.Client is not { } client)
        {
            return NotFound;
        }

        if (request.Representation("client", "ClientRepresentation", out var refusal) is not { } body)
        {
            return refusal;
        }

        return new Changes(body)
            .Text("name", value => client.Name = value)
            .Text("description", value => client.Description = value)
            .Flag("enabled", value => client.Enabled = value)
            .Text("secret", value => client.Secret = value)
            .Flag("standardFlowEnabled", value => client.StandardFlowEnabled = value)
            .Flag("directAccessGrantsEnabled", value => client.DirectAccessGrantsEnabled = value)
            .Flag("fullScopeAllowed", value => client.FullScopeAllowed = value)
            .Flag("frontchannelLogout", value => client.FrontchannelLogout = value)
            .Flag("consentRequired", value => client.ConsentRequired = value)
            .Number("notBefore", value => client.NotBefore = value)
            .Text("rootUrl", value => client.RootUrl = value)
            .Text("baseUrl", value => client.BaseUrl = value)
            .Texts("redirectUris", value => client.RedirectUris = value)
            .Texts("webOrigins", value => client.WebOrigins = value)
            .TextMap("attributes", value =>
            {
                var attributes = new Dictionary<string, string>(client.Attributes, StringComparer.Ordinal);
                foreach (var (name, text) in value)
                {
                    attributes[name] = text;
                }

                client.Attributes = attributes.Where(each => each.Value.Length > 0).ToDictionary(StringComparer.Ordinal);
            })
            .Apply();
    }

    public static AdminAnswer ReadSecret(AdminRequest request) => request.Client is { } client
        ? AdminAnswer.Ok(new JsonObject { ["type"] = "secret", ["value"] = client.Secret })
        : NotFound;

    public static AdminAnswer ReadServiceAccount(AdminRequest request)
    {
        if (request.Client is not { } client)
        {
            return NotFound;
        }

        return client is { ServiceAccountsEnabled: true, ServiceAccount: { } user }
            ? AdminAnswer.Ok(Representations.Of(request.Realm, user))
            : AdminAnswer.Failed(StatusCodes.Status400BadRequest, $"Service account not enabled for the client '{client.ClientId}'");
    }
}
