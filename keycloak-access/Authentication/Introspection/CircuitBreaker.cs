namespace KeycloakAccess.Authentication.Introspection;

/// <summary>Leaves alone for a while what has failed several times in a row; after that, one call tries.</summary>
internal sealed class CircuitBreaker(int after, TimeSpan pause, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private int _failures;
    private bool _isTrying;
    private DateTimeOffset _until;
    private string? _reason;

    /// <returns>Null where a call may go on, which must say how it went; otherwise why not.</returns>
    public string? Enter()
    {
        lock (_lock)
        {
            if (_reason is null)
            {
                return null;
            }

            if (_isTrying || clock.GetUtcNow() < _until)
            {
                return _reason;
            }

            _isTrying = true;
            return null;
        }
    }

    /// <returns>Whether it was open until now.</returns>
    public bool Succeed()
    {
        lock (_lock)
        {
            var wasOpen = _reason is not null;
            (_failures, _isTrying, _reason) = (0, false, null);
            return wasOpen;
        }
    }

    /// <returns>Whether it has opened now, and was not open before.</returns>
    public bool Fail(string reason)
    {
        lock (_lock)
        {
            var wasOpen = _reason is not null;
            // One that began before it opened says nothing new.
            if (wasOpen && !_isTrying)
            {
                return false;
            }

            _isTrying = false;
            if (!wasOpen && ++_failures < after)
            {
                return false;
            }

            (_reason, _until) = (reason, clock.GetUtcNow() + pause);
            return !wasOpen;
        }
    }
}
