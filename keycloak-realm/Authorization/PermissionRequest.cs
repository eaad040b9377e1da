using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;

namespace KeycloakRealm.Authorization;

internal static class PermissionRequest
{
    /// <summary>
    /// <c>resource#scope,scope</c>; <c>resource</c> for all its scopes; <c>#scope</c> for every resource that has it; none for
    /// everything.
    /// </summary>
    public static (List<(ProtectedResource Resource, List<string> Scopes)> Asked, Refusal? Refusal) Read(
        ResourceServer server, ProtocolForm form)
    {
        var permissions = form.Values("permission");
        if (permissions.Count == 0)
        {
            return ([.. server.Resources.Select(resource => (resource, resource.Scopes.ToList()))], null);
        }

        var byUri = form["permission_resource_format"] is "uri";
        var patterns = form["permission_resource_matching_uri"] is "true";
        var asked = new List<(ProtectedResource, List<string>)>();
        foreach (var permission in permissions)
        {
            var parts = permission.Split('#', 2);
            List<string> scopes = parts.Length < 2 || parts[1].Length == 0 ? [] : [.. parts[1].Split(',')];
            if (Add(server, asked, parts[0].Length == 0 ? null : parts[0], scopes, byUri, patterns) is { } refusal)
            {
                return ([], refusal);
            }
        }

        return (asked, null);
    }

    public static Refusal? Add(
        ResourceServer server,
        List<(ProtectedResource Resource, List<string> Scopes)> asked,
        string? name,
        List<string> scopes,
        bool byUri = false,
        bool patterns = false)
    {
        if (scopes.Exists(scope => !server.Scopes.Contains(scope, StringComparer.Ordinal)))
        {
            return Refusal.BadRequest("invalid_scope", $"One of the given scopes [{string.Join(", ", scopes)}] is invalid");
        }

        if (name is null)
        {
            foreach (var each in server.Resources.Where(each => each.Scopes.Any(scopes.Contains)))
            {
                Merge(asked, each, [.. each.Scopes.Where(scopes.Contains)]);
            }

            return null;
        }

        var resource = byUri
            ? server.Resources.Find(each => each.Uris.Any(uri => Matches(uri, name, patterns)))
            : server.FindResource(name);
        List<string> reachable = resource is null
            ? []
            : [.. resource.Scopes.Where(scope => scopes.Count == 0 || scopes.Contains(scope, StringComparer.Ordinal))];
        if (resource is null || (scopes.Count > 0 && reachable.Count == 0))
        {
            return Refusal.BadRequest("invalid_resource", $"Resource with id [{name}] does not exist.");
        }

        Merge(asked, resource, reachable);
        return null;
    }

    private static void Merge(
        List<(ProtectedResource Resource, List<string> Scopes)> asked, ProtectedResource resource, List<string> scopes)
    {
        var index = asked.FindIndex(each => each.Resource == resource);
        if (index < 0)
        {
            asked.Add((resource, scopes));
        }
        else
        {
            asked[index].Scopes.AddRange(scopes.Where(scope => !asked[index].Scopes.Contains(scope, StringComparer.Ordinal)));
        }
    }

    private static bool Matches(string pattern, string uri, bool patterns) => patterns && pattern.EndsWith('*')
        ? uri.StartsWith(pattern[..^1], StringComparison.Ordinal)
            || string.Equals(uri, pattern[..^1].TrimEnd('/'), StringComparison.Ordinal)
        : string.Equals(pattern, uri, StringComparison.Ordinal);
}
