using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace KeycloakRealm.Tokens;

/// <summary>An RSA key of the realm with its self-signed certificate.</summary>
internal sealed class SigningKey : IDisposable
{
    private readonly RSA _rsa;
    private readonly Lock _lock = new();
    private readonly HashAlgorithmName _hash;
    private readonly RSASignaturePadding _padding;
    private readonly byte[] _certificate;

    public SigningKey(RSA rsa, string algorithm, string use, string realm, DateTimeOffset now, string? certificate)
    {
        _rsa = rsa;
        Algorithm = algorithm;
        Use = use;
        PublicKey = rsa.ExportSubjectPublicKeyInfo();
        Kid = Base64Url.Encode(SHA256.HashData(PublicKey));
        _hash = algorithm[^3..] switch
        {
            "384" => HashAlgorithmName.SHA384,
            "512" => HashAlgorithmName.SHA512,
            _ => HashAlgorithmName.SHA256,
        };
        _padding = algorithm.StartsWith("PS", StringComparison.Ordinal) ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        _certificate = certificate is null ? SelfSign(rsa, realm, now) : Convert.FromBase64String(certificate);
    }

    public string Kid { get; }

    public string Algorithm { get; }

    /// <summary><c>sig</c> or <c>enc</c>.</summary>
    public string Use { get; }

    public byte[] PublicKey { get; }

    public byte[] ExportPrivateKey() => _rsa.ExportPkcs8PrivateKey();

    public byte[] Sign(byte[] data)
    {
        lock (_lock)
        {
            return _rsa.SignData(data, _hash, _padding);
        }
    }

    public bool Verify(byte[] data, byte[] signature)
    {
        lock (_lock)
        {
            return _rsa.VerifyData(data, signature, _hash, _padding);
        }
    }

    /// <summary>The key as <c>certs</c> shows it.</summary>
    public JsonObject ToJson()
    {
        var parameters = _rsa.ExportParameters(includePrivateParameters: false);
        return new JsonObject
        {
            ["kid"] = Kid,
            ["kty"] = "RSA",
            ["alg"] = Algorithm,
            ["use"] = Use,
            ["x5c"] = new JsonArray(Convert.ToBase64String(_certificate)),
            ["x5t"] = Base64Url.Encode(Thumbprint(_certificate)),
            ["x5t#S256"] = Base64Url.Encode(SHA256.HashData(_certificate)),
            ["n"] = Base64Url.Encode(parameters.Modulus),
            ["e"] = Base64Url.Encode(parameters.Exponent),
        };
    }

    public void Dispose() => _rsa.Dispose();

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5350", Justification = "x5t is a SHA-1 thumbprint by RFC 7517, section 4.8.")]
    private static byte[] Thumbprint(byte[] certificate) => SHA1.HashData(certificate);

    private static byte[] SelfSign(RSA rsa, string realm, DateTimeOffset now)
    {
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName(realm);
        var request = new CertificateRequest(name.Build(), rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(now.AddMinutes(-1), now.AddYears(10));
        return certificate.RawData;
    }
}
