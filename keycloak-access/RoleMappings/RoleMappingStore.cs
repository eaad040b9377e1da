using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.RoleMappings;

internal sealed class RoleMappingStore(Database database)
{
    // A role is mapped to a group once.
    public static readonly Keyset<RoleMapping> Keyset = new Keyset<RoleMapping>("role-mapping")
        .By("m.kind", mapping => mapping.Kind)
        .By("m.client", mapping => mapping.Client)
        .By("m.name", mapping => mapping.Name)
        .By("g.name", mapping => mapping.GroupName);

    private const string Select = """
        SELECT m.id, m.kind, m.client, m.name, m.group_id, g.name AS group_name, m.version
        FROM role_mappings m
        JOIN groups g ON g.id = m.group_id
        """;

    public static IModelRows Rows(Database database) => new PlainRows(
        database,
        RoleMappingPermissions.Model,
        exists: "SELECT COUNT(*) FROM role_mappings WHERE id = @row",
        list: "SELECT id FROM role_mappings WHERE id > @after ORDER BY id LIMIT @limit");

    public async Task<KeysetPage<RoleMapping>> ListAsync(int limit, Cursor? after, CancellationToken cancellationToken)
    {
        var values = new DynamicParameters();
        var sql = $"{Select} WHERE {Keyset.StartAfter(after, limit, values)} ORDER BY {Keyset.OrderBy} LIMIT @limit";
        await using var connection = await database.OpenAsync(cancellationToken);
        var mappings = await connection.QueryAsync<RoleMapping>(new CommandDefinition(sql, values, cancellationToken: cancellationToken));
        return Keyset.Cut(mappings.AsList(), limit);
    }

    public async Task<RoleMapping?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<RoleMapping>(new CommandDefinition(
            Select + " WHERE m.id = @id", new { id }, cancellationToken: cancellationToken));
    }

    public static Task<RoleMapping?> FindAsync(ChangeTransaction change, Guid id) =>
        change.FindAsync<RoleMapping>(Select + " WHERE m.id = @id", new { id });

    /// <summary>False if there is such a mapping already.</summary>
    public static async Task<bool> AddAsync(ChangeTransaction change, RoleMapping mapping)
    {
        const string sql = """
            INSERT INTO role_mappings (id, kind, client, name, group_id, version)
            VALUES (@Id, @Kind, @Client, @Name, @GroupId, @Version)
            ON CONFLICT (kind, client, name, group_id) DO NOTHING
            """;
        if (await change.ExecuteAsync(sql, mapping) == 0)
        {
            return false;
        }

        await change.RecordAsync(new AuditChange(
            RoleMappingPermissions.Model, mapping.Id.ToString(), Permission.Add, Before: null, Values(mapping)));
        return true;
    }

    /// <summary>False if there is such a mapping already.</summary>
    public static async Task<bool> ReplaceAsync(ChangeTransaction change, RoleMapping before, RoleMapping after)
    {
        const string sql = """
            UPDATE role_mappings
            SET kind = @Kind, client = @Client, name = @Name, group_id = @GroupId, version = @Version
            WHERE id = @Id AND NOT EXISTS (
                SELECT 1 FROM role_mappings o WHERE o.kind = @Kind AND o.client = @Client AND o.name = @Name AND o.group_id = @GroupId)
            """;
        if (await change.ExecuteAsync(sql, after) == 0)
        {
            return false;
        }

        await change.RecordAsync(new AuditChange(
            RoleMappingPermissions.Model, after.Id.ToString(), Permission.Change, Values(before), Values(after)));
        return true;
    }

    public static async Task DeleteAsync(ChangeTransaction change, RoleMapping mapping)
    {
        await change.ExecuteAsync("DELETE FROM role_mappings WHERE id = @Id", new { mapping.Id });
        await change.RecordAsync(new AuditChange(
            RoleMappingPermissions.Model, mapping.Id.ToString(), Permission.Delete, Values(mapping), After: null));
    }

    private static IReadOnlyDictionary<string, object?> Values(RoleMapping mapping) =>
        GroupMappings.Values(mapping.Kind, mapping.Client, mapping.Name, mapping.GroupId, mapping.GroupName);
}
