using System.Data.Common;
using System.Text.Json;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Dapper;

namespace KeycloakAccess.Groups;

/// <summary>The tables <c>groups</c>, <c>group_permissions</c> and <c>group_members</c>.</summary>
internal sealed class GroupStore(Database database, AuditLog audit)
{
    public const string AddMember = "add-member";
    private const string RemoveMember = "remove-member";

    /// <summary>The rows, for those who ask who may do what with them.</summary>
    public static IModelRows Rows(Database database) => new PlainRows(
        database,
        GroupPermissions.Model,
        exists: "SELECT COUNT(*) FROM groups WHERE id = @row",
        list: "SELECT id FROM groups WHERE id > @after ORDER BY id LIMIT @limit");

    /// <summary>All groups by name. There are as many as an organisation has duties: hundreds, not more.</summary>
    public async Task<IReadOnlyList<Group>> ListAsync(CancellationToken cancellationToken)
    {
        const string sql = """
            SELECT g.id, g.name, g.description, g.version, g.is_default, p.permission, p.denied
            FROM groups g
            LEFT JOIN group_permissions p ON p.group_id = g.id
            ORDER BY g.name, p.permission
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return ToGroups(await connection.QueryAsync<Row>(new CommandDefinition(sql, cancellationToken: cancellationToken)));
    }

    public async Task<Group?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await FindAsync(connection, transaction: null, id, cancellationToken);
    }

    /// <returns>The groups of these ids that there are, by name.</returns>
    public async Task<IReadOnlyList<Group>> FindAsync(IEnumerable<Guid> ids, CancellationToken cancellationToken)
    {
        var sql = $"""
            SELECT g.id, g.name, g.description, g.version, g.is_default, p.permission, p.denied
            FROM groups g
            LEFT JOIN group_permissions p ON p.group_id = g.id
            WHERE g.id IN {database.Elements("@ids", "uuid")}
            ORDER BY g.name, p.permission
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return ToGroups(await connection.QueryAsync<Row>(new CommandDefinition(sql, new { ids = JsonSerializer.Serialize(ids) }, cancellationToken: cancellationToken)));
    }

