namespace KeycloakRealm.Model;

/// <summary>A client scope: mappers and roles that come with its name.</summary>
internal sealed class ClientScope
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary>Whether the name shows in a token's <c>scope</c>.</summary>
    public bool IncludeInTokenScope { get; init; } = true;

    /// <summary>What the user is asked to grant with this scope, or a key of a message; null where the scope is not asked about.</summary>
    public string? ConsentText { get; init; }

    public List<ProtocolMapper> Mappers { get; } = [];

    /// <summary>Roles that the scope lets through; also, whoever has none of them does not get the scope.</summary>
    public HashSet<RealmRole> ScopeMappings { get; } = [];
}
