using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

internal sealed record ImportedRealm(Realm Realm, IReadOnlyList<KeyComponent> Keys, IReadOnlyList<string> Warnings);

internal sealed record KeyComponent(string Id, string Name, string Provider, IReadOnlyDictionary<string, string> Config)
{
    /// <summary>The path of its settings in the realm file, for messages.</summary>
    public string Place { get; init; } = "";
}
