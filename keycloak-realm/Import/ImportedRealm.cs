using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

/// <summary>What came of a realm file: the realm, its keys as the file gives them, and what will not be honoured.</summary>
internal sealed record ImportedRealm(Realm Realm, IReadOnlyList<KeyComponent> Keys, IReadOnlyList<string> Warnings);

/// <summary>A key provider of the file.</summary>
internal sealed record KeyComponent(string Place, string Id, string Name, string Provider, IReadOnlyDictionary<string, string> Config);
