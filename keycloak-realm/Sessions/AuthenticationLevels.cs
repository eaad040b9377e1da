using KeycloakRealm.Model;

namespace KeycloakRealm.Sessions;

/// <summary>
/// The levels that a sign-in reaches. One that the session reached earlier counts for as long as its condition says.
/// </summary>
internal sealed class AuthenticationLevels(int requested)
{
    private Dictionary<int, long> _reached = [];
    private bool _mayReuse;

    /// <summary>The level reached by this authentication.</summary>
    public int Current { get; private set; } = AcrRequest.None;

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

    // again: the session's levels do not count.
    public void Resume(UserSession session, AuthenticationFlow flow, bool again, long now)
    {
        _reached = new Dictionary<int, long>(session.Levels);
        _mayReuse = !again;
        Current = again ? AcrRequest.None : HighestOf(session, flow, now);
    }

    /// <summary>Whether the level of this condition is yet to be reached.</summary>
    public bool IsDue(AuthenticationExecution condition, long now)
    {
        if (Current < 0)
        {
            return true;
        }

        var level = LevelOf(condition);
        if (requested < level)
        {
            return false;
        }

        var counts = _mayReuse && _reached.TryGetValue(level, out var at) && at + MaxAgeOf(condition) >= now;
        if (counts)
        {
            Current = Math.Max(Current, level);
        }

        return !counts;
    }

    public void Reach(AuthenticationExecution condition, long now)
    {
        Current = LevelOf(condition);
        if (MaxAgeOf(condition) > 0)
        {
            _reached[Current] = now;
        }
    }

    private static int LevelOf(AuthenticationExecution condition) => condition.SettingNumber("loa-condition-level");

    /// <summary>In seconds; 0 for this request only.</summary>
    private static int MaxAgeOf(AuthenticationExecution condition) => condition.SettingNumber("loa-max-age");

    private static int MaxAgeOf(AuthenticationFlow flow, int level) =>
        flow.Levels.FirstOrDefault(condition => LevelOf(condition) == level) is { } found ? MaxAgeOf(found) : 0;
}
