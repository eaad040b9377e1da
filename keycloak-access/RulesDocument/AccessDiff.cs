using KeycloakAccess.Permissions;

namespace KeycloakAccess.RulesDocument;

internal enum GroupDifferenceKind
{
    Added,
    Changed,
    Removed,
}

/// <summary>A removed group takes its direct memberships with it.</summary>
internal sealed record GroupDifference(GroupEntry? Before, GroupEntry? After, long DirectMembers)
{
    public string Name => (After ?? Before)!.Name;

    public GroupDifferenceKind Kind => Before is null ? GroupDifferenceKind.Added
        : After is null ? GroupDifferenceKind.Removed
        : GroupDifferenceKind.Changed;

    public IReadOnlyList<string> AddedPermissions => New(Before?.Permissions, After?.Permissions);

    public IReadOnlyList<string> RemovedPermissions => New(After?.Permissions, Before?.Permissions);

    public IReadOnlyList<string> AddedDenials => New(Before?.Denied, After?.Denied);

    public IReadOnlyList<string> RemovedDenials => New(After?.Denied, Before?.Denied);

    public IReadOnlyList<MappingEntry> AddedMappings => New(Before?.Mappings, After?.Mappings);

    public IReadOnlyList<MappingEntry> RemovedMappings => New(After?.Mappings, Before?.Mappings);

    // Whether a group that stays grants more or denies less, also to its direct members, whom no document names. What a wildcard covered
    // before and covers still is neither.
    public bool Gains =>
        Kind == GroupDifferenceKind.Changed
        && (Exceeds(GroupRule.ParseGranted(AddedPermissions), GroupRule.ParseGranted(Before!.Permissions))
            || Exceeds(GroupRule.ParseDenied(RemovedDenials), GroupRule.ParseDenied(After!.Denied)));

    public bool ChangesDescription => !string.Equals(Before?.Description ?? "", After?.Description ?? "", StringComparison.Ordinal);

    public bool ChangesIsDefault => (Before?.IsDefault ?? false) != (After?.IsDefault ?? false);

    /// <summary>Mappings have rows of their own.</summary>
    public bool ChangesGroup =>
        Kind != GroupDifferenceKind.Changed || ChangesDescription || ChangesIsDefault
        || AddedPermissions.Count + RemovedPermissions.Count + AddedDenials.Count + RemovedDenials.Count > 0;

    public bool ChangesAnything => ChangesGroup || AddedMappings.Count + RemovedMappings.Count > 0;

    private static bool Exceeds(IEnumerable<Permission> permissions, IReadOnlyList<Permission> others) =>
        permissions.Any(permission => !others.Any(other => other.Covers(permission)));

    private static T[] New<T>(IReadOnlyList<T>? old, IReadOnlyList<T>? current) => [.. (current ?? []).Except(old ?? [])];
}

internal sealed class AccessDiff
{
    private AccessDiff(IReadOnlyList<GroupDifference> groups) => Groups = groups;

    public IReadOnlyList<GroupDifference> Groups { get; }

    public bool IsEmpty => Groups.Count == 0;

    /// <summary>A renamed group is one removed and one added: nothing but the name says which is which.</summary>
    public static AccessDiff Compare(AccessDocument before, AccessDocument after, Func<string, long> directMembers)
    {
        var old = before.Groups.ToDictionary(group => group.Name, StringComparer.Ordinal);
        var current = after.Groups.ToDictionary(group => group.Name, StringComparer.Ordinal);
        return new AccessDiff([.. old.Keys.Union(current.Keys, StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .Select(name => new GroupDifference(old.GetValueOrDefault(name), current.GetValueOrDefault(name), directMembers(name)))
            .Where(difference => difference.ChangesAnything)]);
    }

    public override string ToString()
    {
        var parts = new[] { GroupDifferenceKind.Added, GroupDifferenceKind.Changed, GroupDifferenceKind.Removed }
            .Select(kind => (Kind: kind, Count: Groups.Count(group => group.Kind == kind)))
            .Where(part => part.Count > 0)
            .Select((part, index) =>
                $"{part.Count}{(index > 0 ? "" : part.Count == 1 ? " group" : " groups")} {part.Kind.ToString().ToLowerInvariant()}");
        return IsEmpty ? "nothing differs" : string.Join(", ", parts);
    }
}