    /// <returns>Whether the name was free.</returns>
    public async Task<bool> AddAsync(Group group, Actor actor, CancellationToken cancellationToken)
    {
        const string sql = """
            INSERT INTO groups (id, name, description, is_default, version)
            VALUES (@Id, @Name, @Description, @IsDefault, @Version)
            ON CONFLICT (name) DO NOTHING
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await Database.BeginWriteAsync(connection, cancellationToken);
        if (await connection.ExecuteAsync(new CommandDefinition(sql, group, transaction, cancellationToken: cancellationToken)) == 0)
        {
            return false;
        }

        await AddPermissionsAsync(connection, transaction, group, cancellationToken);
        await audit.RecordAsync(connection, transaction, actor, new AuditChange(GroupPermissions.Model, group.Id.ToString(), Permission.Add, Before: null, Values(group)), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>Replaces a group that still is as the caller has seen it.</summary>
    public async Task<GroupChange> ReplaceAsync(Group group, int? seen, Actor actor, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await Database.BeginWriteAsync(connection, cancellationToken);
        if (await FindAsync(connection, transaction, group.Id, cancellationToken) is not { } current)
        {
            return GroupChange.Missing;
        }

        if (seen is not null && seen != current.Version)
        {
            return GroupChange.Changed;
        }

        var taken = await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            "SELECT COUNT(*) FROM groups WHERE name = @Name AND id <> @Id", group, transaction, cancellationToken: cancellationToken));
        if (taken > 0)
        {
            return GroupChange.NameTaken;
        }

        const string sql = """
            UPDATE groups
            SET name = @Name, description = @Description, is_default = @IsDefault, version = @Version
            WHERE id = @Id AND version = @seen
            """;
        var values = new DynamicParameters(new { group.Name, group.Description, group.IsDefault, Version = current.Version + 1, group.Id });
        values.Add("seen", current.Version);
        try
        {
            if (await connection.ExecuteAsync(new CommandDefinition(sql, values, transaction, cancellationToken: cancellationToken)) == 0)
            {
                return GroupChange.Changed;
            }
        }
        catch (DbException exception) when (DatabaseOutage.IsDuplicate(exception))
        {
            // PostgreSQL lets two write at a time: somebody has taken the name since it was looked for.
            return GroupChange.NameTaken;
        }

        await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM group_permissions WHERE group_id = @Id", new { group.Id }, transaction, cancellationToken: cancellationToken));
        await AddPermissionsAsync(connection, transaction, group, cancellationToken);
        if (!IsSame(current, group))
        {
            await audit.RecordAsync(connection, transaction, actor, new AuditChange(GroupPermissions.Model, group.Id.ToString(), Permission.Change, Values(current), Values(group)), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return GroupChange.Done(current.Version + 1);
    }

    /// <returns>Whether there was such a group of that version.</returns>
    public async Task<bool> DeleteAsync(Guid id, int? seen, Actor actor, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await Database.BeginWriteAsync(connection, cancellationToken);
        // Whoever adds a mapping or a member meanwhile waits for this lock and then finds no group: what is read below is
        // all that goes with it. SQLite lets in one writer at a time anyway.
        var locking = "SELECT version FROM groups WHERE id = @id" + (database.Engine == DatabaseEngine.PostgreSql ? " FOR UPDATE" : "");
        var version = await connection.QuerySingleOrDefaultAsync<int?>(new CommandDefinition(locking, new { id }, transaction, cancellationToken: cancellationToken));
        if (version is null || (seen is not null && seen != version) || await FindAsync(connection, transaction, id, cancellationToken) is not { } group)
        {
            return false;
        }

        var members = await connection.QueryAsync<MemberRow>(new CommandDefinition(
            "SELECT a.id, a.username FROM group_members m JOIN accounts a ON a.id = m.account_id WHERE m.group_id = @id ORDER BY a.id",
            new { id },
            transaction,
            cancellationToken: cancellationToken));
        AuditChange[] changes =
        [
            .. await GroupMappings.DeletedWithAsync(connection, transaction, id, group.Name, cancellationToken),
            .. members.Select(member => new AuditChange(GroupPermissions.Model, id.ToString(), RemoveMember, Values(member), After: null)),
            new AuditChange(GroupPermissions.Model, id.ToString(), Permission.Delete, Values(group), After: null),
        ];
        await connection.ExecuteAsync(new CommandDefinition("DELETE FROM groups WHERE id = @id", new { id }, transaction, cancellationToken: cancellationToken));
        await audit.RecordAsync(connection, transaction, actor, changes, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>Puts an account into a group directly. Keycloak never takes it out again.</summary>
    /// <returns>Whether there is such an account and such a group.</returns>
    public async Task<bool> AddMemberAsync(Guid id, Guid accountId, Actor actor, CancellationToken cancellationToken)
    {
        const string sql = """
            INSERT INTO group_members (group_id, account_id)
            SELECT g.id, a.id FROM groups g JOIN accounts a ON a.id = @accountId WHERE g.id = @id
            ON CONFLICT (group_id, account_id) DO NOTHING
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await Database.BeginWriteAsync(connection, cancellationToken);
        var added = await connection.ExecuteAsync(new CommandDefinition(sql, new { id, accountId }, transaction, cancellationToken: cancellationToken)) > 0;
        var member = await FindMemberAsync(connection, transaction, id, accountId, cancellationToken);
        if (added && member is not null)
        {
            await audit.RecordAsync(connection, transaction, actor, new AuditChange(GroupPermissions.Model, id.ToString(), AddMember, Before: null, Values(member)), cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return member is not null;
    }

    /// <returns>Whether the account was in the group directly.</returns>
    public async Task<bool> RemoveMemberAsync(Guid id, Guid accountId, Actor actor, CancellationToken cancellationToken)
    {
        const string sql = "DELETE FROM group_members WHERE group_id = @id AND account_id = @accountId";
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await Database.BeginWriteAsync(connection, cancellationToken);
        var member = await FindMemberAsync(connection, transaction, id, accountId, cancellationToken);
        if (member is null || await connection.ExecuteAsync(new CommandDefinition(sql, new { id, accountId }, transaction, cancellationToken: cancellationToken)) == 0)
        {
            return false;
        }

        await audit.RecordAsync(connection, transaction, actor, new AuditChange(GroupPermissions.Model, id.ToString(), RemoveMember, Values(member), After: null), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <returns>Those of the accounts that are in the group directly.</returns>
    public async Task<IReadOnlySet<Guid>> MembersAmongAsync(Guid id, IReadOnlyCollection<Guid> accounts, CancellationToken cancellationToken)
    {
        var sql = $"SELECT account_id FROM group_members WHERE group_id = @id AND account_id IN {database.Elements("@accounts", "uuid")}";
        await using var connection = await database.OpenAsync(cancellationToken);
        return (await connection.QueryAsync<Guid>(new CommandDefinition(
            sql, new { id, accounts = JsonSerializer.Serialize(accounts) }, cancellationToken: cancellationToken))).ToHashSet();
    }

    private static Task<MemberRow?> FindMemberAsync(
        DbConnection connection, DbTransaction transaction, Guid id, Guid accountId, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<MemberRow>(new CommandDefinition(
            "SELECT a.id, a.username FROM group_members m JOIN accounts a ON a.id = m.account_id WHERE m.group_id = @id AND m.account_id = @accountId",
            new { id, accountId },
            transaction,
            cancellationToken: cancellationToken));

    // As the audit log has a group, and a member of one.
    private static Dictionary<string, object?> Values(Group group) => new(StringComparer.Ordinal)
    {
        ["name"] = group.Name,
        ["description"] = group.Description,
        ["permissions"] = group.Permissions.Order(StringComparer.Ordinal).ToArray(),
        ["denied"] = group.Denied.Order(StringComparer.Ordinal).ToArray(),
        ["isDefault"] = group.IsDefault,
    };

    private static Dictionary<string, object?> Values(MemberRow member) => new(StringComparer.Ordinal)
    {
        ["accountId"] = member.Id,
        ["username"] = member.Username,
    };

    private static bool IsSame(Group one, Group other) =>
        string.Equals(one.Name, other.Name, StringComparison.Ordinal)
        && string.Equals(one.Description, other.Description, StringComparison.Ordinal)
        && one.IsDefault == other.IsDefault
        && one.Permissions.ToHashSet(StringComparer.Ordinal).SetEquals(other.Permissions)
        && one.Denied.ToHashSet(StringComparer.Ordinal).SetEquals(other.Denied);

    private static async Task<Group?> FindAsync(DbConnection connection, DbTransaction? transaction, Guid id, CancellationToken cancellationToken)
    {
        const string sql = """
            SELECT g.id, g.name, g.description, g.version, g.is_default, p.permission, p.denied
            FROM groups g
            LEFT JOIN group_permissions p ON p.group_id = g.id
            WHERE g.id = @id
            ORDER BY p.permission
            """;
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(sql, new { id }, transaction, cancellationToken: cancellationToken));
        return ToGroups(rows).SingleOrDefault();
    }

    private static async Task AddPermissionsAsync(DbConnection connection, DbTransaction transaction, Group group, CancellationToken cancellationToken)
    {
        var rows = group.Permissions.Select(permission => new { group.Id, permission, denied = false })
            .Concat(group.Denied.Select(permission => new { group.Id, permission, denied = true }));
        await connection.ExecuteAsync(new CommandDefinition(
            "INSERT INTO group_permissions (group_id, permission, denied) VALUES (@Id, @permission, @denied)", rows, transaction, cancellationToken: cancellationToken));
    }

    private static List<Group> ToGroups(IEnumerable<Row> rows) =>
        [.. rows.GroupBy(row => row.Id).Select(group => new Group
        {
            Id = group.Key,
            Name = group.First().Name,
            Description = group.First().Description,
            Version = group.First().Version,
            IsDefault = group.First().IsDefault,
            Permissions = [.. group.Where(row => row.Denied is false).Select(row => row.Permission!)],
            Denied = [.. group.Where(row => row.Denied is true).Select(row => row.Permission!)],
        })];

    private sealed record Row
    {
        public required Guid Id { get; init; }

        public required string Name { get; init; }

        public required string Description { get; init; }

        public required int Version { get; init; }

        public required bool IsDefault { get; init; }

        public string? Permission { get; init; }

        public bool? Denied { get; init; }
    }

    private sealed record MemberRow
    {
        public required Guid Id { get; init; }

        public required string Username { get; init; }
    }
}

/// <summary>How a change of a group went.</summary>
/// <param name="Version">The new version, where it was made.</param>
/// <param name="Outcome">What happened.</param>
internal readonly record struct GroupChange(int? Version, string Outcome)
{
    public static readonly GroupChange Missing = new(null, nameof(Missing));
    public static readonly GroupChange Changed = new(null, nameof(Changed));
    public static readonly GroupChange NameTaken = new(null, nameof(NameTaken));

    public static GroupChange Done(int version) => new(version, nameof(Done));
}
