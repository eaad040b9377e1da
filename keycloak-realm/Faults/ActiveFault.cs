namespace KeycloakRealm.Faults;

/// <summary>A fault that was added. Disposing it ends it.</summary>
public sealed class ActiveFault : IDisposable
{
    private readonly RealmFaults _faults;
    private readonly DateTimeOffset? _until;
    private int _hits;

    internal ActiveFault(RealmFaults faults, Fault fault, int id, DateTimeOffset now)
    {
        _faults = faults;
        _until = now + fault.For;
        Fault = fault;
        Id = id;
    }

    /// <summary>Its number, under which <c>/_faults/{id}</c> ends it.</summary>
    public int Id { get; }

    /// <summary>The fault.</summary>
    public Fault Fault { get; }

    /// <summary>How many calls it has affected.</summary>
    public int Hits => Volatile.Read(ref _hits);

    /// <summary>Ends it.</summary>
    public void Dispose() => _faults.Remove(Id);

    internal bool IsOver(DateTimeOffset now) => now >= _until || Hits >= Fault.Times;

    /// <summary>False if another call has taken the last one.</summary>
    internal bool TryHit(DateTimeOffset now)
    {
        if (now >= _until)
        {
            return false;
        }

        var hit = Interlocked.Increment(ref _hits);
        if (hit > Fault.Times)
        {
            Interlocked.Decrement(ref _hits);
            return false;
        }

        return true;
    }
}
