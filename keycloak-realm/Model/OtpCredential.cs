using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace KeycloakRealm.Model;

/// <summary>A device that shows one-time passwords: by time (RFC 6238) or by a counter (RFC 4226).</summary>
internal sealed class OtpCredential
{
    private const int MostDigits = 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _used = new(StringComparer.Ordinal);

    public required string Id { get; init; }

    /// <summary>The name that the user gave the device; may be null or empty.</summary>
    public string? Label { get; set; }

    /// <summary><see cref="OtpPolicy.Totp"/> or <see cref="OtpPolicy.Hotp"/>; no code of another type is right.</summary>
    public string? Type { get; init; }

    public required byte[] Secret { get; init; }

    public string? Algorithm { get; init; }

    public int Digits { get; init; }

    /// <summary>Seconds.</summary>
    public int Period { get; init; }

    /// <summary>Of the next code.</summary>
    public int Counter { get; set; }

    /// <summary>Unix milliseconds; 0 for as old as the import.</summary>
    public long Created { get; init; }

    /// <summary>False where no code can be right, and Keycloak fails at each.</summary>
    public bool IsUsable => Type is OtpPolicy.Totp or OtpPolicy.Hotp
        && HashOf(Algorithm) is not null
        && Digits is >= 0 and <= MostDigits
        && (Type is OtpPolicy.Hotp || Period > 0)
        && Secret.Length > 0;

    public static OtpCredential FromPolicy(OtpPolicy policy, string secret, string? label) => new()
    {
        Id = Guid.NewGuid().ToString(),
        Label = label,
        Type = policy.Type,
        Secret = Encoding.UTF8.GetBytes(secret),
        Algorithm = policy.Algorithm,
        Digits = policy.Digits,
        Period = policy.Period,
        Counter = policy.InitialCounter,
    };

    /// <summary>Uses the code up, where it is right and the realm does not let codes be used again.</summary>
    public bool Accept(string? code, OtpPolicy policy, DateTimeOffset now)
    {
        lock (_lock)
        {
            if (FindStep(code, policy.LookAheadWindow, now) is not { } step)
            {
                return false;
            }

            if (Type is OtpPolicy.Hotp)
            {
                Counter = (int)step + 1;
                return true;
            }

            return policy.IsCodeReusable || UseOnce(code!, policy, now.ToUnixTimeSeconds());
        }
    }

    /// <summary>Without using the code up.</summary>
    public bool Fits(string? code, OtpPolicy policy, DateTimeOffset now) => FindStep(code, policy.LookAheadWindow, now) is not null;

    public string CodeAt(long step)
    {
        Span<byte> message = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(message, step);
        var hash = CryptographicOperations.HmacData(HashOf(Algorithm)!.Value, Secret, message);
        var offset = hash[^1] & 0xF;
        var number = BinaryPrimitives.ReadUInt32BigEndian(hash.AsSpan(offset)) & 0x7FFFFFFF;
        var modulus = (uint)Math.Pow(10, Digits);
        return (number % modulus).ToString(CultureInfo.InvariantCulture).PadLeft(Digits, '0');
    }

    private long? FindStep(string? code, int window, DateTimeOffset now)
    {
        if (code is null || !IsUsable)
        {
            return null;
        }

        var first = Type is OtpPolicy.Hotp ? Counter : (now.ToUnixTimeSeconds() / Period) - window;
        var last = Type is OtpPolicy.Hotp ? (long)Counter + window : first + (2L * window);
        for (var step = first; step <= last; step++)
        {
            if (CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(CodeAt(step)), Encoding.UTF8.GetBytes(code)))
            {
                return step;
            }
        }

        return null;
    }

    private bool UseOnce(string code, OtpPolicy policy, long now)
    {
        foreach (var old in _used.Where(each => each.Value < now).Select(each => each.Key).ToList())
        {
            _used.Remove(old);
        }

        return _used.TryAdd(code, now + (Period * ((2L * policy.LookAheadWindow) + 1)));
    }

    private static HashAlgorithmName? HashOf(string? algorithm) => algorithm switch
    {
        "HmacSHA1" => HashAlgorithmName.SHA1,
        "HmacSHA256" => HashAlgorithmName.SHA256,
        "HmacSHA384" => HashAlgorithmName.SHA384,
        "HmacSHA512" => HashAlgorithmName.SHA512,
        _ => null,
    };
}
