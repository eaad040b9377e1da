using Api.Data;
using Api.Keycloak;
using Dapper;

namespace Api.Permissions;

/// <summary>
/// The rules in memory. Every request learns the current version with its account (<see cref="CallerStore"/>), so a
/// change made anywhere, by hand in the database too, counts from the next request on, on every instance.
/// </summary>
internal sealed class AccessRulesCache(Database database) : IDisposable
{
    private readonly SemaphoreSlim _loading = new(1, 1);
    private volatile AccessRules? _rules;

    /// <param name="version">The version that the caller has seen in the database; the answer is at least as new.</param>
    /// <param name="cancellationToken">The request's.</param>
    public async ValueTask<AccessRules> GetAsync(long version, CancellationToken cancellationToken)
    {
        if (_rules is { } rules && rules.Version >= version)
        {
            return rules;
        }

        await _loading.WaitAsync(cancellationToken);
        try
        {
            return _rules is { } loaded && loaded.Version >= version ? loaded : _rules = await LoadAsync(cancellationToken);
        }
        finally
        {
            _loading.Release();
        }
    }

    /// <summary>The rules as they are now, for those who change them.</summary>
    public async Task<AccessRules> CurrentAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var version = await connection.QuerySingleAsync<long>(new CommandDefinition(
            "SELECT version FROM access_version", cancellationToken: cancellationToken));
        return await GetAsync(version, cancellationToken);
    }

    public void Dispose() => _loading.Dispose();

    private async Task<AccessRules> LoadAsync(CancellationToken cancellationToken)
    {
        const string sql = """
            SELECT version FROM access_version;
            SELECT g.id, g.name, p.permission FROM groups g LEFT JOIN group_permissions p ON p.group_id = g.id;
            SELECT kind, client, name, group_id FROM role_mappings
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        // One snapshot: a change in the middle would give mappings of one version to groups of another.
        await using var transaction = await Database.BeginReadAsync(connection, cancellationToken);
        await using var reader = await connection.QueryMultipleAsync(new CommandDefinition(sql, transaction: transaction, cancellationToken: cancellationToken));

        var version = await reader.ReadSingleAsync<long>();
        var groups = (await reader.ReadAsync<GroupRow>())
            .GroupBy(row => (row.Id, row.Name))
            .Select(rows => new GroupRule(rows.Key.Id, rows.Key.Name, [.. Permissions(rows)]));
        var mappings = (await reader.ReadAsync<MappingRow>())
            .Select(row => (new KeycloakRole(RoleKinds.Parse(row.Kind), row.Client, row.Name), row.GroupId));
        return new AccessRules(version, groups, mappings);
    }

    // A permission that does not parse was written past this service. It grants nothing.
    private static IEnumerable<Permission> Permissions(IEnumerable<GroupRow> rows)
    {
        foreach (var row in rows)
        {
            if (Permission.TryParse(row.Permission, out var permission))
            {
                yield return permission;
            }
        }
    }

    private sealed record GroupRow
    {
        public required Guid Id { get; init; }

        public required string Name { get; init; }

        public string? Permission { get; init; }
    }

    private sealed record MappingRow
    {
        public required string Kind { get; init; }

        public required string Client { get; init; }

        public required string Name { get; init; }

        public required Guid GroupId { get; init; }
    }
}
