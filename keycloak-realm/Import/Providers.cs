using System.Text.Json;

namespace KeycloakRealm.Import;

/// <summary>What Keycloak 26.7.3 brings along, with the features that are on by default. A server may have more of its own.</summary>
internal static class Providers
{
    private static readonly Dictionary<string, HashSet<string>> Names = Load();

    /// <summary>Kinds of components are named by their Java type.</summary>
    public static bool Has(string kind, string? name) => name is not null && Names[kind].Contains(name);

    /// <summary>For what is imported only where somebody has installed it.</summary>
    public static string Missing(JsonPlace place, string? name) =>
        $"{place.Path} is not honoured, and Keycloak imports the file only where somebody has installed the provider {name}";

    public static bool HasKind(string kind) => Names.ContainsKey(kind);

    private static Dictionary<string, HashSet<string>> Load()
    {
        using var stream = typeof(Providers).Assembly.GetManifestResourceStream("providers.json")!;
        return JsonSerializer.Deserialize<Dictionary<string, string[]>>(stream)!.ToDictionary(
            each => each.Key, each => each.Value.ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal);
    }
}
