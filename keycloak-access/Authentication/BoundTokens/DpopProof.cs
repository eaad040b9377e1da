using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace KeycloakAccess.Authentication.BoundTokens;

/// <summary>
/// A DPoP proof (RFC 9449, section 4.2) as it was read: of the one spelling that a token has, with a public key that its algorithm is for.
/// What it says, and its signature, have not been looked at.
/// </summary>
internal sealed class DpopProof
{
    /// <summary>In characters: room for an RSA key of 4096 bits and its signature, twice.</summary>
    public const int Longest = 4096;

    private const string Unreadable = "The DPoP proof cannot be read: it must be one signed JWT of type dpop+jwt (RFC 9449, section 4.2).";

    private const int LongestText = 2048;
    private const int SmallestModulus = 2048 / 8;
    private const int LargestModulus = 4096 / 8;

    // Others make the verification as slow as signing.
    private const int LargestExponent = 4;

    // RFC 7518, sections 6.2.2 and 6.3.2, and a symmetric key.
    private static readonly string[] PrivateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

    private static readonly string[] RequiredClaims = ["jti", "htm", "htu"];

    // Each proof may have another key, so none is worth remembering.
    private static readonly CryptoProviderFactory Verifying = new() { CacheSignatureProviders = false };

    private readonly byte[] _content;
    private readonly byte[] _signature;

    private DpopProof(string content, byte[] signature) => (_content, _signature) = (Encoding.ASCII.GetBytes(content), signature);

    public required string Algorithm { get; init; }

    public required JsonWebKey Key { get; init; }

    /// <summary>Of the key (RFC 7638).</summary>
    public required string Thumbprint { get; init; }

    /// <summary><c>jti</c>: no two proofs of one key have the same.</summary>
    public required string Id { get; init; }

    /// <summary><c>htm</c>.</summary>
    public required string Method { get; init; }

    /// <summary><c>htu</c>.</summary>
    public required string Url { get; init; }

    /// <summary><c>iat</c>.</summary>
    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary><c>ath</c>.</summary>
    public string? TokenHash { get; init; }

    public string? Nonce { get; init; }

    /// <summary>Reads a proof without checking its signature. A mistake says what is wrong, without a value of the proof.</summary>
    public static DpopProof? Parse(string text, IReadOnlyList<string> algorithms, out string? mistake)
    {
        if (text.Length > Longest)
        {
            mistake = $"The DPoP proof is longer than {Longest} characters. Sign it with a key on P-256 (ES256).";
            return null;
        }

        mistake = Unreadable;
        if (text.Split('.') is not [var headerText, var claimsText, { Length: > 0 } signatureText]
            || CompactToken.Decode(headerText) is not { } headerBytes
            || CompactToken.Decode(claimsText) is not { } claimsBytes
            || CompactToken.Decode(signatureText) is not { } signature)
        {
            return null;
        }

        using var header = CompactToken.ParseObject(headerBytes);
        using var claims = CompactToken.ParseObject(claimsBytes);
        if (header is null || claims is null)
        {
            return null;
        }

        mistake = FindMistakeInHeader(header.RootElement, algorithms) ?? FindMistakeInClaims(claims.RootElement);
        if (mistake is not null)
        {
            return null;
        }

        var algorithm = Text(header.RootElement, "alg")!;
        if (ReadKey(header.RootElement, algorithm, out mistake) is not { } key)
        {
            return null;
        }

        return new DpopProof(text[..text.LastIndexOf('.')], signature)
        {
            Algorithm = algorithm,
            Key = key,
            Thumbprint = Base64UrlEncoder.Encode(key.ComputeJwkThumbprint()),
            Id = Text(claims.RootElement, "jti")!,
            Method = Text(claims.RootElement, "htm")!,
            Url = Text(claims.RootElement, "htu")!,
            IssuedAt = DateTimeOffset.UnixEpoch.AddSeconds(claims.RootElement.GetProperty("iat").GetDouble()),
            TokenHash = Text(claims.RootElement, "ath"),
            Nonce = Text(claims.RootElement, "nonce"),
        };
    }

