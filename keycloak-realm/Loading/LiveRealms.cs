namespace KeycloakRealm.Loading;

/// <summary>Replaced as a whole: a request uses one set to its end.</summary>
internal sealed class LiveRealms(RealmSet first)
{
    private volatile RealmSet _current = first;

    public RealmSet Current
    {
        get => _current;
        set => _current = value;
    }
}
