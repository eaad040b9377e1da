using System.Text.Json;
using System.Text.Json.Nodes;
using KeycloakRealm.Model;

namespace KeycloakRealm.Authorization;

internal static class PolicyDecision
{
    private static readonly Dictionary<string, Func<Realm, AuthorizationPolicy, PolicySubject, bool>> Kinds = new(StringComparer.Ordinal)
    {
        ["role"] = HasRoles,
        ["user"] = (_, policy, subject) => Names(policy, "users")
            .Any(name => Same(name, subject.User.Id) || Same(name, subject.User.Username)),
        ["client"] = (realm, policy, subject) => Names(policy, "clients").Any(name =>
            Same(name, subject.ClientId) || (realm.FindClient(subject.ClientId) is { } client && Same(name, client.Id))),
        ["group"] = IsMember,
        ["client-scope"] = HasScopes,
        ["aggregate"] = (realm, policy, subject) => Combine(policy.Strategy, policy.Applied.Select(each => Evaluate(realm, each, subject))),
    };

    public static bool Knows(string type) => Kinds.ContainsKey(type);

    /// <summary>A policy of an unknown kind never grants, whatever its logic.</summary>
    public static bool Evaluate(Realm realm, AuthorizationPolicy policy, PolicySubject subject) =>
        Kinds.TryGetValue(policy.Type, out var decide) && decide(realm, policy, subject) != policy.IsNegative;

    public static bool EvaluatePermission(Realm realm, AuthorizationPolicy permission, PolicySubject subject) =>
        Combine(permission.Strategy, permission.Applied.Select(each => Evaluate(realm, each, subject))) != permission.IsNegative;

    private static bool Combine(DecisionStrategy strategy, IEnumerable<bool> decisions)
    {
        var all = decisions.ToList();
        var granted = all.Count(each => each);
        return strategy switch
        {
            DecisionStrategy.Affirmative => granted > 0,
            DecisionStrategy.Consensus => granted > all.Count - granted,
            _ => all.Count > 0 && granted == all.Count,
        };
    }

    /// <summary>One role is enough, but every required role must be held.</summary>
    private static bool HasRoles(Realm realm, AuthorizationPolicy policy, PolicySubject subject)
    {
        var granted = false;
        foreach (var definition in Definitions(policy, "roles"))
        {
            if (FindRole(realm, definition["id"]?.ToString()) is not { } role)
            {
                continue;
            }

            var has = subject.HasRole(role);
            if (!has && IsTrue(definition, "required"))
            {
                return false;
            }

            granted |= has;
        }

        return granted;
    }

    private static bool HasScopes(Realm realm, AuthorizationPolicy policy, PolicySubject subject)
    {
        var granted = false;
        foreach (var definition in Definitions(policy, "clientScopes"))
        {
            var id = definition["id"]?.ToString();
            var name = realm.ClientScopes.Values.FirstOrDefault(scope => Same(scope.Id, id))?.Name ?? id;
            var has = name is not null && subject.HasScope(name);
            if (!has && IsTrue(definition, "required"))
            {
                return false;
            }

            granted |= has;
        }

        return granted;
    }

    private static bool IsMember(Realm realm, AuthorizationPolicy policy, PolicySubject subject) =>
        Definitions(policy, "groups").Any(definition =>
        {
            var named = definition["id"]?.ToString() ?? definition["path"]?.ToString() ?? "";
            var group = realm.AllGroups().FirstOrDefault(each => Same(each.Id, named)) ?? realm.FindGroup(named);
            return group is not null && subject.User.Groups.Exists(own =>
            {
                for (var each = own; each is not null; each = IsTrue(definition, "extendChildren") ? each.Parent : null)
                {
                    if (each == group)
                    {
                        return true;
                    }
                }

                return false;
            });
        });

    private static RealmRole? FindRole(Realm realm, string? name)
    {
        if (name is null)
        {
            return null;
        }

        var all = realm.Roles.Values.Concat(realm.Clients.Values.SelectMany(client => client.Roles.Values));
        if (all.FirstOrDefault(role => Same(role.Id, name)) is { } byId)
        {
            return byId;
        }

        var slash = name.IndexOf('/', StringComparison.Ordinal);
        return slash < 0
            ? realm.Roles.GetValueOrDefault(name)
            : realm.FindClient(name[..slash])?.Roles.GetValueOrDefault(name[(slash + 1)..]);
    }

    private static bool Same(string name, string? other) => string.Equals(name, other, StringComparison.Ordinal);

    private static bool IsTrue(JsonObject definition, string name) => definition[name]?.ToString() is "true";

    private static List<string> Names(AuthorizationPolicy policy, string member) =>
        [.. Parse(policy, member).OfType<JsonValue>().Select(value => value.ToString())];

    private static List<JsonObject> Definitions(AuthorizationPolicy policy, string member) =>
        [.. Parse(policy, member).OfType<JsonObject>()];

    private static JsonArray Parse(AuthorizationPolicy policy, string member)
    {
        try
        {
            return policy.Config.TryGetValue(member, out var text) && JsonNode.Parse(text) is JsonArray list ? list : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
