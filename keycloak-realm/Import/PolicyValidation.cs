using System.Text.Json;
using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

/// <summary>What makes Keycloak refuse a policy, and the whole file with it. It takes unknown roles and groups.</summary>
internal static class PolicyValidation
{
    public static void Check(JsonPlace place, AuthorizationPolicy policy, Realm realm)
    {
        switch (policy.Type)
        {
            case "role":
                Read(place, policy, "roles");
                break;
            case "group":
                Read(place, policy, "groups");
                break;
            case "user":
                CheckUsers(place, policy, realm);
                break;
            case "client":
                CheckClients(place, policy, realm);
                break;
            case "client-scope":
                CheckScopes(place, policy, realm);
                break;
        }
    }

    /// <summary>Once every policy has what it applies.</summary>
    public static void CheckCycle(JsonPlace place, AuthorizationPolicy policy)
    {
        var seen = new HashSet<AuthorizationPolicy>();
        var open = new Stack<AuthorizationPolicy>(policy.Applied);
        while (open.TryPop(out var applied))
        {
            if (applied == policy)
            {
                throw place.Refuse($"Error while importing policy [{policy.Name}]: it applies itself");
            }

            if (seen.Add(applied))
            {
                applied.Applied.ForEach(open.Push);
            }
        }
    }

    private static void CheckUsers(JsonPlace place, AuthorizationPolicy policy, Realm realm)
    {
        foreach (var name in Read(place, policy, "users", isRequired: true).Select(each => each.ToString()))
        {
            if (!realm.Users.ContainsKey(name.ToLowerInvariant()) && realm.FindUserById(name) is null)
            {
                throw place.Refuse($"Error while updating policy [{policy.Name}]. User [{name}] could not be found");
            }
        }
    }

    private static void CheckClients(JsonPlace place, AuthorizationPolicy policy, Realm realm)
    {
        foreach (var name in Read(place, policy, "clients").Select(each => each.ToString()))
        {
            if (realm.FindClient(name) is null
                && !realm.Clients.Values.Any(client => string.Equals(client.Id, name, StringComparison.Ordinal)))
            {
                throw place.Refuse($"Error while updating policy [{policy.Name}]. Client [{name}] could not be found");
            }
        }
    }

    private static void CheckScopes(JsonPlace place, AuthorizationPolicy policy, Realm realm)
    {
        foreach (var scope in Read(place, policy, "clientScopes", isRequired: true))
        {
            var name = scope.ValueKind is JsonValueKind.Object && scope.TryGetProperty("id", out var id) ? id.ToString() : "";
            if (!realm.ClientScopes.ContainsKey(name)
                && !realm.ClientScopes.Values.Any(each => string.Equals(each.Id, name, StringComparison.Ordinal)))
            {
                throw place.Refuse($"Error while updating policy [{policy.Name}]. Client Scope [{name}] could not be found");
            }
        }
    }

    /// <summary>The configuration holds lists as JSON in a string.</summary>
    private static List<JsonElement> Read(JsonPlace place, AuthorizationPolicy policy, string name, bool isRequired = false)
    {
        if (!policy.Config.TryGetValue(name, out var text))
        {
            return isRequired ? throw place.Refuse($"config.{name} is missing") : [];
        }

        try
        {
            using var list = JsonDocument.Parse(text);
            return [.. list.RootElement.EnumerateArray().Select(each => each.Clone())];
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw place.Refuse($"config.{name} must be a JSON list in a text");
        }
    }
}
