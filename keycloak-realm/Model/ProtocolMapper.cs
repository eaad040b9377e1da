namespace KeycloakRealm.Model;

/// <summary>A protocol mapper of a client or a client scope, as the realm file has it.</summary>
internal sealed record ProtocolMapper(string Name, string Kind, IReadOnlyDictionary<string, string> Config)
{
    public string? this[string key] => Config.TryGetValue(key, out var value) && value.Length > 0 ? value : null;

    public bool Is(string key) => string.Equals(this[key], "true", StringComparison.OrdinalIgnoreCase);
}
