namespace KeycloakRealm.Model;

/// <summary>When somebody who fails to sign in is locked out, and for how long. Seconds, except where the name says otherwise.</summary>
internal sealed record BruteForceSettings
{
    public bool IsOn { get; init; }

    public bool IsPermanent { get; init; }

    /// <summary>With <see cref="IsPermanent"/>: so many times for a while, and then for good.</summary>
    public int MaxTemporaryLockouts { get; init; }

    /// <summary>The failures until a lockout.</summary>
    public int FailureFactor { get; init; } = 30;

    /// <summary>The time grows with each failure after that; otherwise with each such number of them.</summary>
    public bool IsLinear { get; init; }

    public int WaitIncrement { get; init; } = 60;

    public int MaxWait { get; init; } = 900;

    /// <summary>Failures that are longer ago are forgotten.</summary>
    public int MaxDelta { get; init; } = 43200;

    /// <summary>Two failures within this time lock out too.</summary>
    public long QuickLoginMilliseconds { get; init; } = 1000;

    /// <summary>Wrong one-time passwords until a lockout for good; 0 for any number.</summary>
    public int MaxOtpFailures { get; init; }

    public int MinimumQuickLoginWait { get; init; } = 60;
}
