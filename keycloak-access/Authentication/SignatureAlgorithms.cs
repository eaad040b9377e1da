using System.Buffers.Text;
using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace KeycloakAccess.Authentication;

/// <summary>Which signatures (RFC 7518, section 3.1) can be verified, and which key is for which.</summary>
internal static class SignatureAlgorithms
{
    /// <summary>RFC 8725, section 3.1: "none" and the symmetric ones are never among them.</summary>
    public static readonly IReadOnlyList<string> Verifiable =
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    // What an RSA key that names no algorithm is used for.
    private static readonly string[] OfUnnamedRsaKey = ["RS256", "PS256"];

    /// <summary>Whether the key is for the algorithm: by the name that it has (RFC 7517, section 4.4), and by its curve.</summary>
    public static bool Fits(JsonWebKey key, string algorithm, IReadOnlyList<string> configured) =>
        (key.Alg is null || key.Alg == algorithm)
        && (key.Kty == "EC" ? algorithm == OfCurve(key.Crv)
            : configured.Count > 0 || key.Alg is not null || OfUnnamedRsaKey.Contains(algorithm, StringComparer.Ordinal));

    /// <param name="algorithm">As the header of a token says.</param>
    /// <param name="configured"><c>token-algorithms</c>; empty for whatever the realm's keys are for.</param>
    /// <param name="setting">What chooses the algorithm in Keycloak's console.</param>
    /// <returns>Why no key could verify it, or <see langword="null"/>.</returns>
    public static string? FindMistake(string algorithm, IReadOnlyList<string> configured, string setting)
    {
        var remedy = $"In Keycloak: {setting}: RS256 or ES256; or, for every client, "
            + "Realm settings → Tokens → Default Signature Algorithm.";
        return algorithm switch
        {
            "EdDSA" or "Ed25519" or "Ed448" => $"The token is signed with EdDSA, which this service cannot verify. {remedy}",
            "HS256" or "HS384" or "HS512" =>
                "The token is signed with a secret of Keycloak's own, as refresh tokens are. Send the access_token of the token response. "
                    + $"If it is that, {remedy}",
            "none" => "The token is not signed. Send it as Keycloak issued it.",
            _ when !Verifiable.Contains(algorithm, StringComparer.Ordinal) =>
                $"The token is signed with an algorithm that this service does not know. {remedy}",
            _ when configured.Count > 0 && !configured.Contains(algorithm, StringComparer.Ordinal) =>
                $"The token is signed with {algorithm}, which Keycloak:token-algorithms does not list. Add it there, or change it. "
                    + remedy,
            _ => null,
        };
    }

    /// <summary>
    /// Before anything that a token says is believed, and without an exception that is thrown: whoever forges tokens shall not cost more
    /// than others.
    /// </summary>
    public static Exception? FindMistakeInSignature(string text, string algorithm, JsonWebKey key, IReadOnlyList<string> configured)
    {
        var crypto = key.CryptoProviderFactory;
        if (!Fits(key, algorithm, configured) || !crypto.IsSupportedAlgorithm(algorithm, key))
        {
            return new SecurityTokenInvalidAlgorithmException();
        }

        var end = text.LastIndexOf('.');
        var provider = crypto.CreateForVerifying(key, algorithm);
        try
        {
            return provider.Verify(Encoding.ASCII.GetBytes(text, 0, end), Base64Url.DecodeFromChars(text.AsSpan(end + 1)))
                ? null
                : new SecurityTokenInvalidSignatureException();
        }
        finally
        {
            crypto.ReleaseSignatureProvider(provider);
        }
    }

    private static string OfCurve(string? curve) => curve switch
    {
        "P-256" => "ES256",
        "P-384" => "ES384",
        "P-521" => "ES512",
        _ => "",
    };
}
