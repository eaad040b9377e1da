using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace KeycloakRealm.Tokens;

/// <summary><c>ES</c> algorithms (RFC 7518, section 3.4).</summary>
internal sealed class EcdsaSigningKey : SigningKey
{
    private readonly ECDsa _ecdsa;
    private readonly Lock _lock = new();

    public EcdsaSigningKey(ECDsa ecdsa)
        : base(ecdsa.KeySize switch { 384 => "ES384", 521 => "ES512", _ => "ES256" }, "sig")
    {
        _ecdsa = ecdsa;
        PublicKey = ecdsa.ExportSubjectPublicKeyInfo();
        Kid = KidOf(PublicKey);
    }

    public override string Kid { get; }

    public override string Type => "EC";

    public override byte[] PublicKey { get; }

    public string Curve => Algorithm switch { "ES384" => "P-384", "ES512" => "P-521", _ => "P-256" };

    public static ECCurve CurveOf(string name) => name switch
    {
        "P-384" => ECCurve.NamedCurves.nistP384,
        "P-521" => ECCurve.NamedCurves.nistP521,
        _ => ECCurve.NamedCurves.nistP256,
    };

    public override byte[] Export() => _ecdsa.ExportPkcs8PrivateKey();

    public override byte[] Sign(byte[] data)
    {
        lock (_lock)
        {
            return _ecdsa.SignData(data, HashOf(Algorithm), DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
    }

    public override bool Verify(byte[] data, byte[] signature)
    {
        lock (_lock)
        {
            return _ecdsa.VerifyData(data, signature, HashOf(Algorithm), DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
    }

    public override JsonObject ToJson()
    {
        var point = _ecdsa.ExportParameters(includePrivateParameters: false).Q;
        return new JsonObject
        {
            ["kid"] = Kid,
            ["kty"] = "EC",
            ["alg"] = Algorithm,
            ["use"] = Use,
            ["crv"] = Curve,
            ["x"] = Base64Url.Encode(point.X),
            ["y"] = Base64Url.Encode(point.Y),
        };
    }

    public override void Dispose()
    {
        _ecdsa.Dispose();
        base.Dispose();
    }
}
