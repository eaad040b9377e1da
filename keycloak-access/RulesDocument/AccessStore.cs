using System.Data.Common;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Dapper;
using Npgsql;

namespace KeycloakAccess.RulesDocument;

/// <summary>
/// All groups and mappings at once: read as one state, replaced in one transaction. The features look after single rows;
/// here their tables meet, since half a document applied would be rules that nobody has written.
/// </summary>
internal sealed class AccessStore(Database database, AuditLog audit, TimeProvider clock)
{
    // As the audit log has them, whoever makes the change.
    private const string RemoveMember = "remove-member";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The rules as they are.</summary>
    public async Task<AccessState> ReadAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await Database.BeginReadAsync(connection, cancellationToken);
        return await ReadAsync(connection, transaction, cancellationToken);
    }

    /// <summary>
    /// Makes the rules what the document says, all or nothing. What the document does not change keeps its ids, versions
    /// and direct members; every change is in the audit log.
    /// </summary>
    /// <param name="document">The rules as they are to be.</param>
    /// <param name="actor">Who applies it.</param>
    /// <param name="seen">The version of the rules that somebody has agreed to change; <see langword="null"/> for whichever.</param>
    /// <param name="cancellationToken">A way to give up; nothing is changed then.</param>
    /// <returns>What has been changed, or <see langword="null"/> if the rules are of another version.</returns>
    public async Task<AccessDiff?> ApplyAsync(AccessDocument document, Actor actor, long? seen, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        while (true)
        {
            try
            {
                return await ApplyOnceAsync(document, actor, seen, cancellationToken);
            }
            catch (PostgresException exception) when (
                exception.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure
                && clock.GetElapsedTime(started) < Patience)
            {
                // Somebody else is changing rules. All has been undone; they finish, then it is our turn again.
                await Task.Delay(TimeSpan.FromMilliseconds(50), clock, cancellationToken);
            }
        }
    }

    private async Task<AccessDiff?> ApplyOnceAsync(AccessDocument document, Actor actor, long? seen, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await Database.BeginWriteAsync(connection, cancellationToken);
        await LockAsync(connection, transaction, cancellationToken);
        var state = await ReadAsync(connection, transaction, cancellationToken);
        if (seen is not null && seen != state.Version)
        {
            return null;
        }

        var diff = state.DiffTo(document);
        var work = new Work(connection, transaction, audit, actor, cancellationToken);
        var stored = state.Groups.ToDictionary(group => group.Entry.Name, StringComparer.Ordinal);
        foreach (var difference in diff.Groups)
        {
            await (difference switch
            {
                { Before: null, After: { } added } => AddAsync(work, added),
                { Before: { } removed, After: null } => RemoveAsync(work, stored[removed.Name]),
                _ => ChangeAsync(work, stored[difference.Name], difference),
            });
        }

        await transaction.CommitAsync(cancellationToken);
        return diff;
    }

    // SQLite lets in one writer at a time. On PostgreSQL other writers lock row by row, in orders of their own, and whoever
    // refers to a group locks it too. If that crosses with these locks, it is this transaction that steps back, soon, and
    // never a request: PostgreSQL looks for deadlocks after a second only, and then ends either side.
    private async Task LockAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        if (database.Engine == DatabaseEngine.PostgreSql)
        {
            const string sql = """
                SET LOCAL lock_timeout = '100ms';
                LOCK TABLE groups, group_permissions, role_mappings IN EXCLUSIVE MODE
                """;
            await connection.ExecuteAsync(new CommandDefinition(sql, transaction: transaction, cancellationToken: cancellationToken));
        }
    }

    private static async Task<AccessState> ReadAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        const string sql = """
            SELECT version FROM access_version;
            SELECT g.id, g.name, g.description, g.version, g.is_default, COUNT(m.account_id) AS members
            FROM groups g
            LEFT JOIN group_members m ON m.group_id = g.id
            GROUP BY g.id, g.name, g.description, g.version, g.is_default
            ORDER BY g.name;
            SELECT group_id, permission, denied FROM group_permissions;
            SELECT id, kind, client, name, group_id FROM role_mappings
            """;
        await using var reader = await connection.QueryMultipleAsync(new CommandDefinition(sql, transaction: transaction, cancellationToken: cancellationToken));
        var version = await reader.ReadSingleAsync<long>();
        var groups = (await reader.ReadAsync<GroupRow>()).AsList();
        var permissions = (await reader.ReadAsync<PermissionRow>()).ToLookup(row => row.GroupId);
        var mappings = (await reader.ReadAsync<MappingRow>()).ToLookup(row => row.GroupId);
        return new AccessState(version, [.. groups.Select(group => new StoredGroup(
            group.Id,
            group.Version,
            new GroupEntry(
                group.Name,
                group.Description,
                permissions[group.Id].Where(row => !row.Denied).Select(row => row.Permission),
                permissions[group.Id].Where(row => row.Denied).Select(row => row.Permission),
                group.IsDefault,
                mappings[group.Id].Select(row => row.Entry)),
            mappings[group.Id].ToDictionary(row => row.Entry, row => row.Id),
            group.Members))]);
    }

    private async Task AddAsync(Work work, GroupEntry group)
    {
        var id = Guid.CreateVersion7(clock.GetUtcNow());
        await work.ExecuteAsync(
            "INSERT INTO groups (id, name, description, is_default, version) VALUES (@id, @Name, @Description, @IsDefault, 1)",
            new { id, group.Name, group.Description, group.IsDefault });
        await AddPermissionsAsync(work, id, group.Permissions, group.Denied);
        await work.RecordAsync(GroupPermissions.Model, id, Permission.Add, before: null, Values(group));
        await AddMappingsAsync(work, id, group.Name, group.Mappings);
    }

    private async Task ChangeAsync(Work work, StoredGroup stored, GroupDifference difference)
    {
        var (id, after) = (stored.Id, difference.After!);
        await RemoveMappingsAsync(work, stored, difference.RemovedMappings);
        if (difference.ChangesGroup)
        {
            await work.ExecuteAsync(
                "UPDATE groups SET description = @Description, is_default = @IsDefault, version = version + 1 WHERE id = @id",
                new { id, after.Description, after.IsDefault });
            // First away with them: a permission that moves from granted to denied is the same row.
            await work.ExecuteAsync(
                "DELETE FROM group_permissions WHERE group_id = @id AND permission = @permission",
                difference.RemovedPermissions.Concat(difference.RemovedDenials).Select(permission => new { id, permission }));
            await AddPermissionsAsync(work, id, difference.AddedPermissions, difference.AddedDenials);
            await work.RecordAsync(GroupPermissions.Model, id, Permission.Change, Values(stored.Entry), Values(after));
        }

        await AddMappingsAsync(work, id, after.Name, difference.AddedMappings);
    }

    private static async Task RemoveAsync(Work work, StoredGroup stored)
    {
        const string sql = """
            SELECT a.id, a.username
            FROM group_members m
            JOIN accounts a ON a.id = m.account_id
            WHERE m.group_id = @Id
            ORDER BY a.id
            """;
        await RemoveMappingsAsync(work, stored, stored.Entry.Mappings);
        foreach (var member in await work.QueryAsync<MemberRow>(sql, new { stored.Id }))
        {
            var values = new Dictionary<string, object?>(StringComparer.Ordinal) { ["accountId"] = member.Id, ["username"] = member.Username };
            await work.RecordAsync(GroupPermissions.Model, stored.Id, RemoveMember, values, after: null);
        }

        await work.ExecuteAsync("DELETE FROM groups WHERE id = @Id", new { stored.Id });
        await work.RecordAsync(GroupPermissions.Model, stored.Id, Permission.Delete, Values(stored.Entry), after: null);
    }

    private static Task<int> AddPermissionsAsync(Work work, Guid id, IEnumerable<string> permissions, IEnumerable<string> denied) => work.ExecuteAsync(
        "INSERT INTO group_permissions (group_id, permission, denied) VALUES (@id, @permission, @isDenied)",
        permissions.Select(permission => new { id, permission, isDenied = false }).Concat(denied.Select(permission => new { id, permission, isDenied = true })));

    private async Task AddMappingsAsync(Work work, Guid groupId, string groupName, IReadOnlyList<MappingEntry> mappings)
    {
        foreach (var mapping in mappings)
        {
            var id = Guid.CreateVersion7(clock.GetUtcNow());
            await work.ExecuteAsync(
                "INSERT INTO role_mappings (id, kind, client, name, group_id) VALUES (@id, @Kind, @Client, @Name, @groupId)",
                new { id, mapping.Kind, mapping.Client, mapping.Name, groupId });
            await work.RecordAsync(RoleMappingPermissions.Model, id, Permission.Add, before: null, Values(mapping, groupId, groupName));
        }
    }

    private static async Task RemoveMappingsAsync(Work work, StoredGroup stored, IReadOnlyList<MappingEntry> mappings)
    {
        foreach (var mapping in mappings)
        {
            var id = stored.Mappings[mapping];
            await work.ExecuteAsync("DELETE FROM role_mappings WHERE id = @id", new { id });
            await work.RecordAsync(RoleMappingPermissions.Model, id, Permission.Delete, Values(mapping, stored.Id, stored.Entry.Name), after: null);
        }
    }

    private static Dictionary<string, object?> Values(GroupEntry group) => new(StringComparer.Ordinal)
    {
        ["name"] = group.Name,
        ["description"] = group.Description,
        ["permissions"] = group.Permissions,
        ["denied"] = group.Denied,
        ["isDefault"] = group.IsDefault,
    };

    private static Dictionary<string, object?> Values(MappingEntry mapping, Guid groupId, string groupName) => new(StringComparer.Ordinal)
    {
        ["kind"] = mapping.Kind,
        ["client"] = mapping.Client.Length == 0 ? null : mapping.Client,
        ["name"] = mapping.Name,
        ["groupId"] = groupId,
        ["groupName"] = groupName,
    };

    /// <summary>The one transaction, with who does it.</summary>
    private sealed record Work(DbConnection Connection, DbTransaction Transaction, AuditLog Audit, Actor Actor, CancellationToken CancellationToken)
    {
        public Task<int> ExecuteAsync(string sql, object values) =>
            Connection.ExecuteAsync(new CommandDefinition(sql, values, Transaction, cancellationToken: CancellationToken));

        public Task<IEnumerable<T>> QueryAsync<T>(string sql, object values) =>
            Connection.QueryAsync<T>(new CommandDefinition(sql, values, Transaction, cancellationToken: CancellationToken));

        public Task RecordAsync(
            string model, Guid id, string action, IReadOnlyDictionary<string, object?>? before, IReadOnlyDictionary<string, object?>? after) =>
            Audit.RecordAsync(Connection, Transaction, Actor, new AuditChange(model, id.ToString(), action, before, after), CancellationToken);
    }

    private sealed record GroupRow
    {
        public required Guid Id { get; init; }

        public required string Name { get; init; }

        public required string Description { get; init; }

        public required int Version { get; init; }

        public required bool IsDefault { get; init; }

        public long Members { get; init; }
    }

    private sealed record PermissionRow
    {
        public required Guid GroupId { get; init; }

        public required string Permission { get; init; }

        public required bool Denied { get; init; }
    }

    private sealed record MappingRow
    {
        public required Guid Id { get; init; }

        public required string Kind { get; init; }

        public required string Client { get; init; }

        public required string Name { get; init; }

        public required Guid GroupId { get; init; }

        public MappingEntry Entry => new(Kind, Client, Name);
    }

    private sealed record MemberRow
    {
        public required Guid Id { get; init; }

        public required string Username { get; init; }
    }
}
