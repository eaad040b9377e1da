using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using CsCheck;
using KeycloakAccess.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;

namespace Api.Tests.Keycloak;

/// <summary>Which keys of a realm verify tokens, and that one which does not takes none of the others with it.</summary>
public sealed class RealmKeySetTests(ForgingRealmWithClock place) : ForgingRealmTests(place), IClassFixture<ForgingRealmWithClock>
{
    public static TheoryData<string> BrokenKeys =>
    [
        "1", "null", "\"key\"", "[]", "{}",
        """{"kid":"broken"}""",
        """{"kid":"broken","kty":1}""",
        """{"kid":1,"kty":"RSA","n":"AQAB","e":"AQAB"}""",
        """{"kid":"broken","kty":"RSA"}""",
        """{"kid":"broken","kty":"RSA","n":"!","e":"AQAB"}""",
        """{"kid":"broken","kty":"RSA","n":1,"e":"AQAB"}""",
        """{"kid":"","kty":"RSA","n":"AQAB","e":"AQAB"}""",
        """{"kid":"broken","kty":"EC","crv":"P-256"}""",
        """{"kid":"broken","kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}""", """{"kid":"broken","kty":"OKP","crv":"Ed25519","x":"AA"}""",
        """{"kid":"broken","kty":"oct","k":"AA"}""", """{"kid":"broken\u0000\n","kty":"\u001b[31m"}""",
    ];

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Realm.ResetKeys();
    }

    [Theory]
    [MemberData(nameof(BrokenKeys))]
    public async Task A_broken_key_is_left_out_and_the_others_stay(string broken)
    {
        await OfferAsync($$"""{"keys":[{{broken}},{{Described(Realm.Key)}}]}""");

        Assert.Equal(HttpStatusCode.OK, await StatusAsync());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"keys":{}}""")]
    [InlineData("[]")]
    [InlineData("nothing")]
    [InlineData("""{"keys":[]}""")]
    [InlineData("""{"keys":[{"kid":"first"}]}""")]
    public async Task Without_a_usable_key_the_realm_counts_as_unreachable(string set)
    {
        await OfferAsync(set);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync());
    }

    [Theory]
    [InlineData("use", "\"enc\"", false)]
    [InlineData("use", "\"sig\"", true)]
    [InlineData("use", null, true)]
    [InlineData("use", "\"tls\"", false)]
    [InlineData("key_ops", "[\"verify\"]", true)]
    [InlineData("key_ops", "[\"sign\",\"verify\"]", true)]
    [InlineData("key_ops", "[\"encrypt\"]", false)]
    [InlineData("key_ops", "[]", false)]
    [InlineData("key_ops", "\"verify\"", false)]
    [InlineData("alg", "\"RS256\"", true)]
    [InlineData("alg", "\"PS256\"", false)]
    [InlineData("alg", "\"RS512\"", false)]
    [InlineData("alg", "\"RSA-OAEP\"", false)]
    [InlineData("alg", "1", false)]
    public async Task A_key_is_used_for_what_it_is_meant_for(string member, string? value, bool passes)
    {
        var key = JsonNode.Parse(Described(Realm.Key))!.AsObject();
        key.Remove(member);
        if (value is not null)
        {
            key[member] = JsonNode.Parse(value);
        }

        await OfferAsync(new JsonObject { ["keys"] = new JsonArray(key, JsonNode.Parse(Described(Other()))) }.ToJsonString());

        Assert.Equal(passes ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, await StatusAsync());
    }

    [Theory]
    [InlineData(1024, false)]
    [InlineData(2040, false)]
    [InlineData(2048, true)]
    public async Task An_RSA_key_has_2048_bits_at_least(int bits, bool passes)
    {
        using var rsa = RSA.Create(bits);
        Realm.Key = new RsaSecurityKey(rsa) { KeyId = $"of-{bits}" };
        await OfferAsync($$"""{"keys":[{{Described(Realm.Key)}},{{Described(Other())}}]}""");

        Assert.Equal(passes ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, await StatusAsync());
    }

    [Fact]
    public async Task Of_two_keys_of_one_id_neither_is_used()
    {
        using var rsa = RSA.Create(2048);
        var same = Described(new RsaSecurityKey(rsa) { KeyId = Realm.Key.KeyId });
        foreach (var set in new[] { $"{Described(Realm.Key)},{same}", $"{same},{Described(Realm.Key)}" })
        {
            await OfferAsync($$"""{"keys":[{{set}},{{Described(Other())}}]}""");
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync());
        }
    }

    [Fact]
    public void No_document_makes_the_reader_fail_in_another_way_than_it_says()
    {
        var value = OneOf(
            "1", "null", "\"RSA\"", "\"EC\"", "\"P-256\"", "\"AQAB\"", "\"\"", "[]", "[\"verify\"]", "{}", "\"sig\"", "\"a\"");
        var member = Gen.Select(
            OneOf("kid", "kty", "use", "alg", "n", "e", "crv", "x", "y", "key_ops"), value, (name, text) => $"\"{name}\":{text}");
        var key = Gen.OneOf(member.Array[0, 8].Select(members => $"{{{string.Join(',', members)}}}"), value);
        key.Array[0, 4].Sample(
            keys =>
            {
                var (kept, skipped) = RealmKeySet.Read($"{{\"keys\":[{string.Join(',', keys)}]}}");
                Assert.True(kept.Count + skipped.Count <= keys.Length + 1);
                Assert.All(kept, each => Assert.NotEmpty(each.KeyId));
            },
            iter: 20_000);
    }

    private static Gen<string> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(index => texts[index]);

    private static RsaSecurityKey Other() => new(RSA.Create(2048)) { KeyId = "other" };

    private static string Described(SecurityKey key) => JsonSerializer.Serialize(ForgingRealm.Describe(key));

    private async Task OfferAsync(string set)
    {
        Realm.KeySet = set;
        var before = Realm.KeyReads;
        // A reading that is under way may still bring what was offered before.
        do
        {
            Realm.Clock.Advance(RealmMetadata.UsableFor);
            await Realm.Services.GetRequiredService<RealmMetadata>().RefreshAsync();
        }
        while (Realm.KeyReads == before);
    }

    // A key that is not there is looked up once more, as soon as that is allowed.
    private async Task<HttpStatusCode> StatusAsync()
    {
        using var client = Realm.NewClient(Realm.Mint());
        var asking = client.GetAsync("/api/me", Cancel);
        while (!asking.IsCompleted)
        {
            Realm.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(20, Cancel);
        }

        return (await asking).StatusCode;
    }
}
