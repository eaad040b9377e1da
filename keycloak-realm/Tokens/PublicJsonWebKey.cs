using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;

namespace KeycloakRealm.Tokens;

/// <summary>RSA, elliptic curve, or Ed25519 (RFC 7517; RFC 8037), which the framework does not support.</summary>
internal sealed class PublicJsonWebKey
{
    private readonly JsonWebKey? _key;
    private readonly Ed25519PublicKeyParameters? _edwards;

    private PublicJsonWebKey(JsonObject json, JsonWebKey? key, Ed25519PublicKeyParameters? edwards)
    {
        Json = json;
        _key = key;
        _edwards = edwards;
    }

    public JsonObject Json { get; }

    public string? Kid => Json.Text("kid");

    /// <summary>RFC 7638: the required members in alphabetical order, hashed with SHA-256.</summary>
    public string Thumbprint
    {
        get
        {
            string[] members = Json.Text("kty") switch
            {
                "RSA" => ["e", "kty", "n"],
                "EC" => ["crv", "kty", "x", "y"],
                _ => ["crv", "kty", "x"],
            };
            var required = new JsonObject(members.Select(name => KeyValuePair.Create(name, Json[name]?.DeepClone())));
            return Base64Url.Encode(SHA256.HashData(Encoding.UTF8.GetBytes(required.ToJsonString())));
        }
    }

    /// <summary>Null if the key cannot sign or lacks a part.</summary>
    public static PublicJsonWebKey? Read(JsonObject json)
    {
        if (json.Text("kty") is "OKP")
        {
            return json.Text("crv") is "Ed25519"
                && Base64Url.TryDecode(json.Text("x"), out var bytes)
                && bytes.Length == Ed25519PublicKeyParameters.KeySize
                ? new PublicJsonWebKey(json, key: null, new Ed25519PublicKeyParameters(bytes))
                : null;
        }

        var complete = json.Text("kty") switch
        {
            "RSA" => json.Text("n") is not null && json.Text("e") is not null,
            "EC" => json.Text("crv") is not null && json.Text("x") is not null && json.Text("y") is not null,
            _ => false,
        };
        if (!complete)
        {
            return null;
        }

        try
        {
            return new PublicJsonWebKey(json, new JsonWebKey(json.ToJsonString()), edwards: null);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    public bool Verify(SignedToken token)
    {
        if (_edwards is not null)
        {
            var verifier = new Ed25519Signer();
            verifier.Init(forSigning: false, _edwards);
            verifier.BlockUpdate(token.SignedBytes, 0, token.SignedBytes.Length);
            return token.Algorithm is "EdDSA" && verifier.VerifySignature(token.Signature);
        }

        var algorithm = token.Algorithm ?? "";
        var factory = CryptoProviderFactory.Default;
        if (!factory.IsSupportedAlgorithm(algorithm, _key))
        {
            return false;
        }

        try
        {
            using var provider = factory.CreateForVerifying(_key, algorithm, cacheProvider: false);
            return provider.Verify(token.SignedBytes, token.Signature);
        }
        catch (Exception exception) when (
            exception is NotSupportedException or ArgumentException or InvalidOperationException or CryptographicException)
        {
            // The numbers are not a valid key, or not of the algorithm's size.
            return false;
        }
    }
}
