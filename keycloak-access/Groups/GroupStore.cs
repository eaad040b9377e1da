using System.Text.Json;
using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Groups;

internal sealed class GroupStore(Database database, TimeProvider clock)
{
    // A name belongs to one group.
    public static readonly Keyset<Group> Keyset = new Keyset<Group>("group-name").By("name", group => group.Name);

    public static readonly Keyset<GroupMember> MemberKeyset = new Keyset<GroupMember>("member")
        .By("a.username", member => member.Username)
        .By("a.id", member => member.Id);

    public static readonly Keyset<EndingMembership> EndingKeyset = new Keyset<EndingMembership>("until")
        .By("m.ends_at", membership => membership.Until)
        .By("m.group_id", membership => membership.GroupId)
        .By("m.account_id", membership => membership.AccountId);

    public const string AddMember = "add-member";
    public const string RemoveMember = "remove-member";

    private const string Select = """
        SELECT g.id, g.name, g.description, g.version, g.is_default, p.permission, p.denied
        FROM groups g
        LEFT JOIN group_permissions p ON p.group_id = g.id
        """;

    private const string Members = """
        SELECT a.id, a.username, m.ends_at AS until, m.reason FROM group_members m JOIN accounts a ON a.id = m.account_id
        """;

    public static IModelRows Rows(Database database) => new PlainRows(
        database,
        GroupPermissions.Model,
        exists: "SELECT COUNT(*) FROM groups WHERE id = @row",
        list: "SELECT id FROM groups WHERE id > @after ORDER BY id LIMIT @limit");

