namespace KeycloakRealm.Model;

internal sealed record ProtocolMapper(string Name, string Kind, IReadOnlyDictionary<string, string> Config)
{
    public string? this[string key] => Config.TryGetValue(key, out var value) && value.Length > 0 ? value : null;

    public bool Is(string key) => string.Equals(this[key], "true", StringComparison.OrdinalIgnoreCase);
}
