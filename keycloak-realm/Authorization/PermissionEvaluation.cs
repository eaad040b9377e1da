using KeycloakRealm.Model;

namespace KeycloakRealm.Authorization;

/// <summary>
/// Decides which scopes of which resources somebody gets. Where permissions disagree about a resource, the resource server's
/// strategy decides; a permission on its type stands back where one names the resource itself.
/// </summary>
internal sealed class PermissionEvaluation(Realm realm, ResourceServer server, PolicySubject subject)
{
    /// <summary>What is granted of a request; null if nothing is.</summary>
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
        var anyDenied = false;
        foreach (var permission in permissions)
        {
            var named = permission.Resources.Contains(resource);
            if (PolicyDecision.EvaluatePermission(realm, permission, subject))
            {
                granted.AddRange(permission.Type is "scope" ? scopes.Where(permission.Scopes.Contains) : scopes);
                resourceGranted |= named;
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

        List<string> left = [.. scopes.Where(scope => granted.Contains(scope, StringComparer.Ordinal) && !denied.Contains(scope, StringComparer.Ordinal))];
        var isGranted = left.Count > 0 || (resourceGranted && !anyDenied && scopes.Count == 0);
        return isGranted ? new GrantedPermission(resource, left) : null;
    }

    private static bool AppliesTo(AuthorizationPolicy permission, ProtectedResource resource, IReadOnlyList<string> scopes)
    {
        if (permission.Type is "scope" && !permission.Scopes.Exists(scopes.Contains))
        {
            return false;
        }

        if (permission.Resources.Count > 0)
        {
            return permission.Resources.Contains(resource);
        }

        return permission.Type is "scope"
            || (permission.Config.TryGetValue("defaultResourceType", out var type) && type.Length > 0 && string.Equals(type, resource.Type, StringComparison.Ordinal));
    }
}

/// <summary>A resource and the scopes of it that are granted.</summary>
internal sealed record GrantedPermission(ProtectedResource Resource, IReadOnlyList<string> Scopes);
