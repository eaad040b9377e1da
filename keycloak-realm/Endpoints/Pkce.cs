using System.Security.Cryptography;
using System.Text;
using KeycloakRealm.Model;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>RFC 7636. It is required only where the client's attribute names a method, for public clients too.</summary>
internal static class Pkce
{
    /// <summary>What is wrong with the challenge of a request; null if nothing is.</summary>
    public static string? CheckChallenge(Client client, string? challenge, string? method)
    {
        if (client.PkceMethod is { } demanded)
        {
            if (method is null)
            {
                return "Missing parameter: code_challenge_method";
            }

            if (!string.Equals(method, demanded, StringComparison.Ordinal))
            {
                return "Invalid parameter: code challenge method is not matching the configured one";
            }

            if (challenge is null)
            {
                return "Missing parameter: code_challenge";
            }
        }
        else if (challenge is null)
        {
            return method is null ? null : "Missing parameter: code_challenge";
        }
        else if (method is not (null or "S256" or "plain"))
        {
            return "Invalid parameter: code_challenge_method";
        }

        return IsWellFormed(challenge) ? null : "Invalid parameter: code_challenge";
    }

    /// <summary>The method of a challenge that was checked.</summary>
    public static string? MethodOf(string? challenge, string? method) => challenge is null ? null : method ?? "plain";

    /// <summary>What is wrong with the verifier that came with a code; null if nothing is.</summary>
    public static string? CheckVerifier(Client client, string? challenge, string? method, string? verifier)
    {
        if (challenge is null && client.PkceMethod is null)
        {
            return verifier is null ? null : "PKCE code verifier specified but challenge not present in authorization";
        }

        if (verifier is null)
        {
            return "PKCE code verifier not specified";
        }

        if (!IsWellFormed(verifier))
        {
            return "PKCE verification failed: Invalid code verifier";
        }

        var computed = method is "S256" ? Base64Url.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))) : verifier;
        return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(computed), Encoding.ASCII.GetBytes(challenge ?? ""))
            ? null
            : "PKCE verification failed: Code mismatch";
    }

    /// <summary>43 to 128 unreserved characters (sections 4.1 and 4.2).</summary>
    private static bool IsWellFormed(string text) =>
        text.Length is >= 43 and <= 128 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~');
}
