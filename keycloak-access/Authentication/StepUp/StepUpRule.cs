namespace KeycloakAccess.Authentication.StepUp;

internal enum StepUpLack
{
    None,

    /// <summary>The sign-in is of another level (<c>acr</c>), or of none that is known.</summary>
    Level,

    /// <summary>It is too long ago (<c>auth_time</c>), or nobody knows how long.</summary>
    Age,
}

/// <summary>Endpoint metadata: what the sign-in must be like that a token or a session comes from (RFC 9470).</summary>
/// <param name="Acr">Its level must be one of these, in the order of preference; none given: any, or none.</param>
/// <param name="MaxAge">How long ago it may be, in whole seconds; none given: as long as it wants.</param>
internal sealed record StepUpRule(IReadOnlyList<string> Acr, TimeSpan? MaxAge)
{
    /// <summary>A minute: in less, nobody fills in a form between two sign-ins.</summary>
    public static readonly TimeSpan ShortestAge = TimeSpan.FromMinutes(1);

    public static readonly TimeSpan LongestAge = TimeSpan.FromDays(1);

    private const int LongestAcr = 100;

    // Between Keycloak, which says that a sign-in is recent enough, and here time goes by, and the two clocks differ.
    private static readonly TimeSpan Allowance = TimeSpan.FromSeconds(10);

    /// <summary>Whether it concerns only what is sent, and not the page with the form.</summary>
    public bool IsForChangesOnly { get; init; }

    /// <summary>As RFC 9470, section 3, and OpenID Connect Core 1.0, section 3.1.2.1, write them; none where any level will do.</summary>
    public string? AcrValues => Acr.Count == 0 ? null : string.Join(' ', Acr);

    public long? MaxAgeSeconds => MaxAge is { } age ? (long)age.TotalSeconds : null;

    /// <summary>What is missing or malformed never does.</summary>
    public StepUpLack FindLack(KeycloakIdentity identity, DateTimeOffset now) =>
        Acr.Count > 0 && (identity.Acr is null || !Acr.Contains(identity.Acr, StringComparer.Ordinal)) ? StepUpLack.Level
        : MaxAge is { } age && !IsRecent(identity.AuthenticatedAt, age, now) ? StepUpLack.Age
        : StepUpLack.None;

    /// <summary>What is wrong with the rule itself; none where it can be asked of a realm.</summary>
    public string? FindMistake() =>
        Acr.FirstOrDefault(value => !IsAcr(value)) is { } wrong
            ? $"\"{wrong}\" cannot be a level (acr): it has no spaces, quotation marks or backslashes, and at most {LongestAcr} characters "
                + "of ASCII, as in gold."
        : MaxAge is { } age && (age < ShortestAge || age > LongestAge)
            ? $"The greatest age of a sign-in is {age}. It must be between 1 minute and 1 day, as in 00:05:00."
        : null;

    private static bool IsRecent(DateTimeOffset? at, TimeSpan age, DateTimeOffset now) =>
        at is { } time && time <= now + TokenCauses.ClockDifference && now - time <= age + Allowance;

    private static bool IsAcr(string text) =>
        text.Length is > 0 and <= LongestAcr && text.All(character => character is > ' ' and <= '~' and not '"' and not '\\');
}
