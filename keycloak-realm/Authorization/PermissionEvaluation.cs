using KeycloakRealm.Model;

namespace KeycloakRealm.Authorization;

/// <summary>
/// Where permissions disagree, the resource server's strategy decides; one on a type yields to one that names the resource.
/// </summary>
internal sealed class PermissionEvaluation(Realm realm, ResourceServer server, PolicySubject subject)
{
    /// <summary>Null if nothing is granted.</summary>
    public GrantedPermission? Evaluate(ProtectedResource resource, IReadOnlyList<string> scopes)
    {
        var permissions = server.Policies.Where(policy => policy.IsPermission && AppliesTo(policy, resource, scopes)).ToList();
        if (server.EnforcementMode is "DISABLED" || (permissions.Count == 0 && server.EnforcementMode is "PERMISSIVE"))
        {
            return new GrantedPermission(resource, scopes);
        }

        var granted = new List<string>();
        var denied = new List<string>();
        var resourceGranted = false;
        var typeGranted = false;
        var anyDenied = false;
        foreach (var permission in permissions.Where(each => each.Applied.Count > 0 && Concerns(each, scopes)))
        {
            var named = permission.Resources.Contains(resource);
            if (PolicyDecision.EvaluatePermission(realm, permission, subject))
            {
                granted.AddRange(permission.Type is "scope" ? scopes.Where(permission.Scopes.Contains) : scopes);
                resourceGranted |= named;
                typeGranted |= permission.Type is not "scope";
                continue;
            }

            anyDenied = true;
            if (named || !resourceGranted)
            {
                denied.AddRange(permission.Type is "scope" ? permission.Scopes : scopes);
            }
        }

        if (server.Strategy is DecisionStrategy.Affirmative)
        {
            denied.RemoveAll(granted.Contains);
        }

        List<string> left =
            [.. scopes.Where(scope => granted.Contains(scope, StringComparer.Ordinal) && !denied.Contains(scope, StringComparer.Ordinal))];
        var isGranted = left.Count > 0 || ((resourceGranted || typeGranted) && !anyDenied && scopes.Count == 0);
        return isGranted ? new GrantedPermission(resource, left) : null;
    }

    /// <summary>One without policies decides nothing, and yet there is a permission then.</summary>
    private static bool AppliesTo(AuthorizationPolicy permission, ProtectedResource resource, IReadOnlyList<string> scopes)
    {
        if (permission.Resources.Count > 0)
        {
            return permission.Resources.Contains(resource);
        }

        return permission.Type is "scope"
            ? permission.Scopes.Exists(scopes.Contains)
            : permission.Applied.Count > 0
                && permission.Config.TryGetValue("defaultResourceType", out var type)
                && type.Length > 0
                && string.Equals(type, resource.Type, StringComparison.Ordinal);
    }

    private static bool Concerns(AuthorizationPolicy permission, IReadOnlyList<string> scopes) =>
        permission.Type is not "scope" || scopes.Count == 0 || permission.Scopes.Exists(scopes.Contains);
}

internal sealed record GrantedPermission(ProtectedResource Resource, IReadOnlyList<string> Scopes);
