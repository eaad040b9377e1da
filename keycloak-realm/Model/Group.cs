namespace KeycloakRealm.Model;

/// <summary>A group; its members have its roles and those of every group above it.</summary>
internal sealed class Group
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public Group? Parent { get; init; }

    public string Path => Parent is null ? "/" + Name : Parent.Path + "/" + Name;

    public List<Group> SubGroups { get; } = [];

    /// <summary>Replaced as a whole when it changes, because it is read without a lock.</summary>
    public HashSet<RealmRole> Roles { get; set; } = [];

    public Dictionary<string, IReadOnlyList<string>> Attributes { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Direct roles and those of the groups above, composites resolved.</summary>
    public HashSet<RealmRole> EffectiveRoles()
    {
        var direct = new List<RealmRole>();
        for (var each = this; each is not null; each = each.Parent)
        {
            direct.AddRange(each.Roles);
        }

        return RealmRole.Expand(direct);
    }
}
