namespace KeycloakAccess.Authentication;

/// <summary>For how long the tokens of a session are good, by the clock of this service.</summary>
/// <param name="At">When they were asked for.</param>
/// <param name="Until">When the access token ends: until then, what Keycloak said of somebody is what it says now.</param>
/// <param name="RefreshableUntil">When the refresh token ends, unless it is used before; none where Keycloak does not say.</param>
internal sealed record SessionTokens(DateTimeOffset At, DateTimeOffset Until, DateTimeOffset? RefreshableUntil)
{
    // Of an access token that lives longer nothing would be heard for so long.
    private static readonly TimeSpan LongestLife = TimeSpan.FromMinutes(5);

    // A realm that says nothing, or next to nothing, is not asked at each request.
    private static readonly TimeSpan ShortestLife = TimeSpan.FromSeconds(5);

    /// <summary>From then on newer ones are asked for, while these are still good.</summary>
    public DateTimeOffset RefreshAt => At + ((Until - At) * 2 / 3);

    /// <param name="at">When they were asked for.</param>
    /// <param name="seconds">The answer's <c>expires_in</c>.</param>
    /// <param name="refreshSeconds">The answer's <c>refresh_expires_in</c>, which is 0 where the token has no end.</param>
    public static SessionTokens Create(DateTimeOffset at, double? seconds, double? refreshSeconds)
    {
        var life = seconds is { } given ? Seconds(given) : LongestLife;
        return new SessionTokens(
            at,
            at + (life < ShortestLife ? ShortestLife : life > LongestLife ? LongestLife : life),
            refreshSeconds is > 0 and { } rest ? at + Seconds(rest) : null);
    }

    // No answer makes it overflow.
    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(Math.Clamp(seconds, 0, TimeSpan.FromDays(3650).TotalSeconds));
}
