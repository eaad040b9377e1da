using System.Data.Common;
using Dapper;
using KeycloakAccess.Data;

namespace KeycloakAccess.Permissions;

// ChangeFeed says which version is current: a change, made directly in the database too, counts on every instance that has heard of it.
internal sealed class AccessRulesCache(Database database) : IDisposable
{
    private readonly SemaphoreSlim _loading = new(1, 1);
    private volatile Loaded? _loaded;

    /// <summary>Whether they are as new as the state.</summary>
    public bool IsCurrent(AccessRules rules, ChangeState now) =>
        _loaded is { } loaded && ReferenceEquals(loaded.Rules, rules) && loaded.Epoch == now.Epoch && rules.Version >= now.Rules;

    /// <summary>The answer is at least as new as the state.</summary>
    public async ValueTask<AccessRules> GetAsync(ChangeState state, CancellationToken cancellationToken)
    {
        if (Find(state) is { } rules)
        {
            return rules;
        }

        await _loading.WaitAsync(cancellationToken);
        try
        {
            if (Find(state) is { } loaded)
            {
                return loaded;
            }

            var read = await LoadAsync(cancellationToken);
            _loaded = new Loaded(state.Epoch, read);
            return read;
        }
        finally
        {
            _loading.Release();
        }
    }

    public async Task<AccessRules> CurrentAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var version = await connection.QuerySingleAsync<long>(new CommandDefinition(
            "SELECT version FROM access_version", cancellationToken: cancellationToken));
        return await GetAsync(version, cancellationToken);
    }

    /// <summary>Those of the version that the database has now.</summary>
    public async ValueTask<AccessRules> GetAsync(long version, CancellationToken cancellationToken) =>
        // A lower version than the one that is known is of a database that was restored.
        _loaded is { } loaded && loaded.Rules.Version > version
            ? await LoadAsync(cancellationToken)
            : await GetAsync(new ChangeState(_loaded?.Epoch ?? 0, version, Changes: 0), cancellationToken);

    /// <summary>A name that does not exist would be a permission that nobody has.</summary>
    public async Task CheckNamesAsync(PermissionCatalogue catalogue, CancellationToken cancellationToken)
    {
        const string sql = """
            SELECT g.name, p.permission
            FROM group_permissions p
            JOIN groups g ON g.id = p.group_id
            ORDER BY g.name, p.permission
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<(string Group, string Permission)>(
            new CommandDefinition(sql, cancellationToken: cancellationToken));
        string[] mistakes = [.. rows
            .Select(row => catalogue.Mistake(row.Permission, wildcards: true) is { } mistake ? $"Group {row.Group}: {mistake}" : null)
            .OfType<string>()];
        if (mistakes.Length > 0)
        {
            throw new PermissionNameException(
                [.. mistakes, "Export the rules with \"access export\", mend them, and put them back with \"access apply\"."]);
        }
    }

    public void Dispose() => _loading.Dispose();

    private AccessRules? Find(ChangeState state) =>
        _loaded is { } loaded && loaded.Epoch == state.Epoch && loaded.Rules.Version >= state.Rules ? loaded.Rules : null;

    private async Task<AccessRules> LoadAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        // One snapshot: a change in the middle would give mappings of one version to groups of another.
        await using var transaction = await Database.BeginReadAsync(connection, cancellationToken);
        return await ReadAsync(connection, transaction, cancellationToken);
    }

    public static async Task<AccessRules> ReadAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        const string sql = """
            SELECT version FROM access_version;
            SELECT g.id, g.name, g.is_default, p.permission, p.denied FROM groups g LEFT JOIN group_permissions p ON p.group_id = g.id;
            SELECT id, kind, client, name, group_id FROM role_mappings
            """;
        await using var reader = await connection.QueryMultipleAsync(
            new CommandDefinition(sql, transaction: transaction, cancellationToken: cancellationToken));

        var version = await reader.ReadSingleAsync<long>();
        var groups = (await reader.ReadAsync<GroupRow>())
            .GroupBy(row => (row.Id, row.Name, row.IsDefault))
            .Select(rows => new GroupRule(
                rows.Key.Id,
                rows.Key.Name,
                GroupRule.ParseGranted(rows.Where(row => row.Denied is false).Select(row => row.Permission!)),
                GroupRule.ParseDenied(rows.Where(row => row.Denied is true).Select(row => row.Permission!)),
                rows.Key.IsDefault));
        var mappings = (await reader.ReadAsync<MappingRow>())
            .Select(row => new MappingRule(row.Id, new RolePattern(RoleKinds.Parse(row.Kind), row.Client, row.Name), row.GroupId));
        return new AccessRules(version, groups, mappings);
    }

    private sealed record Loaded(long Epoch, AccessRules Rules);

    private sealed record GroupRow
    {
        public required Guid Id { get; init; }

        public required string Name { get; init; }

        public required bool IsDefault { get; init; }

        public string? Permission { get; init; }

        public bool? Denied { get; init; }
    }

    private sealed record MappingRow
    {
        public required Guid Id { get; init; }

        public required string Kind { get; init; }

        public required string Client { get; init; }

        public required string Name { get; init; }

        public required Guid GroupId { get; init; }
    }
}
