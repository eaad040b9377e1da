using KeycloakRealm.Model;

namespace KeycloakRealm.Sessions;

/// <summary>
/// The way through a flow with levels: which form comes next, and which levels are reached then. What was reached earlier in
/// the session counts as long as the level's condition says.
/// </summary>
internal sealed class AuthenticationLevels
{
    private readonly AuthenticationFlow _flow;
    private readonly int _requested;
    private readonly Dictionary<int, long> _reached;
    private readonly bool _mayReuse;
    private int _position;

    /// <param name="flow">The client's browser flow.</param>
    /// <param name="requested">The level that is asked for.</param>
    /// <param name="session">The session that is there already, if any.</param>
    /// <param name="again">Everything is to be proved again, whatever the session has reached.</param>
    /// <param name="now">Unix seconds.</param>
    public AuthenticationLevels(AuthenticationFlow flow, int requested, UserSession? session, bool again, long now)
    {
        _flow = flow;
        _requested = requested;
        _reached = session is null ? [] : new Dictionary<int, long>(session.Levels);
        _mayReuse = !again;
        Current = session is null || again ? AcrRequest.None : HighestOf(session, flow, now);
    }

    /// <summary>The level that this authentication has reached.</summary>
    public int Current { get; private set; }

    /// <summary>When each level was reached last, for the session to keep.</summary>
    public IReadOnlyDictionary<int, long> Reached => _reached;

    /// <summary>The highest level of a session that still holds: 0 for a session with expired levels, none where it never had any.</summary>
    public static int HighestOf(UserSession session, AuthenticationFlow flow, long now)
    {
        if (session.Levels.Count == 0)
        {
            return AcrRequest.None;
        }

        var highest = 0;
        foreach (var (level, at) in session.Levels.OrderBy(each => each.Key))
        {
            if (at + MaxAgeOf(flow, level) < now)
            {
                break;
            }

            highest = level;
        }

        return highest;
    }

    /// <summary>The form to show; null when the flow is done.</summary>
    public AuthenticationStep? Next(long now)
    {
        while (_position < _flow.Steps.Count)
        {
            var step = _flow.Steps[_position];
            if (IsDue(step, now))
            {
                return step;
            }

            _position++;
        }

        return null;
    }

    /// <summary>The form that was shown has been answered well.</summary>
    public void Complete(long now)
    {
        var step = _flow.Steps[_position++];
        if (step.Level is { } level)
        {
            Current = level;
            if (step.MaxAge > 0)
            {
                _reached[level] = now;
            }
        }
    }

    private static int MaxAgeOf(AuthenticationFlow flow, int level) => flow.Steps.FirstOrDefault(step => step.Level == level)?.MaxAge ?? 0;

    private bool IsDue(AuthenticationStep step, long now)
    {
        if (step.Level is not { } level || Current < 0)
        {
            return true;
        }

        return _requested >= level && !(_mayReuse && _reached.TryGetValue(level, out var at) && at + step.MaxAge >= now);
    }
}
