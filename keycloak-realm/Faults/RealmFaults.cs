using System.Collections.Concurrent;

namespace KeycloakRealm.Faults;

/// <summary>
/// Fault injection: faults at endpoints, the realms' clock, and how often an endpoint was called. The admin REST API cannot make a
/// realm slow, broken or wrong about the time, and clients have to handle all of these.
/// </summary>
public sealed class RealmFaults
{
    internal static readonly TimeSpan Furthest = TimeSpan.FromDays(3650);

    private readonly ConcurrentDictionary<(string Realm, string Endpoint), int> _calls = new();
    private readonly Lock _lock = new();
    private readonly TimeProvider _clock;
    private readonly MovableClock _movable;
    private IReadOnlyList<ActiveFault> _active = [];
    private IReadOnlyList<string> _endpoints = [];
    private int _lastId;

    internal RealmFaults(TimeProvider clock)
    {
        _clock = clock;
        _movable = new MovableClock(clock);
    }

    /// <summary>The faults that have not ended, the oldest first. A call gets the first one that matches.</summary>
    public IReadOnlyList<ActiveFault> Active
    {
        get
        {
            var now = _clock.GetUtcNow();
            return [.. _active.Where(each => !each.IsOver(now))];
        }
    }

    /// <summary>
    /// How far the realms' clock is ahead of the one that they were started with; negative for behind. At most ten years.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is more than ten years.</exception>
    public TimeSpan ClockOffset
    {
        get => _movable.Offset;
        set => _movable.Offset = value.Duration() <= Furthest
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "The clock can be moved by ten years at most.");
    }

    /// <summary>How often each endpoint was called; endpoints without a call are left out.</summary>
    public IReadOnlyList<EndpointCalls> Calls =>
    [
        .. _calls.Select(each => new EndpointCalls(each.Key.Realm, each.Key.Endpoint, each.Value))
            .OrderBy(each => each.Realm, StringComparer.Ordinal).ThenBy(each => each.Endpoint, StringComparer.Ordinal),
    ];

    internal TimeProvider Clock => _movable;

    /// <summary>Starts a fault.</summary>
    /// <exception cref="ArgumentException">
    /// There is no such endpoint, or the fault is invalid. The message says what to write instead.
    /// </exception>
    public ActiveFault Add(Fault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        if (MistakeIn(fault) is { } mistake)
        {
            throw new ArgumentException(mistake, nameof(fault));
        }

        lock (_lock)
        {
            var added = new ActiveFault(this, fault, ++_lastId, _clock.GetUtcNow());
            _active = [.. Active, added];
            return added;
        }
    }

    /// <summary>How often an endpoint was called, in all realms or in one.</summary>
    /// <param name="endpoint">
    /// The end of its address, as <see cref="Fault.Endpoint"/> names it; <c>*</c> at the end stands for anything.
    /// </param>
    /// <param name="realm">The realm's name. Null: all of them.</param>
    public int CallsOf(string endpoint, string? realm = null) =>
        Calls.Where(each => Fits(endpoint, each.Endpoint) && (realm is null || each.Realm == realm)).Sum(each => each.Calls);

    /// <summary>Ends every fault, resets the clock and the counters.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _active = [];
        }

        ClockOffset = TimeSpan.Zero;
        _calls.Clear();
    }

    internal void Know(IEnumerable<string> endpoints) =>
        _endpoints = [.. endpoints.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    internal string? MistakeIn(Fault fault) => fault.Mistake() ?? UnknownEndpoint(fault.Endpoint);

    internal bool Remove(int id)
    {
        lock (_lock)
        {
            var before = Active;
            _active = [.. before.Where(each => each.Id != id)];
            return _active.Count < before.Count;
        }
    }

    /// <summary>Counts a call, and returns the fault that applies to it.</summary>
    internal Fault? Meet(string realm, string endpoint)
    {
        _calls.AddOrUpdate((realm, endpoint), 1, static (_, calls) => calls + 1);
        var now = _clock.GetUtcNow();
        foreach (var each in _active)
        {
            if (Fits(each.Fault.Endpoint, endpoint) && (each.Fault.Realm is null || each.Fault.Realm == realm) && each.TryHit(now))
            {
                return each.Fault;
            }
        }

        return null;
    }

    private static bool Fits(string pattern, string endpoint) =>
        pattern.EndsWith('*') ? endpoint.StartsWith(pattern[..^1], StringComparison.Ordinal) : pattern == endpoint;

    private string? UnknownEndpoint(string endpoint) => _endpoints.Any(each => Fits(endpoint, each))
        ? null
        : $"There is no endpoint \"{endpoint}\". endpoint is one of these, or their beginning and *: {string.Join(", ", _endpoints)}.";
}
