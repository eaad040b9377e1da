using System.Text.Json;
using KeycloakRealm.Authorization;
using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

/// <summary>All roles and users must have been read.</summary>
internal sealed class AuthorizationReader(Realm realm, List<string> warnings)
{
    private static readonly HashSet<string> Types = new(
        ["role", "user", "group", "client", "client-scope", "aggregate", "time", "regex", "resource", "scope", "uma"],
        StringComparer.Ordinal);

    public void Read(JsonPlace client)
    {
        if (realm.FindClient(client.Text("clientId")) is not { AuthorizationServicesEnabled: true } owner)
        {
            return;
        }

        var settings = client.Member("authorizationSettings");
        var server = new ResourceServer
        {
            Client = owner,
            EnforcementMode = settings?.Text("policyEnforcementMode") ?? "ENFORCING",
            Strategy = settings is { } place ? ReadStrategy(place) : DecisionStrategy.Unanimous,
        };
        owner.Authorization = server;
        if (settings is { } given)
        {
            if (given.Text("decisionStrategy") is "CONSENSUS")
            {
                throw given.Member("decisionStrategy")!.Value.Refuse("Strategy CONSENSUS not supported");
            }

            ReadResources(given, server);
            ReadPolicies(given, server);
        }
    }

    private static DecisionStrategy ReadStrategy(JsonPlace place) => place.Text("decisionStrategy") switch
    {
        "AFFIRMATIVE" => DecisionStrategy.Affirmative,
        "CONSENSUS" => DecisionStrategy.Consensus,
        _ => DecisionStrategy.Unanimous,
    };

    private void ReadResources(JsonPlace settings, ResourceServer server)
    {
        foreach (var scope in settings.Items("scopes"))
        {
            server.Scopes.Add(scope.Text("name") ?? throw scope.Refuse("a scope without a name"));
        }

        foreach (var resource in settings.Items("resources"))
        {
            var name = resource.Text("name") ?? throw resource.Refuse("a resource without a name");
            var scopes = resource.Items("scopes")
                .Select(scope => scope.Text("name") ?? throw scope.Refuse("a scope without a name"))
                .ToList();
            server.Scopes.AddRange(scopes.Where(scope => !server.Scopes.Contains(scope, StringComparer.Ordinal)));
            var uris = resource.Texts("uris");
            if (resource.Text("uri") is { } uri)
            {
                uris.Add(uri);
            }

            if (resource.Member("owner")?.Text("id") is { } owner
                && realm.FindUserById(owner) is null
                && !string.Equals(owner, server.Client.Id, StringComparison.Ordinal))
            {
                throw resource.Refuse("Owner must be a valid username or user identifier. If the resource server, the client id or null");
            }

            var id = resource.Text("_id") ?? StableId.For(realm.Name, "resource", $"{server.Client.ClientId}/{name}");
            server.Resources.Add(new ProtectedResource(id, name, resource.Text("type"), uris, scopes));
            if (resource.Flag("ownerManagedAccess", absent: false))
            {
                warnings.Add($"{resource.Path}.ownerManagedAccess is not honoured by the embedded realm");
            }
        }
    }

    /// <summary>In two passes, because policies refer to each other in any order.</summary>
    private void ReadPolicies(JsonPlace settings, ResourceServer server)
    {
        var read = new List<(AuthorizationPolicy Policy, JsonPlace Place)>();
        foreach (var place in settings.Items("policies"))
        {
            var type = place.Text("type") ?? throw place.Refuse("a policy without a type");
            if (!Types.Contains(type))
            {
                // Keycloak has no script policies unless they are built into it.
                throw place.Refuse($"Couldn't find policy provider with type [{type}]");
            }

            var policy = new AuthorizationPolicy
            {
                Name = place.Text("name") ?? throw place.Refuse("a policy without a name"),
                Type = type,
                IsNegative = place.Text("logic") is "NEGATIVE",
                Strategy = ReadStrategy(place),
                Config = place.TextMap("config"),
            };
            if (!policy.IsPermission && !PolicyDecision.Knows(type))
            {
                warnings.Add($"{place.Path} ({type}) is not honoured: the policy denies");
            }

            server.Policies.Add(policy);
            read.Add((policy, place));
        }

        foreach (var (policy, place) in read)
        {
            foreach (var name in List(place, policy, "resources"))
            {
                policy.Resources.Add(
                    server.FindResource(name)
                        ?? throw place.Refuse($"Resource with id or name [{name}] does not exist or is not owned by the resource server"));
            }

            foreach (var name in List(place, policy, "scopes"))
            {
                policy.Scopes.Add(server.Scopes.Contains(name, StringComparer.Ordinal)
                    ? name
                    : throw place.Refuse($"Scope with id or name [{name}] does not exist"));
            }

            PolicyValidation.Check(place, policy, realm);
            foreach (var name in List(place, policy, "applyPolicies"))
            {
                policy.Applied.Add(server.Policies.Find(other => string.Equals(other.Name, name, StringComparison.Ordinal))
                    ?? throw place.Refuse($"the policy {name} does not exist"));
            }
        }

        foreach (var (policy, place) in read)
        {
            PolicyValidation.CheckCycle(place, policy);
        }
    }

    /// <summary>The configuration holds lists as JSON in a string.</summary>
    private static List<string> List(JsonPlace place, AuthorizationPolicy policy, string name)
    {
        if (!policy.Config.TryGetValue(name, out var text) || text.Length == 0)
        {
            return [];
        }

        try
        {
            return JsonSerializer.Deserialize<List<string>>(text) ?? [];
        }
        catch (JsonException)
        {
            throw place.Refuse($"config.{name} must be a JSON list in a text");
        }
    }
}
