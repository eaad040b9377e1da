using KeycloakAccess.Permissions;

namespace KeycloakAccess.RulesDocument;

/// <summary>Direct members are not part of it: accounts are the data of one installation, the rules are the same in all.</summary>
internal sealed class AccessDocument
{
    /// <summary>Of the form of the document. One that says none is of this version.</summary>
    public const int Version = 1;
    public const int MostGroups = 1000;

    /// <summary>Of all groups together.</summary>
    public const int MostMappings = 5000;

    /// <summary>A role is compared with each.</summary>
    public const int MostPatterns = 1000;

    public AccessDocument(IEnumerable<GroupEntry> groups) =>
        Groups = [.. groups.OrderBy(group => group.Name, StringComparer.Ordinal)];

    public IReadOnlyList<GroupEntry> Groups { get; }
}

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

    /// <summary>As written: what a database holds may name permissions that do not exist, and this is how one mends it.</summary>
    public IReadOnlyList<string> Permissions { get; }

    public IReadOnlyList<string> Denied { get; }

    public bool IsDefault { get; }

    public IReadOnlyList<MappingEntry> Mappings { get; }
}

internal sealed record MappingEntry(string Kind, string Client, string Name)
{
    public override string ToString() => new RolePattern(RoleKinds.Parse(Kind), Client, Name).ToString();
}
