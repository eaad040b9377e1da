using System.Net;
using Api.Tests.Infrastructure;

namespace Api.Tests.Realm;

public abstract class CertsTests(RealmUnderTest realm) : RealmTests(realm)
{
    [Fact]
    public async Task There_is_one_key_for_signatures_and_one_for_encryption()
    {
        var certs = await Realm.GetAsync(Realm.CertsEndpoint);

        Assert.Equal(HttpStatusCode.OK, certs.Status);
        Assert.Equal("application/json", certs.Header("Content-Type"));
        Assert.Equal("no-cache", certs.Header("Cache-Control"));
        AssertMembers("keys", certs.Json);
        var keys = certs.Json.GetProperty("keys").EnumerateArray().ToList();
        AssertWords(
            "RSA/RS256/sig RSA/RSA-OAEP/enc",
            string.Join(' ', keys.Select(key => $"{key.GetProperty("kty")}/{key.GetProperty("alg")}/{key.GetProperty("use")}")));
        Assert.All(keys, key => AssertMembers("kid kty alg use x5c x5t x5t#S256 n e", key));
    }
}

public sealed class EmbeddedCertsTests(EmbeddedRealmUnderTest realm) : CertsTests(realm);

public sealed class KeycloakCertsTests(KeycloakUnderTest realm) : CertsTests(realm);
