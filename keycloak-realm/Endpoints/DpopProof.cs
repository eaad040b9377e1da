using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>RFC 9449. Keycloak asks for no nonce, and takes each proof once, for 10 seconds, with 15 seconds of clock skew.</summary>
internal static class DpopProof
{
    /// <summary>In Keycloak's order.</summary>
    public const string Algorithms = "PS384 RS384 EdDSA ES384 ES256 RS256 ES512 PS256 PS512 RS512";

    private const int Lifetime = 10;
    private const int ClockSkew = 15;

    public static bool IsPresent(HttpContext context) => context.Request.Headers.ContainsKey("DPoP");

    /// <summary><c>accessToken</c> is null at the token endpoint, where a proof has no <c>ath</c>.</summary>
    public static (string? Thumbprint, string? Error) Check(HttpContext context, RealmSite site, string? accessToken = null)
    {
        if (context.Request.Headers["DPoP"].ToString() is not { Length: > 0 } text)
        {
            return (null, "DPoP proof is missing");
        }

        if (SignedToken.Parse(text) is not { } proof)
        {
            return (null, "DPoP header verification failure");
        }

        if (proof.Header.Text("typ") is not "dpop+jwt")
        {
            return (null, $"Invalid or missing type in DPoP header: {proof.Header.Text("typ") ?? "null"}");
        }

        if (!Algorithms.Split(' ').Contains(proof.Algorithm, StringComparer.Ordinal))
        {
            return (null, $"Unsupported DPoP algorithm: {proof.Algorithm}");
        }

        if (proof.Header["jwk"] is not JsonObject jwk)
        {
            return (null, "No JWK in DPoP header");
        }

        if (PublicJsonWebKey.Read(jwk) is not { } key)
        {
            return (null, "No public key in DPoP header");
        }

        if (jwk.ContainsKey("d"))
        {
            return (null, "Private key is present in DPoP header");
        }

        if (!key.Verify(proof))
        {
            return (null, "DPoP verification failure: org.keycloak.exceptions.TokenSignatureInvalidException: Invalid token signature");
        }

        return CheckClaims(context, site, proof.Payload, accessToken) is { } error ? (null, error) : (key.Thumbprint, null);
    }

    private static string? CheckClaims(HttpContext context, RealmSite site, JsonObject claims, string? accessToken)
    {
        if (claims.Text("jti") is not { Length: > 0 } id
            || claims.Text("htm") is not { } method
            || claims.Text("htu") is not { } url
            || claims.Number("iat") is not { } issuedAt)
        {
            return "DPoP mandatory claims are missing";
        }

        if (!string.Equals(method, context.Request.Method, StringComparison.Ordinal))
        {
            return "DPoP HTTP method mismatch";
        }

        // Query and fragment do not count (RFC 9449, section 4.3).
        if (!string.Equals(url.Split('?', '#')[0], site.ServerUrl + context.Request.Path, StringComparison.Ordinal))
        {
            return "DPoP HTTP URL mismatch";
        }

        if (issuedAt > site.Now + ClockSkew || issuedAt <= site.Now - Lifetime - ClockSkew)
        {
            return "DPoP proof is not active";
        }

        if (!site.Sessions.UseOnce($"dpop\n{url}\n{id}", issuedAt + Lifetime + ClockSkew))
        {
            return "DPoP proof has already been used";
        }

        if (accessToken is null)
        {
            return null;
        }

        return claims.Text("ath") is not { } hash ? "No access token hash in DPoP proof"
            : string.Equals(hash, Base64Url.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(accessToken))), StringComparison.Ordinal) ? null
            : "DPoP access token hash mismatch";
    }
}
