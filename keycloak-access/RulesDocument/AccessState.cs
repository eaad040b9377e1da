using KeycloakAccess.Permissions;

namespace KeycloakAccess.RulesDocument;

/// <summary>The rules as a database holds them at one moment.</summary>
/// <param name="Version">The version of the rules: every change raises it.</param>
/// <param name="Groups">The groups, by name.</param>
internal sealed record AccessState(long Version, IReadOnlyList<StoredGroup> Groups)
{
    public AccessDocument Document { get; } = new(Groups.Select(group => group.Entry));

    /// <returns>What leads from here to the document.</returns>
    public AccessDiff DiffTo(AccessDocument document)
    {
        var members = Groups.ToDictionary(group => group.Entry.Name, group => group.DirectMembers, StringComparer.Ordinal);
        return AccessDiff.Between(Document, document, members.GetValueOrDefault);
    }

    /// <summary>The rules that decisions are made by now.</summary>
    public AccessRules Rules => RulesOf(Document);

    /// <summary>
    /// The rules that decisions would be made by if a document were applied. A group keeps its id, and so its members by
    /// hand, as long as it keeps its name.
    /// </summary>
    public AccessRules RulesOf(AccessDocument document)
    {
        var ids = Groups.ToDictionary(group => group.Entry.Name, group => group.Id, StringComparer.Ordinal);
        var groups = document.Groups
            .Select(entry => (Entry: entry, Id: ids.TryGetValue(entry.Name, out var id) ? id : Guid.NewGuid()))
            .ToArray();
        return new AccessRules(
            Version,
            groups.Select(group => new GroupRule(
                group.Id, group.Entry.Name, GroupRule.Granted(group.Entry.Permissions), GroupRule.Denies(group.Entry.Denied), group.Entry.IsDefault)),
            groups.SelectMany(group => group.Entry.Mappings.Select(mapping =>
                new MappingRule(Guid.NewGuid(), new RolePattern(RoleKinds.Parse(mapping.Kind), mapping.Client, mapping.Name), group.Id))));
    }
}

/// <summary>A group with what a document does not say of it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Version">Its version, which its ETag is made of.</param>
/// <param name="Entry">The group.</param>
/// <param name="Mappings">The ids of its mappings.</param>
/// <param name="DirectMembers">How many accounts are in it directly.</param>
internal sealed record StoredGroup(
    Guid Id, int Version, GroupEntry Entry, IReadOnlyDictionary<MappingEntry, Guid> Mappings, long DirectMembers);
