using System.Text;
using System.Text.Json.Nodes;
using KeycloakRealm.Model;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary><c>private_key_jwt</c> and <c>client_secret_jwt</c> (RFC 7523, section 2.2).</summary>
internal static class JwtClientAuthentication
{
    private const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    private const int ClockSkew = 15;
    private const int MaximumAge = 60;

    public static bool IsFor(Client client) => client is { PublicClient: false, AuthenticatorType: "client-jwt" or "client-secret-jwt" };

    /// <summary>Nothing is verified yet.</summary>
    public static string? ClientId(ProtocolForm form) =>
        form["client_assertion_type"] is AssertionType
        && SignedToken.Parse(form["client_assertion"])?.Payload is { } claims
        && string.Equals(claims.Text("iss"), claims.Text("sub"), StringComparison.Ordinal)
            ? claims.Text("sub")
            : null;

    /// <summary>Null if the assertion is accepted.</summary>
    public static Refusal? Check(RealmSite site, Client client, ProtocolForm form)
    {
        if (form["client_assertion_type"] is not { } type)
        {
            return Invalid("Parameter client_assertion_type is missing");
        }

        if (type is not AssertionType)
        {
            return Invalid($"Parameter client_assertion_type has value '{type}' but expected is '{AssertionType}'");
        }

        if (SignedToken.Parse(form["client_assertion"]) is not { } assertion)
        {
            return Invalid("client_assertion parameter missing");
        }

        if (!string.Equals(assertion.Payload.Text("sub"), client.ClientId, StringComparison.Ordinal)
            || !string.Equals(assertion.Payload.Text("iss"), client.ClientId, StringComparison.Ordinal))
        {
            return Invalid("client_id parameter does not match sub claim");
        }

        if (client.Attribute("token.endpoint.auth.signing.alg") is { } demanded
            && !string.Equals(assertion.Algorithm, demanded, StringComparison.Ordinal))
        {
            return Invalid("Invalid signature algorithm");
        }

        return CheckSignature(site, client, assertion) ?? CheckClaims(site, client, assertion.Payload);
    }

    private static Refusal? CheckSignature(RealmSite site, Client client, SignedToken assertion)
    {
        if (client.AuthenticatorType is "client-secret-jwt")
        {
            return IsSignedWithSecret(client.Secret ?? "", assertion)
                ? null
                : Refusal.BadRequest(
                    "unauthorized_client",
                    "Client authentication with client secret signed JWT failed: Signature on JWT token by client secret  failed "
                        + "validation");
        }

        PublicJsonWebKey? key;
        try
        {
            key = site.ClientKeys.Find(client, assertion.Kid);
        }
        catch (ClientKeysException exception)
        {
            return Invalid($"Client authentication with signed JWT failed: Error when loading public keys: {exception.Message}");
        }

        if (key is null)
        {
            return Invalid("Unable to load public key");
        }

        // A key with alg is valid for that algorithm only.
        var fits = key.Json.Text("alg") is not { } only || string.Equals(only, assertion.Algorithm, StringComparison.Ordinal);
        return fits && key.Verify(assertion)
            ? null
            : Invalid("Client authentication with signed JWT failed: Signature on JWT token failed validation");
    }

    private static Refusal? CheckClaims(RealmSite site, Client client, JsonObject claims)
    {
        if (claims.Number("exp") is not { } expires)
        {
            return Invalid("Token exp claim is required");
        }

        if (expires < site.Now - ClockSkew || claims.Number("nbf") > site.Now + ClockSkew)
        {
            return Invalid("Token is not active");
        }

        if (claims.Number("iat") is { } issued)
        {
            if (issued > site.Now + ClockSkew)
            {
                return Invalid("Token was issued in the future");
            }

            if (issued + Math.Min(expires - issued, MaximumAge) < site.Now - ClockSkew)
            {
                return Invalid("Token was issued too far in the past to be used now");
            }
        }
        else if (expires > site.Now + MaximumAge + ClockSkew)
        {
            return Invalid("Token expiration is too far in the future and iat claim not present in token");
        }

        var audience = claims.Texts("aud");
        if (audience.Count > 1)
        {
            return Invalid("Multiple audiences not allowed");
        }

        if (audience.Count == 0 || !Audiences(site).Contains(audience[0], StringComparer.Ordinal))
        {
            return Invalid("Invalid token audience");
        }

        if (claims.Text("jti") is not { Length: > 0 } id)
        {
            return Invalid("Token jti claim is required");
        }

        return site.Sessions.UseOnce($"assertion\n{client.ClientId}\n{id}", expires + ClockSkew) ? null : Invalid("Token reuse detected");
    }

    private static string[] Audiences(RealmSite site) =>
    [
        site.Issuer,
        site.Issuer + "/protocol/openid-connect/token",
        site.Issuer + "/protocol/openid-connect/token/introspect",
        site.Issuer + "/protocol/openid-connect/ext/par/request",
    ];

    private static bool IsSignedWithSecret(string secret, SignedToken assertion)
    {
        if (assertion.Algorithm is not ("HS256" or "HS384" or "HS512"))
        {
            return false;
        }

        using var key = new HmacSigningKey(Encoding.UTF8.GetBytes(secret), "", assertion.Algorithm);
        return key.Verify(assertion.SignedBytes, assertion.Signature);
    }

    private static Refusal Invalid(string reason) => Refusal.BadRequest("invalid_client", reason);
}
