using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.RoleMappingPages;

internal static class RoleMappingPlace
{
    private const string Sort = "role";

    // No part of a pattern can hold the end of a line.
    public static string Write(RolePattern pattern, Guid id = default) =>
        new Cursor(Sort, $"{RoleKinds.Write(pattern.Kind)}\n{pattern.Client}\n{pattern.Name}", id.ToString()).ToString();

    public static MappingRule? Parse(string? after) =>
        after is not null
        && Cursor.Parse(after, Sort) is { Key: { } key } cursor
        && key.Split('\n') is [var kind, var client, var name]
        && RoleKinds.All.Contains(kind, StringComparer.Ordinal)
        && Guid.TryParse(cursor.Id, out var id)
            ? new MappingRule(id, new RolePattern(RoleKinds.Parse(kind), client, name), Guid.Empty)
            : null;
}
