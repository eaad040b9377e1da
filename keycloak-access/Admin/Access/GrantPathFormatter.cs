using KeycloakAccess.Admin.Design;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Access;

internal static class GrantPathFormatter
{
    public static IReadOnlyList<GrantPathStep> Steps(GrantPath grantPath)
    {
        var steps = new List<GrantPathStep>();
        if (grantPath.Origin is { Role: { } role, Mapping: { } mapping })
        {
            steps.Add(new GrantPathStep(RoleFormatter.Kind(role.Kind), RoleFormatter.Name(role.Client, role.Name)));
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
}
