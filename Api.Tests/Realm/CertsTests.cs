using System.Security.Cryptography.X509Certificates;
using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

public abstract class CertsTests(RealmUnderTest realm) : RealmTests(realm)
{
    [Fact]
    public async Task There_is_one_key_for_signatures_and_one_for_encryption()
    {
        var certs = await Realm.GetAsync(Realm.CertsEndpoint);

        Assert.Equal(OK, certs.Status);
        Assert.Equal("application/json", certs.Header("Content-Type"));
        Assert.Equal("no-cache", certs.Header("Cache-Control"));
        AssertMembers("keys", certs.Json);
        var keys = certs.Json.GetProperty("keys").EnumerateArray().ToList();
        AssertWords(
            "RSA/RS256/sig RSA/RSA-OAEP/enc",
            string.Join(' ', keys.Select(key => $"{key.GetProperty("kty")}/{key.GetProperty("alg")}/{key.GetProperty("use")}")));
        Assert.All(keys, key => AssertMembers("kid kty alg use x5c x5t x5t#S256 n e", key));
    }

    [Fact]
    public async Task The_certificate_of_a_key_holds_that_key()
    {
        var certs = await Realm.GetAsync(Realm.CertsEndpoint);

        foreach (var key in certs.Json.GetProperty("keys").EnumerateArray())
        {
            var encoded = Assert.Single(key.GetProperty("x5c").EnumerateArray()).GetString()!;
            using var certificate = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(encoded));
            using var rsa = certificate.GetRSAPublicKey();
            var modulus = System.Buffers.Text.Base64Url.EncodeToString(rsa!.ExportParameters(includePrivateParameters: false).Modulus);
            Assert.Equal("CN=acme", certificate.Subject);
            Assert.Equal(modulus, key.GetProperty("n").GetString());
            Assert.Equal("AQAB", key.GetProperty("e").GetString());
            Assert.Equal(
                System.Buffers.Text.Base64Url.EncodeToString(certificate.GetCertHash(
                    System.Security.Cryptography.HashAlgorithmName.SHA256)),
                key.GetProperty("x5t#S256").GetString());
        }
    }

    [Fact]
    public async Task The_keys_stay_the_same()
    {
        var first = await Realm.GetAsync(Realm.CertsEndpoint);
        var second = await Realm.GetAsync(Realm.CertsEndpoint);

        AssertWords(KeyIds(first), KeyIds(second));

        static string KeyIds(RealmAnswer certs) =>
            string.Join(' ', certs.Json.GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("kid").GetString()));
    }

    [Fact]
    public async Task The_media_type_of_key_sets_is_honoured()
    {
        var certs = await Realm.GetAsync(Realm.CertsEndpoint, ("Accept", "application/jwk-set+json"));

        Assert.Equal(OK, certs.Status);
        Assert.Equal("application/jwk-set+json", certs.Header("Content-Type"));
    }

    [Fact]
    public async Task A_tampered_token_is_not_signed_by_the_key()
    {
        var token = (await Realm.GetServiceTokenAsync("acme-reader"))["access_token"];
        var certs = await Realm.GetAsync(Realm.CertsEndpoint);

        Assert.True(Jwt.Decode(token).IsSignedBy(certs.Json));
        Assert.False(Jwt.Decode(Jwt.Tamper(token)).IsSignedBy(certs.Json));
    }
}

public sealed class EmbeddedCertsTests(EmbeddedRealmUnderTest realm) : CertsTests(realm);

public sealed class KeycloakCertsTests(KeycloakUnderTest realm) : CertsTests(realm);
