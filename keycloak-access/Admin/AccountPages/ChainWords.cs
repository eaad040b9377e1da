using KeycloakAccess.Admin.Design;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.AccountPages;

/// <summary>A chain as the steps that pages draw.</summary>
internal static class ChainWords
{
    public static IReadOnlyList<ChainStep> Steps(Chain chain)
    {
        var steps = new List<ChainStep>();
        if (chain.Origin is { Role: { } role, Mapping: { } mapping })
        {
            steps.Add(new ChainStep(Kind(role.Kind), role.Client.Length > 0 ? $"{role.Client} / {role.Name}" : role.Name));
            steps.Add(new ChainStep("mapping", mapping.Pattern.Name, $"/admin/role-mappings/{mapping.Id}"));
        }
        else
        {
            steps.Add(new ChainStep("here", chain.Origin.ToString()));
        }

        steps.Add(new ChainStep("group", chain.Group.Name, $"/admin/groups/{chain.Group.Id}"));
        steps.Add(new ChainStep("permission", chain.Permission.ToString()));
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