    public bool HasGoodSignature()
    {
        try
        {
            var provider = Verifying.CreateForVerifying(Key, Algorithm);
            try
            {
                return provider.Verify(_content, _signature);
            }
            finally
            {
                Verifying.ReleaseSignatureProvider(provider);
            }
        }
        // Such as a point that does not lie on its curve: what is thrown depends on the cryptography of the system.
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return false;
        }
    }

    private static string? FindMistakeInHeader(JsonElement header, IReadOnlyList<string> algorithms) =>
        Text(header, "typ") != "dpop+jwt" ? "The DPoP proof's header must have typ dpop+jwt."
        : header.TryGetProperty("crit", out _) ? "The DPoP proof requires an extension (crit) that this API does not know."
        : Text(header, "alg") is not { } algorithm || !algorithms.Contains(algorithm, StringComparer.Ordinal)
            ? $"The DPoP proof must be signed with one of {string.Join(", ", algorithms)}."
        : null;

    private static string? FindMistakeInClaims(JsonElement claims)
    {
        if (RequiredClaims.FirstOrDefault(name => Text(claims, name) is not { Length: > 0 and <= LongestText }) is { } missing)
        {
            return $"The DPoP proof's {missing} must be a text of 1 to {LongestText} characters.";
        }

        if (!claims.TryGetProperty("iat", out var issuedAt) || !CompactToken.IsInstant(issuedAt))
        {
            return "The DPoP proof's iat must be a number of seconds since 1970.";
        }

        return IsTextIfAny(claims, "ath") && IsTextIfAny(claims, "nonce") ? null : "The DPoP proof's ath and nonce must be texts.";
    }

    private static JsonWebKey? ReadKey(JsonElement header, string algorithm, out string? mistake)
    {
        const string noKey = "The DPoP proof's header must have the public key that it is signed with (jwk).";
        mistake = noKey;
        if (!header.TryGetProperty("jwk", out var jwk) || jwk.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        if (PrivateMembers.Any(name => jwk.TryGetProperty(name, out _)))
        {
            mistake = "The DPoP proof holds a private or a secret key. Make a new key pair, and send its public key alone.";
            return null;
        }

        mistake = "The DPoP proof's jwk is not a public key for its algorithm: on P-256 for ES256, P-384 for ES384, P-521 for ES512, "
            + "or RSA of 2048 to 4096 bits for the others (RFC 7518, section 6).";
        var key = Text(jwk, "kty") switch
        {
            "EC" => ReadEllipticKey(jwk, algorithm),
            "RSA" => ReadRsaKey(jwk, algorithm),
            _ => null,
        };
        return key is not null && Agrees(jwk, "alg", algorithm) && Agrees(jwk, "use", "sig") ? key : null;
    }

    private static JsonWebKey? ReadEllipticKey(JsonElement jwk, string algorithm)
    {
        var (ofCurve, size) = Text(jwk, "crv") switch
        {
            "P-256" => ("ES256", 32),
            "P-384" => ("ES384", 48),
            "P-521" => ("ES512", 66),
            _ => ("", 0),
        };
        return algorithm == ofCurve && Bytes(jwk, "x")?.Length == size && Bytes(jwk, "y")?.Length == size
            ? new JsonWebKey { Kty = "EC", Crv = Text(jwk, "crv"), X = Text(jwk, "x"), Y = Text(jwk, "y") }
            : null;
    }

    private static JsonWebKey? ReadRsaKey(JsonElement jwk, string algorithm) =>
        algorithm[0] is 'R' or 'P'
        && Bytes(jwk, "n") is [not 0, ..] and { Length: >= SmallestModulus and <= LargestModulus }
        && Bytes(jwk, "e") is [not 0, ..] and { Length: <= LargestExponent }
            ? new JsonWebKey { Kty = "RSA", N = Text(jwk, "n"), E = Text(jwk, "e") }
            : null;

    private static bool Agrees(JsonElement jwk, string member, string value) =>
        !jwk.TryGetProperty(member, out _) || Text(jwk, member) == value;

    private static byte[]? Bytes(JsonElement jwk, string member) => Text(jwk, member) is { } text ? CompactToken.Decode(text) : null;

    private static bool IsTextIfAny(JsonElement holder, string name) =>
        !holder.TryGetProperty(name, out _) || Text(holder, name) is { Length: <= LongestText };

    private static string? Text(JsonElement holder, string name) =>
        holder.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
