namespace KeycloakRealm.Model;

internal sealed class Group
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public Group? Parent { get; init; }

    public string Path => Parent is null ? "/" + Name : Parent.Path + "/" + Name;

    public List<Group> SubGroups { get; } = [];

    /// <summary>Replaced as a whole, because it is read without a lock.</summary>
    public HashSet<RealmRole> Roles { get; set; } = [];

    public Dictionary<string, IReadOnlyList<string>> Attributes { get; init; } = new(StringComparer.Ordinal);

    /// <summary>With the roles of parent groups and composites.</summary>
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
