using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.Tokens;

namespace Api.Tests.Keycloak;

/// <summary>Which tokens pass: only access tokens of this realm, for this API, alive, signed as expected and bound to nobody.</summary>
public sealed class AcceptingTokensTests(ForgingRealmOnSqlite place) : ForgingRealmTests(place), IClassFixture<ForgingRealmOnSqlite>
{
    [Fact]
    public async Task The_token_that_all_others_here_differ_from_passes() =>
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(Realm.Mint())).StatusCode);

    [Theory]
    [InlineData("aud", "other-api", "not meant for this API")]
    [InlineData("aud", null, "not meant for this API")]
    [InlineData("aud", "ACME-API", "not meant for this API")]
    [InlineData("iss", "http://localhost:1/realms/acme", "another issuer")]
    [InlineData("iss", null, "another issuer")]
    [InlineData("exp", null, "no end of life")]
    [InlineData("typ", "ID", "not an access token")]
    [InlineData("typ", "Refresh", "not an access token")]
    [InlineData("typ", "Logout", "not an access token")]
    [InlineData("typ", "DPoP", "not an access token")]
    [InlineData("typ", "bearer", "not an access token")]
    [InlineData("typ", null, "not an access token")]
    [InlineData("sub", null, "lacks one of iss, sub and azp")]
    [InlineData("sub", "", "lacks one of iss, sub and azp")]
    [InlineData("azp", null, "lacks one of iss, sub and azp")]
    [InlineData("realm_access", "staff", "not of Keycloak's form")]
    public async Task A_token_with_another_claim_is_refused(string claim, string? value, string because) =>
        await AssertRefusedAsync(Realm.Mint(changes: [(claim, value)]), because);

    [Fact]
    public async Task A_token_bound_to_what_is_not_known_is_refused()
    {
        await AssertRefusedAsync(
            Realm.Mint(changes: [("cnf", new Dictionary<string, object> { ["jkt"] = "x" })]), "bound to something");
        await AssertRefusedAsync(
            Realm.Mint(changes: [("cnf", new Dictionary<string, object> { ["x5t#S256"] = "x" })]), "bound to something");
        await AssertRefusedAsync(Realm.Mint(changes: [("cnf", Array.Empty<string>())]), "bound to something");
        await AssertRefusedAsync(Realm.Mint(changes: [("typ", new[] { "Bearer", "ID" })]), "typ is not a text");
    }

    [Fact]
    public async Task A_narrow_token_cannot_make_wide_groups()
    {
        var narrow = Realm.NewClient(Realm.Mint(changes:
        [
            ("realm_access", new Dictionary<string, object> { ["roles"] = new[] { "superuser" } }), ("scope", "openid groups:write"),
        ]));
        using var wide = new StringContent("""{"name":"wide","permissions":["*:*"]}""", Encoding.UTF8, "application/json");
        using var within = new StringContent("""{"name":"within","permissions":["group:add"]}""", Encoding.UTF8, "application/json");

        var refused = await narrow.PostAsync("/api/groups", wide, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains(
            "grant_refused", await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(
            HttpStatusCode.Created, (await narrow.PostAsync("/api/groups", within, TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task A_token_of_the_past_and_one_of_the_future_are_refused()
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        await AssertRefusedAsync(Realm.Mint(changes: [("exp", now - 1)]), "has expired");
        await AssertRefusedAsync(Realm.Mint(changes: [("nbf", now + 60)]), "not valid yet");
    }

    [Theory]
    [InlineData("JWT", true)]
    [InlineData("at+jwt", true)]
    [InlineData("logout+jwt", false)]
    [InlineData("secevent+jwt", false)]
    public async Task The_header_says_what_kind_of_token_it_is(string type, bool passes)
    {
        var token = Realm.Mint(type: type);

        if (passes)
        {
            Assert.Equal(HttpStatusCode.OK, (await AskAsync(token)).StatusCode);
        }
        else
        {
            await AssertRefusedAsync(token, "not an access token");
        }
    }

    [Theory]
    [InlineData("RS256", true)]
    [InlineData("PS256", true)]
    [InlineData("RS384", false)]
    [InlineData("RS512", false)]
    [InlineData("PS512", false)]
    public async Task Only_the_algorithms_on_the_list_are_accepted(string algorithm, bool passes)
    {
        var status = (await AskAsync(Realm.Mint(algorithm))).StatusCode;

        Assert.Equal(passes ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, status);
    }

    [Fact]
    public async Task A_public_key_taken_for_a_shared_secret_signs_nothing()
    {
        var key = (RsaSecurityKey)Realm.Key;
        Realm.Key = new SymmetricSecurityKey(Encoding.UTF8.GetBytes(key.Rsa.ExportSubjectPublicKeyInfoPem())) { KeyId = key.KeyId };
        var token = Realm.Mint(SecurityAlgorithms.HmacSha256);
        Realm.Key = key;

        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(token)).StatusCode);
    }

    [Theory]
    [InlineData("jwk")]
    [InlineData("jku")]
    [InlineData("x5u")]
    [InlineData("x5c")]
    public async Task A_key_that_a_token_brings_or_names_is_nothing(string name)
    {
        using var rsa = RSA.Create(2048);
        var own = rsa.ExportParameters(includePrivateParameters: false);
        var claims = Realm.Mint().Split('.')[1];
        object value = name switch
        {
            "jwk" => new { kty = "RSA", n = Encode(own.Modulus!), e = Encode(own.Exponent!) },
            "x5c" => new[] { Convert.ToBase64String(rsa.ExportSubjectPublicKeyInfo()) },
            _ => $"{Realm.Url}/keys-of-somebody",
        };
        var header = new Dictionary<string, object> { ["alg"] = "RS256", ["typ"] = "JWT", ["kid"] = Realm.Key.KeyId, [name] = value };
        var head = Encode(JsonSerializer.SerializeToUtf8Bytes(header));
        var signature = rsa.SignData(Encoding.UTF8.GetBytes($"{head}.{claims}"), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync($"{head}.{claims}.{Encode(signature)}")).StatusCode);
        // With the realm's own signature it is a token like any other: the member means nothing either way.
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(Realm.Sign(head, claims))).StatusCode);

        static string Encode(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
    }

    [Fact]
    public async Task An_unsigned_token_is_refused()
    {
        var parts = Realm.Mint().Split('.');
        var header = System.Buffers.Text.Base64Url.EncodeToString("""{"alg":"none","typ":"JWT"}"""u8);

        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync($"{header}.{parts[1]}.")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync($"{parts[0]}.{parts[1]}.")).StatusCode);
    }

    [Fact]
    public async Task Elliptic_curves_work_too()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var realm = await ForgingRealm.StartAsync(clock);
        realm.Key = new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "curve" };
        realm.Keys = [realm.Key];
        clock.Advance(RealmMetadata.AtMostEvery);

        var response = await realm.NewClient(realm.Mint()).GetAsync("/api/me", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task The_words_of_a_refusal_hold_no_claim_value()
    {
        foreach (var token in new[]
        {
            Realm.Mint(changes: [("aud", "secret-audience-name")]),
            Realm.Mint(changes: [("iss", "http://secret-issuer.test")]),
            Realm.Mint(changes: [("exp", 1234567890L)]),
        })
        {
            var response = await AskAsync(token);
            var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken) + response.Headers;
            Assert.DoesNotContain("secret-", text, StringComparison.Ordinal);
            Assert.DoesNotContain("2009", text, StringComparison.Ordinal);
        }
    }

    private Task<HttpResponseMessage> AskAsync(string token) =>
        Realm.NewClient(token).GetAsync("/api/me", TestContext.Current.CancellationToken);

    private async Task AssertRefusedAsync(string token, string because)
    {
        var response = await AskAsync(token);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == HttpStatusCode.Unauthorized, $"{response.StatusCode}: {text}");
        Assert.Contains(because, text.Replace("\\u0027", "'", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("error=\"invalid_token\"", response.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
    }
}
