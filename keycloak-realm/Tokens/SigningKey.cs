using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace KeycloakRealm.Tokens;

/// <summary>A key of the realm: it signs, verifies, and shows itself as a JSON Web Key (RFC 7517).</summary>
internal abstract class SigningKey(string algorithm, string use) : IDisposable
{
    public abstract string Kid { get; }

    public string Algorithm { get; } = algorithm;

    /// <summary><c>sig</c> or <c>enc</c>.</summary>
    public string Use { get; } = use;

    /// <summary>Keycloak's name for the kind of key: <c>RSA</c>, <c>EC</c>, <c>OKP</c> or <c>OCT</c>.</summary>
    public abstract string Type { get; }

    /// <summary>The public key as SubjectPublicKeyInfo; null for a secret.</summary>
    public virtual byte[]? PublicKey => null;

    /// <summary>The certificate, where there is one.</summary>
    public virtual byte[]? Certificate => null;

    /// <summary>The private key or the secret, for keeping.</summary>
    public abstract byte[] Export();

    public abstract byte[] Sign(byte[] data);

    public abstract bool Verify(byte[] data, byte[] signature);

    /// <summary>The key as <c>certs</c> shows it; null for a secret, which nobody is shown.</summary>
    public abstract JsonObject? ToJson();

    public virtual void Dispose()
    {
    }

    /// <summary>The hash of an algorithm's signatures, which also makes <c>at_hash</c>.</summary>
    public static HashAlgorithmName HashOf(string algorithm) => algorithm switch
    {
        "EdDSA" => HashAlgorithmName.SHA512,
        _ when algorithm.EndsWith("384", StringComparison.Ordinal) => HashAlgorithmName.SHA384,
        _ when algorithm.EndsWith("512", StringComparison.Ordinal) => HashAlgorithmName.SHA512,
        _ => HashAlgorithmName.SHA256,
    };

    /// <summary>The id that Keycloak gives a key pair: the hash of its public key.</summary>
    public static string KidOf(byte[] publicKey) => Base64Url.Encode(SHA256.HashData(publicKey));
}
