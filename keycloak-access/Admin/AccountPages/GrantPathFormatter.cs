using KeycloakAccess.Admin.Design;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.AccountPages;

/// <summary>A grant path as the steps that pages draw.</summary>
internal static class GrantPathFormatter
{
    public static IReadOnlyList<GrantPathStep> Steps(GrantPath grantPath)
    {
        var steps = new List<GrantPathStep>();
        if (grantPath.Origin is { Role: { } role, Mapping: { } mapping })
        {
            steps.Add(new GrantPathStep(Kind(role.Kind), role.Client.Length > 0 ? $"{role.Client} / {role.Name}" : role.Name));
            steps.Add(new GrantPathStep("mapping", mapping.Pattern.Name, $"/admin/role-mappings/{mapping.Id}"));
        }
        else
        {
            steps.Add(new GrantPathStep("here", grantPath.Origin.ToString()));
        }

        steps.Add(new GrantPathStep("group", grantPath.Group.Name, $"/admin/groups/{grantPath.Group.Id}"));
        steps.Add(new GrantPathStep("permission", grantPath.Permission.ToString()));
        return steps;
    }

    /// <returns>What people call a kind of role.</returns>
    public static string Kind(RoleKind kind) => kind switch
    {
        RoleKind.RealmRole => "realm role",
        RoleKind.ClientRole => "client role",
        _ => "Keycloak group",
    };
}
