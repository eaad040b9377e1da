using System.Data.Common;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Dapper;

namespace KeycloakAccess.RoleMappings;

/// <summary>The table <c>role_mappings</c>. It knows a group by its id; the name comes with a join, for people.</summary>
internal sealed class RoleMappingStore(Database database, AuditLog audit)
{
    private const string Select = """
        SELECT m.id, m.kind, m.client, m.name, m.group_id, g.name AS group_name
        FROM role_mappings m
        JOIN groups g ON g.id = m.group_id
        """;

    /// <summary>The rows, for those who ask who may do what with them.</summary>
    public static IModelRows Rows(Database database) => new PlainRows(
        database,
        RoleMappingPermissions.Model,
        exists: "SELECT COUNT(*) FROM role_mappings WHERE id = @row",
        list: "SELECT id FROM role_mappings WHERE id > @after ORDER BY id LIMIT @limit");

    public async Task<IReadOnlyList<RoleMapping>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return (await connection.QueryAsync<RoleMapping>(new CommandDefinition(
            Select + " ORDER BY m.kind, m.client, m.name, g.name", cancellationToken: cancellationToken))).AsList();
    }

    public async Task<RoleMapping?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<RoleMapping>(new CommandDefinition(
            Select + " WHERE m.id = @id", new { id }, cancellationToken: cancellationToken));
    }

    /// <returns>Whether there was no such mapping before.</returns>
    public async Task<bool> AddAsync(RoleMapping mapping, Actor actor, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await Database.BeginWriteAsync(connection, cancellationToken);
        if (!await AddAsync(connection, transaction, mapping, actor, cancellationToken))
        {
            return false;
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <returns>Whether there was such a mapping.</returns>
    public async Task<bool> DeleteAsync(Guid id, Actor actor, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await Database.BeginWriteAsync(connection, cancellationToken);
        if (!await DeleteAsync(connection, transaction, id, actor, cancellationToken))
        {
            return false;
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>Puts one mapping in the place of another at once: nobody is out of both groups in between, or in both.</summary>
    public async Task<RoleMappingReplacement> ReplaceAsync(Guid id, RoleMapping mapping, Actor actor, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await Database.BeginWriteAsync(connection, cancellationToken);
        if (!await DeleteAsync(connection, transaction, id, actor, cancellationToken))
        {
            return RoleMappingReplacement.Missing;
        }

        if (!await AddAsync(connection, transaction, mapping, actor, cancellationToken))
        {
            return RoleMappingReplacement.MappedAlready;
        }

        await transaction.CommitAsync(cancellationToken);
        return RoleMappingReplacement.Done;
    }

    private async Task<bool> AddAsync(DbConnection connection, DbTransaction transaction, RoleMapping mapping, Actor actor, CancellationToken cancellationToken)
    {
        const string sql = """
            INSERT INTO role_mappings (id, kind, client, name, group_id)
            SELECT @Id, @Kind, @Client, @Name, g.id FROM groups g WHERE g.id = @GroupId
            ON CONFLICT (kind, client, name, group_id) DO NOTHING
            """;
        if (await connection.ExecuteAsync(new CommandDefinition(sql, mapping, transaction, cancellationToken: cancellationToken)) == 0)
        {
            return false;
        }

        var change = new AuditChange(RoleMappingPermissions.Model, mapping.Id.ToString(), Permission.Add, Before: null, Values(mapping));
        await audit.RecordAsync(connection, transaction, actor, change, cancellationToken);
        return true;
    }

    private async Task<bool> DeleteAsync(DbConnection connection, DbTransaction transaction, Guid id, Actor actor, CancellationToken cancellationToken)
    {
        // A mapping never changes, so what is read here is what is deleted, or somebody else was first.
        var mapping = await connection.QuerySingleOrDefaultAsync<RoleMapping>(new CommandDefinition(
            Select + " WHERE m.id = @id", new { id }, transaction, cancellationToken: cancellationToken));
        if (mapping is null || await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM role_mappings WHERE id = @id", new { id }, transaction, cancellationToken: cancellationToken)) == 0)
        {
            return false;
        }

        var change = new AuditChange(RoleMappingPermissions.Model, id.ToString(), Permission.Delete, Values(mapping), After: null);
        await audit.RecordAsync(connection, transaction, actor, change, cancellationToken);
        return true;
    }

    private static IReadOnlyDictionary<string, object?> Values(RoleMapping mapping) =>
        GroupMappings.Values(mapping.Kind, mapping.Client, mapping.Name, mapping.GroupId, mapping.GroupName);
}

/// <summary>How it went to put one mapping in the place of another.</summary>
internal enum RoleMappingReplacement
{
    Done,
    Missing,
    MappedAlready,
}
