using System.Data.Common;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Dapper;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Permissions;

/// <summary>Accounts of the configured realm, by the roles that Keycloak said last and their direct memberships, without a token.</summary>
internal sealed class SubjectStore(
    Database database, ObservedRoles observedRoles, IOptions<KeycloakOptions> keycloak, TimeProvider clock)
{
    public static readonly Keyset<KnownSubject> Keyset = new Keyset<KnownSubject>("username")
        .By("a.username", subject => subject.Username)
        .By("a.id", subject => subject.AccountId);

    public static readonly Keyset<ObservedRoleCount> ObservedRoleKeyset = new Keyset<ObservedRoleCount>("observed-role")
        .By("r.kind", role => role.Kind)
        .By("r.client", role => role.Client)
        .By("r.name", role => role.Name);

    /// <summary>Accounts of a role are counted so far: everybody has some roles, and a count would read them all.</summary>
    public const int MostCounted = 1000;

    private static readonly string ObservedRoleCounts = $"""
        SELECT r.id, r.kind, r.client, r.name, (
            SELECT COUNT(*) FROM (SELECT 1 FROM account_roles a WHERE a.role_id = r.id LIMIT {MostCounted}) AS counted) AS accounts
        FROM observed_roles r
        """;

    /// <summary>How many roles and groups are looked up one by one before anything shorter is tried.</summary>
    private const int MostByIndex = 50;

    /// <summary>How many accounts for each line of a page are looked through before the roles are looked up after all.</summary>
    private const int MostLookedThrough = 12;

    private const int MostAtATime = 100;

    private const string Columns = "a.id, a.subject, a.username, a.kind, a.enabled, a.roles_hash IS NOT NULL AS roles_known";

    // Written so that no index fits it: without statistics SQLite would read all accounts of the realm by the index of issuers.
    private const string OfRealm = "(a.issuer = @Issuer) IS TRUE";

    private volatile RolesInto? _into;

    public async Task<KnownSubject?> FindAsync(string subject, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {Columns} FROM accounts a WHERE a.issuer = @Issuer AND a.subject = @subject";
        await using var connection = await database.OpenAsync(cancellationToken);
        return (await ReadAsync(connection, sql, new { keycloak.Value.Issuer, subject }, cancellationToken)).SingleOrDefault();
    }

    /// <summary>By a user name, which an old account may have kept, or an id, Keycloak's or the one here.</summary>
    public async Task<IReadOnlyList<KnownSubject>> FindNamedAsync(string name, CancellationToken cancellationToken)
    {
        const string sql = $"""
            SELECT {Columns}
            FROM accounts a
            WHERE {OfRealm} AND a.id IN (
                SELECT id FROM accounts WHERE issuer = @Issuer AND subject = @name
                UNION ALL
                SELECT id FROM accounts WHERE username = @name
                UNION ALL
                SELECT id FROM accounts WHERE id = @id)
            ORDER BY a.username, a.id
            LIMIT 10
            """;
        var id = Guid.TryParse(name, out var parsed) ? parsed : Guid.Empty;
        await using var connection = await database.OpenAsync(cancellationToken);
        return await ReadAsync(connection, sql, new { keycloak.Value.Issuer, name, id }, cancellationToken);
    }

    public async Task<KnownSubject?> FindAccountAsync(Guid accountId, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {Columns} FROM accounts a WHERE a.issuer = @Issuer AND a.id = @accountId";
        await using var connection = await database.OpenAsync(cancellationToken);
        return (await ReadAsync(connection, sql, new { keycloak.Value.Issuer, accountId }, cancellationToken)).SingleOrDefault();
    }

    public async Task<IReadOnlyList<KnownSubject>> FindAccountsAsync(
        IReadOnlyCollection<Guid> accountIds, CancellationToken cancellationToken)
    {
        var sql = $"SELECT {Columns} FROM accounts a WHERE {OfRealm} AND a.id IN {database.Elements("@ids", "uuid")}";
        await using var connection = await database.OpenAsync(cancellationToken);
        var values = new { keycloak.Value.Issuer, ids = JsonSerializer.Serialize(accountIds) };
        return await ReadAsync(connection, sql, values, cancellationToken);
    }

    /// <summary>Of any realm, as the transaction sees it.</summary>
    public async Task<KnownSubject?> FindAccountAsync(ChangeTransaction change, Guid accountId)
    {
        const string sql = $"SELECT {Columns} FROM accounts a WHERE a.id = @accountId";
        return (await ReadAsync(change.Connection, sql, new { accountId }, change.CancellationToken, change.Transaction)).SingleOrDefault();
    }

    public IAsyncEnumerable<KnownSubject> ListEnabledInAsync(
        ChangeTransaction change, AccessRules rules, IReadOnlyCollection<GroupRule> groups) =>
        ListEnabledInAsync(change.Connection, change.Transaction, rules, groups, change.CancellationToken);

    public async IAsyncEnumerable<KnownSubject> ListEnabledInAsync(
        AccessRules rules, IReadOnlyCollection<GroupRule> groups, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await foreach (var subject in ListEnabledInAsync(connection, transaction: null, rules, groups, cancellationToken))
        {
            yield return subject;
        }
    }

    /// <summary>
    /// Members by a role or directly, in the order of ids; those of default groups are everybody, and not listed. Not a
    /// <see cref="Keyset{T}"/>: the addresses of pages hold an id alone, and each role and group is read by an index of its own.
    /// </summary>
    public async Task<(IReadOnlyList<KnownSubject> Members, Guid? Next)> ListMembersAsync(
        AccessRules rules, IReadOnlyCollection<Guid> groups, int limit, Guid? after, CancellationToken cancellationToken)
    {
        var wanted = groups.ToHashSet();
        var roles = await KnownRolesIntoAsync(rules, wanted, cancellationToken);
        var found = roles.Take(MostByIndex).Count() + wanted.Count > MostByIndex
            ? await LookThroughAsync(rules, wanted, limit, after, cancellationToken)
            : null;
        return found ?? await ListHoldersAsync(roles.Distinct(), wanted, limit, after, cancellationToken);
    }

    public async Task<(IReadOnlyList<KnownSubject> Holders, Guid? Next)> ListHoldersAsync(
        IEnumerable<long> roles, IEnumerable<Guid> groups, int limit, Guid? after, CancellationToken cancellationToken)
    {
        var (roleIds, groupIds) = (roles.ToArray(), groups.ToArray());
        // Of each role, and of each group, the first few by its index; then the first few of those.
        string Part(string ids, string type, string table, string key) => database.Engine == DatabaseEngine.PostgreSql
            ? $"""
                SELECT f.account_id
                FROM json_array_elements_text(CAST({ids} AS json)) j
                CROSS JOIN LATERAL (
                    SELECT m.account_id FROM {table} m
                    WHERE m.{key} = CAST(j.value AS {type}) AND m.account_id > @after AND m.account_id <= @last {OpenIn(table)}
                    ORDER BY m.account_id LIMIT @limit) f
                """
            : $"""
                SELECT f.account_id
                FROM json_each({ids}) j
                JOIN {table} f ON f.{key} = j.value AND f.account_id IN (
                    SELECT m.account_id FROM {table} m
                    WHERE m.{key} = j.value AND m.account_id > @after AND m.account_id <= @last {OpenIn(table)}
                    ORDER BY m.account_id LIMIT @limit)
                """;
        var sql = $"""
            SELECT {Columns}
            FROM accounts a
            JOIN (
                SELECT account_id FROM (
                    {Part("@roles", "bigint", "account_roles", "role_id")}
                    UNION
                    {Part("@groups", "uuid", "group_members", "group_id")}) f
                ORDER BY account_id LIMIT @limit) p ON p.account_id = a.id
            WHERE {OfRealm}
            ORDER BY a.id
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var values = new DynamicParameters(new
        {
            keycloak.Value.Issuer,
            roles = JsonSerializer.Serialize(roleIds),
            groups = JsonSerializer.Serialize(groupIds),
            after = after ?? Guid.Empty,
            limit = limit + 1,
            now = clock.GetUtcNow(),
        });
        values.Add("last", roleIds.Length + groupIds.Length > MostByIndex
            ? await LastOfFirstAsync(connection, values, cancellationToken)
            : Guid.AllBitsSet);
        var members = await ReadAsync(connection, sql, values, cancellationToken);
        return members.Count > limit ? (members[..limit], members[limit - 1].AccountId) : (members, null);
    }

    /// <summary>How many are in the groups, and how many of those directly; of default groups that is not for a table to say.</summary>
    public async Task<MemberCount> CountMembersAsync(
        AccessRules rules, IReadOnlyCollection<Guid> groups, CancellationToken cancellationToken)
    {
        var sql = $"""
            SELECT COUNT(*) AS members, SUM(CASE WHEN h.direct > 0 THEN 1 ELSE 0 END) AS direct
            FROM (
                SELECT account_id, MAX(direct) AS direct FROM (
                    SELECT m.account_id, 1 AS direct FROM group_members m
                    WHERE {DirectGroup.IsOpen} AND m.group_id IN {database.Elements("@groups", "uuid")}
                    UNION ALL
                    SELECT account_id, 0 AS direct FROM account_roles WHERE role_id IN {database.Elements("@roles", "bigint")}) f
                GROUP BY account_id) h
            JOIN accounts a ON a.id = h.account_id
            WHERE {OfRealm}
            """;
        var roles = (await KnownRolesIntoAsync(rules, [.. groups], cancellationToken)).Distinct();
        await using var connection = await database.OpenAsync(cancellationToken);
        var row = await connection.QuerySingleAsync<MemberCountRow>(new CommandDefinition(
            sql,
            new
            {
                keycloak.Value.Issuer,
                groups = JsonSerializer.Serialize(groups),
                roles = JsonSerializer.Serialize(roles),
                now = clock.GetUtcNow(),
            },
            cancellationToken: cancellationToken));
        return new MemberCount(row.Members, row.Direct ?? 0);
    }

    /// <summary>Which observed roles lead into one of the groups.</summary>
    public async Task<IReadOnlyList<long>> ListRolesIntoAsync(
        AccessRules rules, IReadOnlyCollection<Guid> groups, CancellationToken cancellationToken) =>
        [.. (await KnownRolesIntoAsync(rules, [.. groups], cancellationToken)).Distinct()];

    /// <summary>How many accounts have one of the roles.</summary>
    public async Task<long> CountHoldersAsync(IReadOnlyCollection<long> roles, CancellationToken cancellationToken)
    {
        var sql = $"""
            SELECT COUNT(*) FROM accounts a
            WHERE {OfRealm} AND a.id IN (
                SELECT account_id FROM account_roles WHERE role_id IN {database.Elements("@roles", "bigint")})
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            sql, new { keycloak.Value.Issuer, roles = JsonSerializer.Serialize(roles) }, cancellationToken: cancellationToken));
    }

    /// <summary>How many accounts are in one of the groups by these roles alone: neither by others that lead there nor directly.</summary>
    public async Task<long> CountByRolesAloneAsync(IReadOnlyList<RolesIntoGroup> parts, CancellationToken cancellationToken)
    {
        if (parts.Count == 0)
        {
            return 0;
        }

        var values = new DynamicParameters(new { keycloak.Value.Issuer, now = clock.GetUtcNow() });
        var conditions = parts.Select((part, index) =>
        {
            values.Add($"roles{index}", JsonSerializer.Serialize(part.Roles));
            values.Add($"others{index}", JsonSerializer.Serialize(part.Others));
            values.Add($"group{index}", part.GroupId);
            return $"""
                (a.id IN (SELECT account_id FROM account_roles WHERE role_id IN {database.Elements($"@roles{index}", "bigint")})
                AND a.id NOT IN (SELECT account_id FROM account_roles WHERE role_id IN {database.Elements($"@others{index}", "bigint")})
                AND a.id NOT IN (SELECT m.account_id FROM group_members m WHERE {DirectGroup.IsOpen} AND m.group_id = @group{index}))
                """;
        });
        var sql = $"SELECT COUNT(*) FROM accounts a WHERE {OfRealm} AND ({string.Join(" OR ", conditions)})";
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(new CommandDefinition(sql, values, cancellationToken: cancellationToken));
    }

    /// <summary>How many accounts the realm has here.</summary>
    public async Task<long> CountAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            "SELECT COUNT(*) FROM accounts WHERE issuer = @Issuer",
            new { keycloak.Value.Issuer },
            cancellationToken: cancellationToken));
    }

    public async Task<KeysetPage<KnownSubject>> ListAsync(
        SubjectQuery query, int limit, Cursor? after, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var values = new DynamicParameters(new { keycloak.Value.Issuer, now = clock.GetUtcNow() });
        var conditions = new List<string> { OfRealm, Keyset.StartAfter(after, limit, values) };
        if (query.Kind is { } kind)
        {
            conditions.Add("(a.kind = @kind) IS TRUE");
            values.Add("kind", kind == AccountKind.Service ? "service" : "person");
        }

        if (query.InAnyOf is { } groups && !groups.Any(group => group.IsDefault))
        {
            var ids = groups.Select(group => group.Id).ToHashSet();
            conditions.Add($"""
                (a.id = @always
                OR EXISTS (
                    SELECT 1 FROM account_roles r
                    WHERE r.account_id = a.id AND r.role_id IN {database.Elements("@roles", "bigint")})
                OR EXISTS (
                    SELECT 1 FROM group_members m
                    WHERE m.account_id = a.id AND {DirectGroup.IsOpen} AND m.group_id IN {database.Elements("@groups", "uuid")}))
                """);
            values.Add("always", query.Always);
            values.Add("roles", JsonSerializer.Serialize(await RolesIntoAsync(connection, query.Rules, ids, cancellationToken)));
            values.Add("groups", JsonSerializer.Serialize(ids));
        }

        var sql = $"SELECT {Columns} FROM accounts a WHERE {string.Join(" AND ", conditions)} ORDER BY {Keyset.OrderBy} LIMIT @limit";
        return Keyset.Cut(await ReadAsync(connection, sql, values, cancellationToken), limit);
    }

    public async Task<KeysetPage<ObservedRoleCount>> ListObservedRolesAsync(int limit, Cursor? after, CancellationToken cancellationToken)
    {
        var values = new DynamicParameters();
        var sql = $"""
            {ObservedRoleCounts}
            WHERE {ObservedRoleKeyset.StartAfter(after, limit, values)}
            ORDER BY {ObservedRoleKeyset.OrderBy}
            LIMIT @limit
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var roles = await connection.QueryAsync<ObservedRoleCount>(
            new CommandDefinition(sql, values, cancellationToken: cancellationToken));
        return ObservedRoleKeyset.Cut(roles.AsList(), limit);
    }

    /// <summary>The first of those that fit, and how many there are besides.</summary>
    public async Task<(IReadOnlyList<ObservedRoleCount> Roles, int More)> FindObservedRolesAsync(
        RolePattern pattern, int limit, CancellationToken cancellationToken)
    {
        ObservedRole[] fitting =
        [
            .. (await observedRoles.ListAsync(cancellationToken))
                .Where(role => pattern.Matches(role.Role))
                .OrderBy(role => RoleKinds.Write(role.Role.Kind), StringComparer.Ordinal)
                .ThenBy(role => role.Role.Client, StringComparer.Ordinal)
                .ThenBy(role => role.Role.Name, StringComparer.Ordinal),
        ];
        var ids = JsonSerializer.Serialize(fitting.Take(limit).Select(role => role.Id));
        var sql = $"{ObservedRoleCounts} WHERE r.id IN {database.Elements("@ids", "bigint")} ORDER BY {ObservedRoleKeyset.OrderBy}";
        await using var connection = await database.OpenAsync(cancellationToken);
        var roles = await connection.QueryAsync<ObservedRoleCount>(
            new CommandDefinition(sql, new { ids }, cancellationToken: cancellationToken));
        return (roles.AsList(), Math.Max(0, fitting.Length - limit));
    }

    // Members of any of the groups, by whatever leads there: through a default group that is everybody.
    private async IAsyncEnumerable<KnownSubject> ListEnabledInAsync(
        DbConnection connection,
        DbTransaction? transaction,
        AccessRules rules,
        IReadOnlyCollection<GroupRule> groups,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Without an account there is nobody, and no realm need be configured: a pipeline may apply rules before anybody has come.
        if (groups.Count == 0 || await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            "SELECT COUNT(*) FROM (SELECT 1 FROM accounts LIMIT 1) one",
            transaction: transaction,
            cancellationToken: cancellationToken)) == 0)
        {
            yield break;
        }

        var ids = groups.Select(group => group.Id).ToHashSet();
        var roles = (await observedRoles.ListAsync(cancellationToken))
            .Where(role => rules.MappingsOf(role.Role).Any(mapping => ids.Contains(mapping.GroupId)))
            .Select(role => role.Id);
        var members = groups.Any(group => group.IsDefault) ? "" : $"""
            JOIN (
                SELECT m.account_id FROM group_members m
                WHERE {DirectGroup.IsOpen} AND m.group_id IN {database.Elements("@groups", "uuid")}
                UNION
                SELECT account_id FROM account_roles WHERE role_id IN {database.Elements("@roles", "bigint")}) m ON m.account_id = a.id
            """;
        var sql = $"""
            SELECT {Columns}
            FROM accounts a {members}
            WHERE a.id > @after AND (a.enabled = @enabled) IS TRUE AND {OfRealm}
            ORDER BY a.id
            LIMIT @limit
            """;
        var values = new DynamicParameters(new
        {
            keycloak.Value.Issuer,
            groups = JsonSerializer.Serialize(ids),
            roles = JsonSerializer.Serialize(roles),
            enabled = true,
            limit = MostAtATime,
            now = clock.GetUtcNow(),
        });
        List<KnownSubject> page;
        var after = Guid.Empty;
        do
        {
            values.Add("after", after);
            page = await ReadAsync(connection, sql, values, cancellationToken, transaction);
            foreach (var subject in page)
            {
                after = subject.AccountId;
                yield return subject;
            }
        }
        while (page.Count == MostAtATime);
    }

    // A group of many roles has many members: then the next accounts hold a page of them, and no role need be looked up.
    private async Task<(IReadOnlyList<KnownSubject> Members, Guid? Next)?> LookThroughAsync(
        AccessRules rules, HashSet<Guid> groups, int limit, Guid? after, CancellationToken cancellationToken)
    {
        const string sql = $"""
            SELECT {Columns}
            FROM accounts a
            WHERE a.id > @after AND {OfRealm}
            ORDER BY a.id
            LIMIT @most
            """;
        var members = new List<KnownSubject>();
        await using var connection = await database.OpenAsync(cancellationToken);
        for (int most = limit * 3 / 2, looked = 0; looked < limit * MostLookedThrough; looked += most)
        {
            var values = new { keycloak.Value.Issuer, after = after ?? Guid.Empty, most };
            var accounts = await ReadAsync(connection, sql, values, cancellationToken);
            // Not resolved, which would make a membership of every role of everybody.
            members.AddRange(accounts.Where(account =>
                account.Groups.Any(group => groups.Contains(group.Id))
                || account.Roles.Any(role => rules.MappingsOf(role).Any(mapping => groups.Contains(mapping.GroupId)))));
            if (members.Count > limit)
            {
                return (members[..limit], members[limit - 1].AccountId);
            }

            if (accounts.Count < most)
            {
                return (members, null);
            }

            after = accounts[^1].AccountId;
        }

        return null;
    }

    // The first holders of each role and group are some page of holders: the page that is asked for ends no later than that one.
    private async Task<Guid> LastOfFirstAsync(DbConnection connection, DynamicParameters values, CancellationToken cancellationToken)
    {
        string First(string ids, string type, string table, string key) => database.Engine == DatabaseEngine.PostgreSql
            ? $"""
                SELECT (
                    SELECT m.account_id FROM {table} m
                    WHERE m.{key} = CAST(j.value AS {type}) AND m.account_id > @after {OpenIn(table)}
                    ORDER BY m.account_id LIMIT 1) AS account_id
                FROM json_array_elements_text(CAST({ids} AS json)) j
                """
            : $"""
                SELECT (
                    SELECT m.account_id FROM {table} m
                    WHERE m.{key} = j.value AND m.account_id > @after {OpenIn(table)}
                    ORDER BY m.account_id LIMIT 1) AS account_id
                FROM json_each({ids}) j
                """;
        var sql = $"""
            SELECT account_id FROM (
                {First("@roles", "bigint", "account_roles", "role_id")}
                UNION
                {First("@groups", "uuid", "group_members", "group_id")}) f
            WHERE account_id IS NOT NULL
            ORDER BY account_id
            LIMIT 1 OFFSET @limit - 1
            """;
        return await connection.QuerySingleOrDefaultAsync<Guid?>(
            new CommandDefinition(sql, values, cancellationToken: cancellationToken)) ?? Guid.AllBitsSet;
    }

    private static string OpenIn(string table) => table == "group_members" ? $"AND {DirectGroup.IsOpen}" : "";

    // Which of the observed roles a pattern fits is not for SQL to say; they are as many as a realm has.
    private static async Task<long[]> RolesIntoAsync(
        DbConnection connection, AccessRules rules, HashSet<Guid> groups, CancellationToken cancellationToken)
    {
        var rows = await connection.QueryAsync<ObservedRoleCount>(new CommandDefinition(
            "SELECT id, kind, client, name FROM observed_roles", cancellationToken: cancellationToken));
        return [.. rows.Where(row => rules.MappingsOf(row.Role).Any(mapping => groups.Contains(mapping.GroupId))).Select(row => row.Id)];
    }

    // From memory, for pages. They may be thousands, so they are not copied: one that leads into two of the groups comes twice.
    private async Task<IEnumerable<long>> KnownRolesIntoAsync(AccessRules rules, HashSet<Guid> groups, CancellationToken cancellationToken)
    {
        var seen = await observedRoles.ListAsync(cancellationToken);
        if (_into is not { } into || !ReferenceEquals(into.Rules, rules) || !ReferenceEquals(into.Seen, seen))
        {
            _into = into = new RolesInto(rules, seen, seen
                .SelectMany(role => rules.MappingsOf(role.Role).Select(mapping => (mapping.GroupId, role.Id)))
                .ToLookup(pair => pair.GroupId, pair => pair.Id));
        }

        return groups.SelectMany(group => into.Ids[group]);
    }

    private async Task<List<KnownSubject>> ReadAsync(
        DbConnection connection, string sql, object values, CancellationToken cancellationToken, DbTransaction? transaction = null)
    {
        var rows = (await connection.QueryAsync<Row>(
            new CommandDefinition(sql, values, transaction, cancellationToken: cancellationToken))).AsList();
        var ids = new { ids = JsonSerializer.Serialize(rows.Select(row => row.Id)), now = clock.GetUtcNow() };
        var list = database.Elements("@ids", "uuid");
        var roles = (await connection.QueryAsync<RoleRow>(new CommandDefinition(
            $"""
            SELECT a.account_id, r.kind, r.client, r.name
            FROM account_roles a
            JOIN observed_roles r ON r.id = a.role_id
            WHERE a.account_id IN {list}
            """,
            ids,
            transaction,
            cancellationToken: cancellationToken))).ToLookup(row => row.AccountId, row => row.Role);
        var groups = (await connection.QueryAsync<MemberRow>(new CommandDefinition(
            $"SELECT m.account_id, m.group_id, m.ends_at FROM group_members m WHERE m.account_id IN {list} AND {DirectGroup.IsOpen}",
            ids,
            transaction,
            cancellationToken: cancellationToken))).ToLookup(row => row.AccountId, row => new DirectGroup(row.GroupId, row.EndsAt));
        return [.. rows.Select(row => new KnownSubject
        {
            AccountId = row.Id,
            Subject = row.Subject,
            Username = row.Username,
            Kind = row.Kind == "service" ? AccountKind.Service : AccountKind.Person,
            Enabled = row.Enabled,
            RolesKnown = row.RolesKnown,
            Roles = [.. roles[row.Id]],
            Groups = [.. groups[row.Id]],
        })];
    }

    private sealed record Row
    {
        public required Guid Id { get; init; }

        public required string Subject { get; init; }

        public required string Username { get; init; }

        public required string Kind { get; init; }

        public required bool Enabled { get; init; }

        public required bool RolesKnown { get; init; }
    }

    private sealed record MemberCountRow
    {
        public required long Members { get; init; }

        public long? Direct { get; init; }
    }

    private sealed record RoleRow
    {
        public required Guid AccountId { get; init; }

        public required string Kind { get; init; }

        public required string Client { get; init; }

        public required string Name { get; init; }

        public KeycloakRole Role => new(RoleKinds.Parse(Kind), Client, Name);
    }

    private sealed record RolesInto(AccessRules Rules, IReadOnlyList<ObservedRole> Seen, ILookup<Guid, long> Ids);

    private sealed record MemberRow
    {
        public required Guid AccountId { get; init; }

        public required Guid GroupId { get; init; }

        public DateTimeOffset? EndsAt { get; init; }
    }
}

internal sealed record MemberCount(long All, long Direct)
{
    /// <summary>By a role alone.</summary>
    public long ByRole => All - Direct;
}

/// <summary>Roles that lead into a group, and the others that do.</summary>
internal sealed record RolesIntoGroup(Guid GroupId, IReadOnlyCollection<long> Roles, IReadOnlyCollection<long> Others);

internal sealed record ObservedRoleCount
{
    public required long Id { get; init; }

    public required string Kind { get; init; }

    public required string Client { get; init; }

    public required string Name { get; init; }

    public long Accounts { get; init; }

    public KeycloakRole Role => new(RoleKinds.Parse(Kind), Client, Name);
}

/// <summary><c>Always</c> is listed in any case: the caller, whose token may say more than was recorded.</summary>
internal sealed record SubjectQuery(
    AccessRules Rules, AccountKind? Kind = null, IReadOnlyCollection<GroupRule>? InAnyOf = null, Guid? Always = null);

/// <summary>An account with everything that decides what it may do.</summary>
internal sealed record KnownSubject
{
    public required Guid AccountId { get; init; }

    /// <summary>Keycloak's id of it (<c>sub</c>).</summary>
    public required string Subject { get; init; }

    public required string Username { get; init; }

    public required AccountKind Kind { get; init; }

    public required bool Enabled { get; init; }

    /// <summary>Whether any token of it has carried roles so far.</summary>
    public required bool RolesKnown { get; init; }

    public required IReadOnlyList<KeycloakRole> Roles { get; init; }

    public required IReadOnlyList<DirectGroup> Groups { get; init; }

    public Subject Under(AccessRules rules, IReadOnlySet<string>? scopes = null) =>
        new(AccountId, Kind, Enabled, rules.Resolve(Roles, Groups), scopes);
}
