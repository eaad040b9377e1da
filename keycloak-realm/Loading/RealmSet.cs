using KeycloakRealm.Endpoints;

namespace KeycloakRealm.Loading;

/// <summary>The realms that are served at one time, by their names; <c>master</c> too, where there is an administrator.</summary>
internal sealed class RealmSet(IReadOnlyList<RealmSite> loaded, RealmSite? master)
{
    /// <summary>Those of the files, in their order.</summary>
    public IReadOnlyList<RealmSite> Loaded { get; } = loaded;

    public IReadOnlyList<ServedRealm> Described { get; } = [.. loaded.Select(ServedRealm.Of)];

    public IReadOnlyDictionary<string, RealmSite> Sites { get; } = loaded.Concat(master is null ? [] : [master])
        .ToDictionary(site => site.Realm.Name, StringComparer.Ordinal);

    public RealmSite? Find(string name) =>
        Loaded.FirstOrDefault(each => string.Equals(each.Realm.Name, name, StringComparison.Ordinal));

    /// <summary>Lets go of keys and connections, once no request can need them any more.</summary>
    public void Close()
    {
        foreach (var site in Sites.Values)
        {
            site.Dispose();
        }
    }
}
