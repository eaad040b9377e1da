using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace KeycloakRealm.Tokens;

/// <summary><c>RS</c> and <c>PS</c> algorithms (RFC 7518, sections 3.3 and 3.5), with a self-signed certificate.</summary>
internal sealed class RsaSigningKey : SigningKey
{
    private readonly RSA _rsa;
    private readonly Lock _lock = new();
    private readonly HashAlgorithmName _hash;
    private readonly RSASignaturePadding _padding;

    public RsaSigningKey(RSA rsa, string algorithm, string use, string realm, DateTimeOffset now, byte[]? certificate)
        : base(algorithm, use)
    {
        _rsa = rsa;
        PublicKey = rsa.ExportSubjectPublicKeyInfo();
        Kid = KidOf(PublicKey);
        _hash = HashOf(algorithm);
        _padding = algorithm.StartsWith("PS", StringComparison.Ordinal) ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        Certificate = certificate ?? SelfSign(rsa, realm, now);
    }

    public override string Kid { get; }

    public override string Type => "RSA";

    public override byte[] PublicKey { get; }

    public override byte[] Certificate { get; }

    public override byte[] Export() => _rsa.ExportPkcs8PrivateKey();

    public override byte[] Sign(byte[] data)
    {
        lock (_lock)
        {
            return _rsa.SignData(data, _hash, _padding);
        }
    }

    public override bool Verify(byte[] data, byte[] signature)
    {
        lock (_lock)
        {
            return _rsa.VerifyData(data, signature, _hash, _padding);
        }
    }

    public override JsonObject ToJson()
    {
        var parameters = _rsa.ExportParameters(includePrivateParameters: false);
        return new JsonObject
        {
            ["kid"] = Kid,
            ["kty"] = "RSA",
            ["alg"] = Algorithm,
            ["use"] = Use,
            ["x5c"] = new JsonArray(Convert.ToBase64String(Certificate)),
            ["x5t"] = Base64Url.Encode(Thumbprint(Certificate)),
            ["x5t#S256"] = Base64Url.Encode(SHA256.HashData(Certificate)),
            ["n"] = Base64Url.Encode(parameters.Modulus),
            ["e"] = Base64Url.Encode(parameters.Exponent),
        };
    }

    public override void Dispose()
    {
        _rsa.Dispose();
        base.Dispose();
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage(
        "Security", "CA5350", Justification = "x5t is a SHA-1 thumbprint by RFC 7517, section 4.8.")]
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
