using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace KeycloakRealm.Tokens;

internal abstract class SigningKey(string algorithm, string use) : IDisposable
{
    public abstract string Kid { get; }

    public string Algorithm { get; } = algorithm;

    /// <summary><c>sig</c> or <c>enc</c>.</summary>
    public string Use { get; } = use;

    /// <summary><c>RSA</c>, <c>EC</c>, <c>OKP</c> or <c>OCT</c>.</summary>
    public abstract string Type { get; }

    /// <summary>SubjectPublicKeyInfo; null for a secret.</summary>
    public virtual byte[]? PublicKey => null;

    public virtual byte[]? Certificate => null;

    /// <summary>PKCS#8, or the secret.</summary>
    public abstract byte[] Export();

    public abstract byte[] Sign(byte[] data);

    public abstract bool Verify(byte[] data, byte[] signature);

    /// <summary>Null for a secret.</summary>
    public abstract JsonObject? ToJson();

    public virtual void Dispose()
    {
    }

    /// <summary>Also used for <c>at_hash</c>.</summary>
    public static HashAlgorithmName HashOf(string algorithm) => algorithm switch
    {
        "EdDSA" => HashAlgorithmName.SHA512,
        _ when algorithm.EndsWith("384", StringComparison.Ordinal) => HashAlgorithmName.SHA384,
        _ when algorithm.EndsWith("512", StringComparison.Ordinal) => HashAlgorithmName.SHA512,
        _ => HashAlgorithmName.SHA256,
    };

    /// <summary>Keycloak's key id: the hash of the public key.</summary>
    public static string KidOf(byte[] publicKey) => Base64Url.Encode(SHA256.HashData(publicKey));
}
