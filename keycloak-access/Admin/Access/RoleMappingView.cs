using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Access;

/// <summary>It is matched where a token has shown a role that it fits.</summary>
public sealed record RoleMappingView(Guid Id, string Kind, string Role, Guid GroupId, string GroupName, bool IsMatched)
{
    public string Path => $"/admin/role-mappings/{Id}";

    public string Title => $"{Kind} {Role}";

    internal static RoleMappingView Create(MappingRule mapping, AccessRules rules, IReadOnlySet<Guid> matched)
    {
        var group = rules.FindGroup(mapping.GroupId)!;
        var (kind, client, name) = (mapping.Pattern.Kind, mapping.Pattern.Client, mapping.Pattern.Name);
        return new RoleMappingView(
            mapping.Id, RoleFormatter.Kind(kind), RoleFormatter.Name(client, name), group.Id, group.Name, matched.Contains(mapping.Id));
    }
}
