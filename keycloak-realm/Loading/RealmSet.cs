using KeycloakRealm.Endpoints;

namespace KeycloakRealm.Loading;

/// <summary>By name; with <c>master</c>, where an administrator is configured.</summary>
internal sealed class RealmSet(IReadOnlyList<RealmSite> loaded, RealmSite? master)
{
    /// <summary>In the order of the files.</summary>
    public IReadOnlyList<RealmSite> Loaded { get; } = loaded;

    public IReadOnlyList<ServedRealm> Described { get; } = [.. loaded.Select(ServedRealm.Of)];

    public IReadOnlyDictionary<string, RealmSite> Sites { get; } = loaded.Concat(master is null ? [] : [master])
        .ToDictionary(site => site.Realm.Name, StringComparer.Ordinal);

    public RealmSite? Find(string name) =>
        Loaded.FirstOrDefault(each => string.Equals(each.Realm.Name, name, StringComparison.Ordinal));

    /// <summary>Only when no request can need the keys and connections any more.</summary>
    public void Close()
    {
        foreach (var site in Sites.Values)
        {
            site.Dispose();
        }
    }
}
