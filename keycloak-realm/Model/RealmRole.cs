namespace KeycloakRealm.Model;

/// <summary>A realm role, or a client role where <see cref="Client"/> is set.</summary>
internal sealed class RealmRole
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public string? Description { get; init; }

    public Client? Client { get; init; }

    /// <summary>Roles that come with this one, across realm and clients.</summary>
    public HashSet<RealmRole> Composites { get; } = [];

    /// <summary>The given roles and all that they are composed of.</summary>
    public static HashSet<RealmRole> Expand(IEnumerable<RealmRole> roles)
    {
        var all = new HashSet<RealmRole>();
        var open = new Queue<RealmRole>(roles);
        while (open.TryDequeue(out var role))
        {
            if (all.Add(role))
            {
                foreach (var member in role.Composites)
                {
                    open.Enqueue(member);
                }
            }
        }

        return all;
    }
}
