namespace KeycloakRealm.Model;

/// <summary>A group; its members have its roles and those of every group above it.</summary>
internal sealed class Group
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public Group? Parent { get; init; }

    public string Path => Parent is null ? "/" + Name : Parent.Path + "/" + Name;

    public List<Group> SubGroups { get; } = [];

    public HashSet<RealmRole> Roles { get; } = [];

    public Dictionary<string, IReadOnlyList<string>> Attributes { get; init; } = new(StringComparer.Ordinal);
}
