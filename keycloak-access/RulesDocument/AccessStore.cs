using System.Data.Common;
using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Groups;
using KeycloakAccess.Permissions;
using KeycloakAccess.RoleMappings;

namespace KeycloakAccess.RulesDocument;

// Read as one state and replaced in one transaction, where the tables of the features meet: half a document applied would be rules that
// nobody has written.
internal sealed class AccessStore(Database database, ChangeRunner changes, TimeProvider clock)
{
    public async Task<AccessState> ReadAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await Database.BeginReadAsync(connection, cancellationToken);
        return await ReadAsync(connection, transaction, cancellationToken);
    }

    // What the document does not change keeps its ids, versions and direct members. seen is null for any version.
    public Task<ChangeOutcome<AccessDiff>> ApplyAsync(
        AccessDocument document, Actor actor, bool allowsNoSuperuser, long? seen, CancellationToken cancellationToken) =>
        changes.RunOnRulesAsync<AccessDiff>(actor, allowsNoSuperuser, async change =>
        {
            if (seen is not null && seen != change.RulesVersion)
            {
                return new ChangeFailure.PreconditionFailed();
            }

            var state = await ReadAsync(change.Connection, change.Transaction, cancellationToken);
            var diff = state.DiffTo(document);
            var stored = state.Groups.ToDictionary(group => group.Entry.Name, StringComparer.Ordinal);
            foreach (var difference in diff.Groups)
            {
                await (difference switch
                {
                    { Before: null, After: { } added } => AddAsync(change, added),
                    { Before: { } removed, After: null } =>
                        GroupStore.DeleteAsync(change, ToGroup(stored[removed.Name].Id, removed, stored[removed.Name].Version)),
                    _ => ChangeAsync(change, stored[difference.Name], difference),
                });
            }

            return diff.IsEmpty ? ChangeOutcome.Unchanged(diff) : ChangeOutcome.Done(diff);
        }, cancellationToken);

    private async Task<AccessState> ReadAsync(
        DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        const string sql = $"""
            SELECT version FROM access_version;
            SELECT g.id, g.name, g.description, g.version, g.is_default, COUNT(m.account_id) AS members
            FROM groups g
            LEFT JOIN group_members m ON m.group_id = g.id AND {DirectGroup.IsOpen}
            GROUP BY g.id, g.name, g.description, g.version, g.is_default
            ORDER BY g.name;
            SELECT group_id, permission, denied FROM group_permissions;
            SELECT id, kind, client, name, group_id FROM role_mappings
            """;
        await using var reader = await connection.QueryMultipleAsync(
            new CommandDefinition(sql, new { now = clock.GetUtcNow() }, transaction, cancellationToken: cancellationToken));
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

    private async Task AddAsync(ChangeTransaction change, GroupEntry entry)
    {
        var group = ToGroup(Guid.CreateVersion7(clock.GetUtcNow()), entry, version: 1);
        await GroupStore.AddAsync(change, group);
        await AddMappingsAsync(change, group, entry.Mappings);
    }

    private async Task ChangeAsync(ChangeTransaction change, StoredGroup stored, GroupDifference difference)
    {
        var before = ToGroup(stored.Id, stored.Entry, stored.Version);
        foreach (var mapping in difference.RemovedMappings)
        {
            await RoleMappingStore.DeleteAsync(change, ToMapping(stored.Mappings[mapping], mapping, before));
        }

        var after = ToGroup(stored.Id, difference.After!, stored.Version + 1);
        if (difference.ChangesGroup)
        {
            await GroupStore.ReplaceAsync(change, before, after);
        }

        await AddMappingsAsync(change, after, difference.AddedMappings);
    }

    private async Task AddMappingsAsync(ChangeTransaction change, Group group, IReadOnlyList<MappingEntry> mappings)
    {
        foreach (var mapping in mappings)
        {
            await RoleMappingStore.AddAsync(change, ToMapping(Guid.CreateVersion7(clock.GetUtcNow()), mapping, group));
        }
    }

    private static Group ToGroup(Guid id, GroupEntry entry, int version) => new()
    {
        Id = id,
        Name = entry.Name,
        Description = entry.Description,
        Version = version,
        IsDefault = entry.IsDefault,
        Permissions = entry.Permissions,
        Denied = entry.Denied,
    };

    private static RoleMapping ToMapping(Guid id, MappingEntry entry, Group group) => new()
    {
        Id = id,
        Kind = entry.Kind,
        Client = entry.Client,
        Name = entry.Name,
        GroupId = group.Id,
        GroupName = group.Name,
        Version = 1,
    };

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
}
