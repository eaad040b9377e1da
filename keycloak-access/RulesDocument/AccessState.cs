using KeycloakAccess.Permissions;

namespace KeycloakAccess.RulesDocument;

internal sealed record AccessState(long Version, IReadOnlyList<StoredGroup> Groups)
{
    public AccessDocument Document { get; } = new(Groups.Select(group => group.Entry));

    public AccessDiff DiffTo(AccessDocument document)
    {
        var members = Groups.ToDictionary(group => group.Entry.Name, group => group.DirectMembers, StringComparer.Ordinal);
        return AccessDiff.Compare(Document, document, members.GetValueOrDefault);
    }

    public AccessRules Rules => RulesOf(Document);

    /// <summary>A group keeps its id, and so its direct members, as long as it keeps its name.</summary>
    public AccessRules RulesOf(AccessDocument document)
    {
        var ids = Groups.ToDictionary(group => group.Entry.Name, group => group.Id, StringComparer.Ordinal);
        var groups = document.Groups
            .Select(entry => (Entry: entry, Id: ids.TryGetValue(entry.Name, out var id) ? id : Guid.NewGuid()))
            .ToArray();
        return new AccessRules(
            Version,
            groups.Select(group => new GroupRule(
                group.Id,
                group.Entry.Name,
                GroupRule.ParseGranted(group.Entry.Permissions),
                GroupRule.ParseDenied(group.Entry.Denied),
                group.Entry.IsDefault)),
            groups.SelectMany(group => group.Entry.Mappings.Select(mapping =>
                new MappingRule(Guid.NewGuid(), new RolePattern(RoleKinds.Parse(mapping.Kind), mapping.Client, mapping.Name), group.Id))));
    }
}

internal sealed record StoredGroup(
    Guid Id, int Version, GroupEntry Entry, IReadOnlyDictionary<MappingEntry, Guid> Mappings, long DirectMembers);