    public async Task<KeysetPage<Group>> ListAsync(int limit, Cursor? after, CancellationToken cancellationToken)
    {
        var values = new DynamicParameters();
        var sql = $"""
            {Select}
            WHERE g.id IN (
                SELECT id FROM groups WHERE {Keyset.StartAfter(after, limit, values)} ORDER BY {Keyset.OrderBy} LIMIT @limit)
            ORDER BY g.name, p.permission
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(sql, values, cancellationToken: cancellationToken));
        return Keyset.Cut(ToGroups(rows), limit);
    }

    public async Task<Group?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return ToGroups(await connection.QueryAsync<Row>(new CommandDefinition(
            Select + " WHERE g.id = @id ORDER BY p.permission", new { id }, cancellationToken: cancellationToken))).SingleOrDefault();
    }

    public async Task<IReadOnlyList<Group>> FindAsync(IEnumerable<Guid> ids, CancellationToken cancellationToken)
    {
        var sql = $"{Select} WHERE g.id IN {database.Elements("@ids", "uuid")} ORDER BY g.name, p.permission";
        await using var connection = await database.OpenAsync(cancellationToken);
        return ToGroups(await connection.QueryAsync<Row>(new CommandDefinition(
            sql, new { ids = JsonSerializer.Serialize(ids) }, cancellationToken: cancellationToken)));
    }

    public static async Task<Group?> FindAsync(ChangeTransaction change, Guid id) =>
        ToGroups(await change.QueryAsync<Row>(Select + " WHERE g.id = @id ORDER BY p.permission", new { id })).SingleOrDefault();

    /// <summary>False if the name is taken.</summary>
    public static async Task<bool> AddAsync(ChangeTransaction change, Group group)
    {
        const string sql = """
            INSERT INTO groups (id, name, description, is_default, version)
            VALUES (@Id, @Name, @Description, @IsDefault, @Version)
            ON CONFLICT (name) DO NOTHING
            """;
        if (await change.ExecuteAsync(sql, group) == 0)
        {
            return false;
        }

        await AddPermissionsAsync(change, group);
        await change.RecordAsync(new AuditChange(GroupPermissions.Model, group.Id.ToString(), Permission.Add, Before: null, Values(group)));
        return true;
    }

    /// <summary>False if the name is taken.</summary>
    public static async Task<bool> ReplaceAsync(ChangeTransaction change, Group before, Group after)
    {
        const string sql = """
            UPDATE groups
            SET name = @Name, description = @Description, is_default = @IsDefault, version = @Version
            WHERE id = @Id AND NOT EXISTS (SELECT 1 FROM groups o WHERE o.name = @Name AND o.id <> @Id)
            """;
        if (await change.ExecuteAsync(sql, after) == 0)
        {
            return false;
        }

        await change.ExecuteAsync("DELETE FROM group_permissions WHERE group_id = @Id", new { after.Id });
        await AddPermissionsAsync(change, after);
        await change.RecordAsync(new AuditChange(
            GroupPermissions.Model, after.Id.ToString(), Permission.Change, Values(before), Values(after)));
        return true;
    }

    public static async Task DeleteAsync(ChangeTransaction change, Group group)
    {
        // Whoever adds a member meanwhile waits for this and then finds no group: what is read below is all that goes with it.
        await change.QueryAsync<Guid>("SELECT id FROM groups WHERE id = @Id" + change.ForUpdate, new { group.Id });
        var members = await change.QueryAsync<GroupMember>(
            Members + " WHERE m.group_id = @Id ORDER BY a.id", new { group.Id });
        AuditChange[] changes =
        [
            .. await GroupMappings.DeletedWithAsync(change, group.Id, group.Name),
            .. members.Select(member =>
                new AuditChange(GroupPermissions.Model, group.Id.ToString(), RemoveMember, Values(member), After: null)),
            new AuditChange(GroupPermissions.Model, group.Id.ToString(), Permission.Delete, Values(group), After: null),
        ];
        await change.ExecuteAsync("DELETE FROM groups WHERE id = @Id", new { group.Id });
        await change.RecordAsync(changes);
    }

    /// <summary>Those in the group directly whose membership has not ended, by user name.</summary>
    public async Task<KeysetPage<GroupMember>> ListMembersAsync(
        Guid id, int limit, Cursor? after, CancellationToken cancellationToken)
    {
        var values = new DynamicParameters(new { id, now = clock.GetUtcNow() });
        var sql = $"""
            {Members}
            WHERE m.group_id = @id AND {DirectGroup.IsOpen} AND {MemberKeyset.StartAfter(after, limit, values)}
            ORDER BY {MemberKeyset.OrderBy}
            LIMIT @limit
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<GroupMember>(new CommandDefinition(sql, values, cancellationToken: cancellationToken));
        return MemberKeyset.Cut(rows.AsList(), limit);
    }

    public async Task<GroupMember?> FindMemberAsync(Guid id, Guid accountId, CancellationToken cancellationToken)
    {
        var sql = $"{Members} WHERE m.group_id = @id AND m.account_id = @accountId AND {DirectGroup.IsOpen}";
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<GroupMember>(new CommandDefinition(
            sql, new { id, accountId, now = clock.GetUtcNow() }, cancellationToken: cancellationToken));
    }

