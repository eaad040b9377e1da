using KeycloakRealm.Model;

namespace KeycloakRealm.Sessions;

/// <summary>
/// The next form of a flow with levels. A level that the session reached earlier counts for as long as its condition says.
/// </summary>
internal sealed class AuthenticationLevels
{
    private readonly AuthenticationFlow _flow;
    private readonly int _requested;
    private readonly Dictionary<int, long> _reached;
    private readonly bool _mayReuse;
    private int _position;

    // again: the session's levels do not count.
    public AuthenticationLevels(AuthenticationFlow flow, int requested, UserSession? session, bool again, long now)
    {
        _flow = flow;
        _requested = requested;
        _reached = session is null ? [] : new Dictionary<int, long>(session.Levels);
        _mayReuse = !again;
        Current = session is null || again ? AcrRequest.None : HighestOf(session, flow, now);
    }

    /// <summary>The level reached by this authentication.</summary>
    public int Current { get; private set; }

    /// <summary>When each level was reached last, in Unix seconds.</summary>
    public IReadOnlyDictionary<int, long> Reached => _reached;

    /// <summary>0 for a session with expired levels, <see cref="AcrRequest.None"/> for one that never had any.</summary>
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

    /// <summary>Null when the flow is complete.</summary>
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
