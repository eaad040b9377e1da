using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.RoleMappingPages;

internal static class RoleMappingPlace
{
    private const string Sort = "role";

    public static string Write(RolePattern pattern, Guid id = default) =>
        new Cursor(Sort, [RoleKinds.Write(pattern.Kind), pattern.Client, pattern.Name, id.ToString()]).ToString();

    public static MappingRule? Parse(string? after) =>
        after is not null
        && Cursor.Parse(after, Sort)?.Keys is [{ } kind, { } client, { } name, { } text]
        && RoleKinds.All.Contains(kind, StringComparer.Ordinal)
        && Guid.TryParse(text, out var id)
            ? new MappingRule(id, new RolePattern(RoleKinds.Parse(kind), client, name), Guid.Empty)
            : null;
}