    /// <summary>Of all groups, those that end first.</summary>
    public async Task<KeysetPage<EndingMembership>> ListEndingAsync(int limit, Cursor? after, CancellationToken cancellationToken)
    {
        var values = new DynamicParameters(new { now = clock.GetUtcNow() });
        var sql = $"""
            SELECT m.group_id, g.name AS group_name, m.account_id, a.username, m.ends_at AS until, m.reason
            FROM group_members m
            JOIN groups g ON g.id = m.group_id
            JOIN accounts a ON a.id = m.account_id
            WHERE m.ends_at > @now AND {EndingKeyset.StartAfter(after, limit, values)}
            ORDER BY {EndingKeyset.OrderBy}
            LIMIT @limit
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<EndingMembership>(new CommandDefinition(sql, values, cancellationToken: cancellationToken));
        return EndingKeyset.Cut(rows.AsList(), limit);
    }

    public async Task<long> CountEndingAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            "SELECT COUNT(*) FROM group_members WHERE ends_at > @now AND ends_at <= @before",
            new { now = clock.GetUtcNow(), before },
            cancellationToken: cancellationToken));
    }

    /// <summary>Puts an account in, or sets anew until when it is in. Not found if there is no such account.</summary>
    public static async Task<ChangeOutcome<GroupMember>> AddMemberAsync(
        ChangeTransaction change, Guid id, Guid accountId, DateTimeOffset? until)
    {
        const string sql = """
            INSERT INTO group_members (group_id, account_id, ends_at, reason)
            SELECT g.id, a.id, @until, @reason FROM groups g JOIN accounts a ON a.id = @accountId WHERE g.id = @id
            ON CONFLICT (group_id, account_id) DO UPDATE SET ends_at = excluded.ends_at, reason = excluded.reason
            """;
        var before = await FindMemberAsync(change, id, accountId);
        if (before is not null && before.Until == until)
        {
            return ChangeOutcome.Unchanged(before);
        }

        await change.ExecuteAsync(sql, new { id, accountId, until, reason = change.Actor.Reason });
        if (await FindMemberAsync(change, id, accountId) is not { } member)
        {
            return new ChangeFailure.NotFound();
        }

        await change.RecordAsync(new AuditChange(
            GroupPermissions.Model, id.ToString(), AddMember, before is null ? null : Values(before), Values(member)));
        return ChangeOutcome.Done(member);
    }

    /// <summary>Not found if the account was not in the group directly.</summary>
    public static async Task<ChangeOutcome<GroupMember>> RemoveMemberAsync(ChangeTransaction change, Guid id, Guid accountId)
    {
        const string sql = "DELETE FROM group_members WHERE group_id = @id AND account_id = @accountId";
        if (await FindMemberAsync(change, id, accountId) is not { } member || await change.ExecuteAsync(sql, new { id, accountId }) == 0)
        {
            return new ChangeFailure.NotFound();
        }

        await change.RecordAsync(new AuditChange(GroupPermissions.Model, id.ToString(), RemoveMember, Values(member), After: null));
        return ChangeOutcome.Done(member);
    }

    public async Task<IReadOnlySet<Guid>> MembersAmongAsync(
        Guid id, IReadOnlyCollection<Guid> accounts, CancellationToken cancellationToken)
    {
        var sql = $"""
            SELECT m.account_id FROM group_members m
            WHERE m.group_id = @id AND {DirectGroup.IsOpen} AND m.account_id IN {database.Elements("@accounts", "uuid")}
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var values = new { id, now = clock.GetUtcNow(), accounts = JsonSerializer.Serialize(accounts) };
        return (await connection.QueryAsync<Guid>(new CommandDefinition(sql, values, cancellationToken: cancellationToken))).ToHashSet();
    }

    private static Task<GroupMember?> FindMemberAsync(ChangeTransaction change, Guid id, Guid accountId) => change.FindAsync<GroupMember>(
        Members + " WHERE m.group_id = @id AND m.account_id = @accountId", new { id, accountId });

    private static Dictionary<string, object?> Values(Group group) => new(StringComparer.Ordinal)
    {
        ["name"] = group.Name,
        ["description"] = group.Description,
        ["permissions"] = group.Permissions.Order(StringComparer.Ordinal).ToArray(),
        ["denied"] = group.Denied.Order(StringComparer.Ordinal).ToArray(),
        ["isDefault"] = group.IsDefault,
    };

    internal static Dictionary<string, object?> Values(GroupMember member)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["accountId"] = member.Id,
            ["username"] = member.Username,
        };
        if (member.Until is { } until)
        {
            values["until"] = until;
        }

        return values;
    }

    private static Task<int> AddPermissionsAsync(ChangeTransaction change, Group group) => change.ExecuteAsync(
        "INSERT INTO group_permissions (group_id, permission, denied) VALUES (@Id, @permission, @denied)",
        group.Permissions.Select(permission => new { group.Id, permission, denied = false })
            .Concat(group.Denied.Select(permission => new { group.Id, permission, denied = true })));

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
}
