using System.Text.Json.Nodes;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.X509;

namespace KeycloakRealm.Tokens;

/// <summary><c>EdDSA</c> (RFC 8037), which the framework does not support.</summary>
internal sealed class EdDsaSigningKey : SigningKey
{
    private readonly Ed25519PrivateKeyParameters _key;
    private readonly Ed25519PublicKeyParameters _public;

    public EdDsaSigningKey(byte[] key)
        : base("EdDSA", "sig")
    {
        _key = new Ed25519PrivateKeyParameters(key);
        _public = _key.GeneratePublicKey();
        PublicKey = SubjectPublicKeyInfoFactory.CreateSubjectPublicKeyInfo(_public).GetEncoded();
        Kid = KidOf(PublicKey);
    }

    public override string Kid { get; }

    public override string Type => "OKP";

    public override byte[] PublicKey { get; }

    public override byte[] Export() => _key.GetEncoded();

    public override byte[] Sign(byte[] data)
    {
        var signer = new Ed25519Signer();
        signer.Init(forSigning: true, _key);
        signer.BlockUpdate(data, 0, data.Length);
        return signer.GenerateSignature();
    }

    public override bool Verify(byte[] data, byte[] signature)
    {
        var verifier = new Ed25519Signer();
        verifier.Init(forSigning: false, _public);
        verifier.BlockUpdate(data, 0, data.Length);
        return verifier.VerifySignature(signature);
    }

    public override JsonObject ToJson() => new()
    {
        ["kid"] = Kid,
        ["kty"] = "OKP",
        ["alg"] = Algorithm,
        ["use"] = Use,
        ["crv"] = "Ed25519",
        ["x"] = Base64Url.Encode(_public.GetEncoded()),
    };
}
