using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>How long sessions last.</summary>
internal sealed class SessionLimits(IOptions<KeycloakOptions> options)
{
    private static readonly TimeSpan UseEveryAtMost = TimeSpan.FromMinutes(1);

    private readonly SignInOptions _options = options.Value.SignIn;

    public TimeSpan Lifetime => _options.SessionLifetime;

    public TimeSpan Idle => _options.SessionIdle;

    public TimeSpan Grace => _options.SessionGrace;

    /// <summary>That somebody uses it is noted no more often than this.</summary>
    public TimeSpan UseEvery => _options.SessionIdle / 10 < UseEveryAtMost ? _options.SessionIdle / 10 : UseEveryAtMost;

    /// <summary>A session that was last used then is over at that time.</summary>
    public DateTimeOffset UsedBefore(DateTimeOffset time) => time - _options.SessionIdle;

    /// <summary>When a session ends that nobody uses any more.</summary>
    public DateTimeOffset EndOf(DateTimeOffset expiresAt, DateTimeOffset usedAt) =>
        usedAt + _options.SessionIdle < expiresAt ? usedAt + _options.SessionIdle : expiresAt;
}
