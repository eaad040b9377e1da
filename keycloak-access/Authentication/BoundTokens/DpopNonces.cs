using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication.BoundTokens;

/// <summary>
/// Nonces for DPoP proofs (RFC 9449, section 9). Nothing is kept of them: each is the instant at which it was issued, protected by the
/// keys that all instances share, so that any instance takes what another has issued.
/// </summary>
internal sealed class DpopNonces(IDataProtectionProvider protection, IOptions<BoundTokenOptions> options, TimeProvider clock)
{
    public const string Header = "DPoP-Nonce";

    private const int Longest = 512;

    private readonly IDataProtector _protector = protection.CreateProtector("KeycloakAccess.DpopNonce");
    private Issued? _newest;

    private TimeSpan Lifetime => options.Value.Dpop.NonceLifetime;

    /// <summary>A nonce for whoever asks: callers share one for a tenth of its life.</summary>
    public string Issue()
    {
        var now = clock.GetUtcNow();
        if (_newest is { } newest && now >= newest.At && now - newest.At < Lifetime / 10)
        {
            return newest.Nonce;
        }

        var content = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(content, now.UtcTicks);
        _newest = new Issued(Base64Url.EncodeToString(_protector.Protect(content)), now);
        return _newest.Nonce;
    }

    public bool IsGood(string? nonce, out bool endsSoon)
    {
        endsSoon = false;
        if (nonce is not { Length: > 0 and <= Longest } || FindIssuedAt(nonce) is not { } issuedAt)
        {
            return false;
        }

        var age = clock.GetUtcNow() - issuedAt;
        endsSoon = age > Lifetime / 2;
        // By the clock of another instance it may have been issued in the future.
        return age <= Lifetime && age >= -options.Value.Dpop.ClockSkew;
    }

    private DateTimeOffset? FindIssuedAt(string nonce)
    {
        try
        {
            var content = _protector.Unprotect(Base64Url.DecodeFromChars(nonce));
            return new DateTimeOffset(BinaryPrimitives.ReadInt64BigEndian(content), TimeSpan.Zero);
        }
        catch (Exception exception) when (exception is FormatException or CryptographicException)
        {
            return null;
        }
    }

    private sealed record Issued(string Nonce, DateTimeOffset At);
}
