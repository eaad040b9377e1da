using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.RoleMappingPages;

/// <summary>Roles and patterns as pages and their addresses write them.</summary>
internal static class RoleWords
{
    private const string Sort = "role";

    /// <returns>The name, with the client where there is one.</returns>
    public static string Of(RolePattern pattern) => pattern.Client.Length > 0 ? $"{pattern.Client} / {pattern.Name}" : pattern.Name;

    /// <returns>The place of a list after a mapping, or after a role.</returns>
    // No part of a pattern can hold the end of a line.
    public static string After(RolePattern pattern, Guid id = default) =>
        new Cursor(Sort, $"{RoleKinds.Write(pattern.Kind)}\n{pattern.Client}\n{pattern.Name}", id.ToString()).ToString();

    /// <returns>The place that the text stands for, or <see langword="null"/> for the beginning: somebody may have written it by hand.</returns>
    public static MappingRule? Place(string? after) =>
        after is not null
        && Cursor.Parse(after, Sort) is { Key: { } key } cursor
        && key.Split('\n') is [var kind, var client, var name]
        && RoleKinds.All.Contains(kind, StringComparer.Ordinal)
        && Guid.TryParse(cursor.Id, out var id)
            ? new MappingRule(id, new RolePattern(RoleKinds.Parse(kind), client, name), Guid.Empty)
            : null;
}
