namespace KeycloakRealm.Model;

/// <summary>A client role where <see cref="Client"/> is set.</summary>
internal sealed class RealmRole
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public string? Description { get; init; }

    public Client? Client { get; init; }

    public HashSet<RealmRole> Composites { get; } = [];

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
