namespace KeycloakRealm.Loading;

/// <summary>
/// Where requests find the realms. They are replaced as a whole: a request takes the set once and ends on it, whatever is
/// served meanwhile.
/// </summary>
internal sealed class LiveRealms(RealmSet first)
{
    private volatile RealmSet _current = first;

    public RealmSet Current
    {
        get => _current;
        set => _current = value;
    }
}
