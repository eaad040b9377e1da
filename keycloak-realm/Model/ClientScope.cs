namespace KeycloakRealm.Model;

internal sealed class ClientScope
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public bool IncludeInTokenScope { get; init; } = true;

    /// <summary>Text, or the key of a message; null where the scope needs no consent.</summary>
    public string? ConsentText { get; init; }

    public List<ProtocolMapper> Mappers { get; } = [];

    /// <summary>Only a user with one of these roles gets the scope.</summary>
    public HashSet<RealmRole> ScopeMappings { get; } = [];
}
