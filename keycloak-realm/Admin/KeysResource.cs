using System.Text.Json.Nodes;
using KeycloakRealm.Import;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Admin;

/// <summary>Keys as a list, and as the components that hold them. Other components are not served.</summary>
internal static class KeysResource
{
    private const string ProviderType = "org.keycloak.keys.KeyProvider";

    private static AdminAnswer NotFound => AdminAnswer.NotFound("Could not find component");

    public static AdminAnswer List(AdminRequest request)
    {
        var active = new JsonObject();
        foreach (var provider in request.Site.Keys.All.Where(each => each.IsActive && !active.ContainsKey(each.Key.Algorithm)))
        {
            active.TryAdd(provider.Key.Algorithm, provider.Key.Kid);
        }

        return AdminAnswer.Ok(new JsonObject
        {
            ["active"] = active,
            ["keys"] = new JsonArray([.. request.Site.Keys.All.Select(Describe)]),
        });
    }

    public static AdminAnswer ListComponents(AdminRequest request) => AdminAnswer.Ok(request.Query("type") is null or ProviderType
        ? request.Site.Keys.All.Select(each => Component(request, each))
        : []);

    public static AdminAnswer ReadComponent(AdminRequest request) =>
        Find(request) is { } provider ? AdminAnswer.Ok(Component(request, provider)) : NotFound;

    public static AdminAnswer Add(AdminRequest request)
    {
        if (request.Body is not JsonObject body)
        {
            return AdminAnswer.Unreadable;
        }

        if (body.Text("providerType") is not ProviderType || body.Text("providerId") is not { } provider || !KeyProvider.Knows(provider))
        {
            return AdminAnswer.Failed(StatusCodes.Status400BadRequest, "Invalid provider type or no such provider");
        }

        try
        {
            var id = Guid.NewGuid().ToString();
            var component = new KeyComponent(id, body.Text("name") ?? provider, provider, Settings(body));
            request.Site.Keys.Add(KeyProvider.Create(component, request.Realm.Name, request.Site.Clock.GetUtcNow()));
            return AdminAnswer.Created($"{request.Site.ServerUrl}/admin/realms/{request.Realm.PathSegment}/components/{id}");
        }
        catch (RealmFileException)
        {
            return AdminAnswer.Refused(StatusCodes.Status400BadRequest, "Failed to decode private key");
        }
    }

    /// <summary>The key itself cannot be changed.</summary>
    public static AdminAnswer Change(AdminRequest request)
    {
        if (Find(request) is not { } provider)
        {
            return NotFound;
        }

        if (request.Body is not JsonObject body)
        {
            return AdminAnswer.Unreadable;
        }

        var config = new Dictionary<string, string>(provider.Config, StringComparer.Ordinal);
        foreach (var (name, value) in Settings(body).Where(each => each.Key is not ("privateKey" or "certificate" or "secret")))
        {
            config[name] = value;
        }

        request.Site.Keys.Replace(provider.With(body.Text("name") ?? provider.Name, config));
        return AdminAnswer.NoContent;
    }

    public static AdminAnswer Remove(AdminRequest request)
    {
        if (Find(request) is not { } provider)
        {
            return NotFound;
        }

        request.Site.Keys.Remove(provider);
        return AdminAnswer.NoContent;
    }

    private static KeyProvider? Find(AdminRequest request) =>
        request.Site.Keys.All.FirstOrDefault(each => string.Equals(each.Id, request.Route("component"), StringComparison.Ordinal));

    private static Dictionary<string, string> Settings(JsonObject body) => body["config"] is JsonObject config
        ? config.Select(each => (each.Key, Value: config.Texts(each.Key)))
            .Where(each => each.Value.Count > 0)
            .ToDictionary(each => each.Key, each => each.Value[0], StringComparer.Ordinal)
        : [];

    private static JsonObject Component(AdminRequest request, KeyProvider provider)
    {
        var config = new JsonObject();
        if (provider.ProviderId is "rsa" or "rsa-enc")
        {
            config["privateKey"] = new JsonArray("**********");
        }

        foreach (var (name, value) in provider.Config)
        {
            config[name] = new JsonArray(value);
        }

        return new JsonObject
        {
            ["id"] = provider.Id,
            ["name"] = provider.Name,
            ["providerId"] = provider.ProviderId,
            ["providerType"] = ProviderType,
            ["parentId"] = request.Realm.Id,
            ["config"] = config,
        };
    }

    private static JsonObject Describe(KeyProvider provider)
    {
        var json = new JsonObject
        {
            ["providerId"] = provider.Id,
            ["providerPriority"] = provider.Priority,
            ["kid"] = provider.Key.Kid,
            ["status"] = provider.IsActive ? "ACTIVE" : provider.IsEnabled ? "PASSIVE" : "DISABLED",
            ["type"] = provider.Key.Type,
            ["algorithm"] = provider.Key.Algorithm,
        };
        if (provider.Key.PublicKey is { } publicKey)
        {
            json["publicKey"] = Convert.ToBase64String(publicKey);
        }

        if (provider.Key.Certificate is { } certificate)
        {
            json["certificate"] = Convert.ToBase64String(certificate);
        }

        json["use"] = provider.Key.Use is "enc" ? "ENC" : "SIG";
        return json;
    }
}
