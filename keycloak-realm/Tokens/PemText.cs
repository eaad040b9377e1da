using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace KeycloakRealm.Tokens;

/// <summary>
/// A key or a certificate of a realm file, in each form that Keycloak takes: base64 with or without the lines of PEM (RFC 7468), with any
/// ends of lines, with or without padding. Encrypted keys are refused, as Keycloak refuses them.
/// </summary>
internal static partial class PemText
{
    /// <exception cref="FormatException">It is not base64.</exception>
    public static byte[] Decode(string text)
    {
        var base64 = string.Concat(Boundary().Replace(text, "").Where(character => !char.IsWhiteSpace(character))).TrimEnd('=');
        return Convert.FromBase64String(base64 + new string('=', -base64.Length & 3));
    }

    /// <summary>PKCS#8 (RFC 5958), or PKCS#1 (RFC 8017, appendix A.1.2).</summary>
    /// <exception cref="FormatException">It is not base64.</exception>
    /// <exception cref="CryptographicException">It is no private key of RSA.</exception>
    public static RSA DecodeRsa(string text)
    {
        var bytes = Decode(text);
        var rsa = RSA.Create();
        try
        {
            try
            {
                rsa.ImportPkcs8PrivateKey(bytes, out _);
            }
            catch (CryptographicException)
            {
                rsa.ImportRSAPrivateKey(bytes, out _);
            }

            return rsa;
        }
        catch
        {
            rsa.Dispose();
            throw;
        }
    }

    [GeneratedRegex("-----(BEGIN|END) .*-----", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Boundary();
}
