using KeycloakAccess.Permissions;

namespace KeycloakAccess.RulesDocument;

/// <summary>
/// All local groups with the role mappings that lead into them: the rules of access, as a text that can be reviewed. Members
/// by hand are not part of it: accounts are the data of one installation, the rules are the same in all.
/// </summary>
internal sealed class AccessDocument
{
    /// <summary>The version of the form of the document. One that says none is of this version.</summary>
    public const int Version = 1;

    /// <summary>How many groups a document may hold: far more than an organisation has duties.</summary>
    public const int MostGroups = 1000;

    /// <summary>How many role mappings a document may hold, of all groups together.</summary>
    public const int MostMappings = 5000;

    /// <summary>How many of them may be patterns: a role is compared with each.</summary>
    public const int MostPatterns = 1000;

    /// <param name="groups">The groups, in any order, each name once.</param>
    public AccessDocument(IEnumerable<GroupEntry> groups) =>
        Groups = [.. groups.OrderBy(group => group.Name, StringComparer.Ordinal)];

    /// <summary>By name.</summary>
    public IReadOnlyList<GroupEntry> Groups { get; }
}

/// <summary>One group of a document. Its lists are sorted, and hold nothing twice.</summary>
internal sealed class GroupEntry
{
    public GroupEntry(
        string name,
        string description,
        IEnumerable<string> permissions,
        IEnumerable<string> denied,
        bool isDefault,
        IEnumerable<MappingEntry> mappings)
    {
        Name = name;
        Description = description;
        Permissions = [.. permissions.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        Denied = [.. denied.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        IsDefault = isDefault;
        Mappings =
        [
            .. mappings.Distinct()
                .OrderBy(mapping => mapping.Kind, StringComparer.Ordinal)
                .ThenBy(mapping => mapping.Client, StringComparer.Ordinal)
                .ThenBy(mapping => mapping.Name, StringComparer.Ordinal),
        ];
    }

    public string Name { get; }

    public string Description { get; }

    /// <summary>As written. What a database holds may name permissions that do not exist: this is how one mends it.</summary>
    public IReadOnlyList<string> Permissions { get; }

    public IReadOnlyList<string> Denied { get; }

    public bool IsDefault { get; }

    public IReadOnlyList<MappingEntry> Mappings { get; }
}

/// <summary>A role mapping of a document: which roles lead into the group that it stands in.</summary>
/// <param name="Kind">One of <see cref="RoleKinds.All"/>.</param>
/// <param name="Client">The client that owns a client role; empty for the other kinds.</param>
/// <param name="Name">The role's name, the group's path, or a pattern.</param>
internal sealed record MappingEntry(string Kind, string Client, string Name)
{
    /// <summary>As everywhere in words.</summary>
    public override string ToString() => new RolePattern(RoleKinds.Parse(Kind), Client, Name).ToString();
}
