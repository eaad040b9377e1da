using KeycloakAccess.Data;

namespace KeycloakAccess.Permissions;

// The database deletes the mappings with their group, and the audit log must say so. Groups and mappings meet here; neither reads the
// other's table.
internal static class GroupMappings
{
    public static async Task<IReadOnlyList<AuditChange>> DeletedWithAsync(ChangeTransaction change, Guid groupId, string groupName)
    {
        const string sql = "SELECT id, kind, client, name FROM role_mappings WHERE group_id = @groupId ORDER BY id";
        var rows = await change.QueryAsync<Row>(sql, new { groupId });
        return [.. rows.Select(row => new AuditChange(
            RoleMappingPermissions.Model,
            row.Id.ToString(),
            Permission.Delete,
            Values(row.Kind, row.Client, row.Name, groupId, groupName),
            After: null))];
    }

    public static async Task<(string Name, IEnumerable<string> Written)?> FindGroupAsync(ChangeTransaction change, Guid groupId)
    {
        const string sql = """
            SELECT g.name, p.permission
            FROM groups g
            LEFT JOIN group_permissions p ON p.group_id = g.id
            WHERE g.id = @groupId
            """;
        var rows = (await change.QueryAsync<(string Name, string? Permission)>(sql, new { groupId })).ToArray();
        return rows.Length == 0 ? null : (rows[0].Name, rows.Select(row => row.Permission).OfType<string>());
    }

    public static IReadOnlyDictionary<string, object?> Values(string kind, string client, string name, Guid groupId, string groupName) =>
        new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["kind"] = kind,
            ["client"] = client.Length == 0 ? null : client,
            ["name"] = name,
            ["groupId"] = groupId,
            ["groupName"] = groupName,
        };

    private sealed record Row
    {
        public required Guid Id { get; init; }

        public required string Kind { get; init; }

        public required string Client { get; init; }

        public required string Name { get; init; }
    }
}
