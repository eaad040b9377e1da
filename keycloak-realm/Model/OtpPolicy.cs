namespace KeycloakRealm.Model;

/// <summary>The realm's <c>otpPolicy…</c> members: what a device is set up with, and how its codes are checked.</summary>
internal sealed record OtpPolicy
{
    public const string Totp = "totp";
    public const string Hotp = "hotp";

    public string Type { get; init; } = Totp;

    /// <summary>As Java names it: <c>HmacSHA1</c>, <c>HmacSHA256</c> or <c>HmacSHA512</c>.</summary>
    public string? Algorithm { get; init; } = "HmacSHA1";

    public int InitialCounter { get; init; }

    public int Digits { get; init; } = 6;

    /// <summary>How many periods before and after now, or how many counters ahead, a code may be.</summary>
    public int LookAheadWindow { get; init; } = 1;

    /// <summary>Seconds.</summary>
    public int Period { get; init; } = 30;

    public bool IsCodeReusable { get; init; }

    public string? AlgorithmInAddress => Algorithm switch
    {
        "HmacSHA1" => "SHA1",
        "HmacSHA256" => "SHA256",
        "HmacSHA512" => "SHA512",
        _ => null,
    };
}
