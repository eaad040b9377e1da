using System.Net;
using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using CsCheck;
using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.BoundTokens;
using KeycloakAccess.Hosting;

namespace Api.Tests.BoundTokens;

/// <summary>
/// A token that is bound to a key is taken with a proof of that key for this very request (RFC 9449, section 4.3), and in no other way.
/// </summary>
public sealed class DpopProofTests(ForgingRealmOnSqlite place) : ForgingRealmTests(place), IClassFixture<ForgingRealmOnSqlite>, IDisposable
{
    private const string Url = "http://localhost/api/me";

    private readonly DpopKey _key = new();

    public void Dispose() => _key.Dispose();

    [Fact]
    public async Task With_its_proof_the_token_is_taken_again_and_again()
    {
        var token = Realm.MintBound(_key);

        // The first time it is checked, and then it is known.
        for (var count = 0; count < 3; count++)
        {
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(token, _key.Prove("GET", Url, token))).StatusCode);
        }
    }

    [Theory]
    [InlineData("ES256")]
    [InlineData("ES384")]
    [InlineData("ES512")]
    [InlineData("RS256")]
    [InlineData("RS384")]
    [InlineData("RS512")]
    [InlineData("PS256")]
    [InlineData("PS384")]
    [InlineData("PS512")]
    public async Task Every_algorithm_that_is_announced_works(string algorithm)
    {
        using var key = new DpopKey(algorithm);
        var token = Realm.MintBound(key);

        var answer = await SendAsync(token, key.Prove("GET", Url, token));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var challenge = (await Realm.NewClient(token: null).GetAsync("/api/me", Cancel)).ChallengeOf("DPoP");
        Assert.Contains(algorithm, challenge, StringComparison.Ordinal);
    }

    [Fact]
    public async Task As_a_bearer_token_it_is_refused_with_and_without_a_proof_also_once_it_is_known()
    {
        var token = Realm.MintBound(_key);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(token, _key.Prove("GET", Url, token))).StatusCode);

        foreach (var proofs in (string[][])[[], [_key.Prove("GET", Url, token)]])
        {
            var refused = await SendAsync(ForgedTokens.NewRequest("GET", Url, $"Bearer {token}", proofs));

            await AssertRefusedAsync(refused, ProblemCode.InvalidToken, "The token is bound to a key", "Bearer");
        }
    }

    [Fact]
    public async Task A_token_that_nothing_binds_is_refused_under_the_scheme_DPoP()
    {
        var token = Realm.Mint();

        await AssertRefusedAsync(
            await SendAsync(token, _key.Prove("GET", Url, token)), ProblemCode.InvalidToken, "The token is not bound to a key");
        Assert.Equal(HttpStatusCode.OK, (await Realm.NewClient(token).GetAsync("/api/me", Cancel)).StatusCode);
        // And so it is once it is known.
        await AssertRefusedAsync(
            await SendAsync(token, _key.Prove("GET", Url, token)), ProblemCode.InvalidToken, "The token is not bound to a key");
    }

    [Fact]
    public async Task Without_a_proof_and_with_two_it_is_refused()
    {
        var token = Realm.MintBound(_key);

        await AssertRefusedAsync(await SendAsync(token), ProblemCode.InvalidDpopProof, "no DPoP proof came with it");
        await AssertRefusedAsync(
            await SendAsync(token, _key.Prove("GET", Url, token), _key.Prove("GET", Url, token)),
            ProblemCode.InvalidDpopProof,
            "must stand once");
        var proof = _key.Prove("GET", Url, token);
        await AssertRefusedAsync(await SendAsync(token, $"{proof},{proof}"), ProblemCode.InvalidDpopProof, "cannot be read");
    }

    [Fact]
    public async Task Another_key_proves_nothing()
    {
        using var other = new DpopKey();
        var token = Realm.MintBound(_key);

        await AssertRefusedAsync(
            await SendAsync(token, other.Prove("GET", Url, token)), ProblemCode.InvalidToken, "bound to another key");
        // The public key of the right one with the signature of another.
        await AssertRefusedAsync(
            await SendAsync(token, other.Prove("GET", Url, token, change: (header, _) => header["jwk"] = _key.PublicKey)),
            ProblemCode.InvalidDpopProof,
            "signature is wrong");
        await AssertRefusedAsync(
            await SendAsync(token, Jwt.Tamper(_key.Prove("GET", Url, token))), ProblemCode.InvalidDpopProof, "");
    }

    [Theory]
    [InlineData("POST", Url, "htm must be GET")]
    [InlineData("get", Url, "htm must be GET")]
    [InlineData("GET", "http://localhost/api/books", "htu must be http://localhost/api/me")]
    [InlineData("GET", "http://localhost/api/me/", "htu must be")]
    [InlineData("GET", "http://localhost/API/me", "htu must be")]
    [InlineData("GET", "https://localhost/api/me", "htu must be")]
    [InlineData("GET", "http://localhost:8080/api/me", "htu must be")]
    [InlineData("GET", "http://other/api/me", "htu must be")]
    [InlineData("GET", "http://user@localhost/api/me", "htu must be")]
    [InlineData("GET", "/api/me", "htu must be")]
    [InlineData("GET", "http:///", "htu must be")]
    [InlineData("GET", "ftp://localhost/api/me", "htu must be")]
    public async Task A_proof_for_another_request_is_refused(string method, string url, string because)
    {
        var token = Realm.MintBound(_key);

        await AssertRefusedAsync(await SendAsync(token, _key.Prove(method, url, token)), ProblemCode.InvalidDpopProof, because);
    }

    [Theory]
    [InlineData("http://localhost:80/api/me")]
    [InlineData("HTTP://LOCALHOST/api/me")]
    [InlineData("http://localhost/api/%6De")]
    [InlineData("http://localhost/api/x/../me")]
    [InlineData("http://localhost/api/me?a=b#c")]
    public async Task The_same_address_in_another_spelling_is_the_same(string url)
    {
        var token = Realm.MintBound(_key);

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(token, _key.Prove("GET", url, token))).StatusCode);
    }

    [Theory]
    [InlineData("/api/books/a%20b")]
    [InlineData("/api/books/%C3%BC")]
    [InlineData("/api/books/a%2Fb")]
    [InlineData("/api/books/%2541")]
    [InlineData("/api/books/a;b")]
    public async Task An_address_that_is_encoded_is_the_one_that_was_asked(string path)
    {
        var token = Realm.MintBound(_key);
        var url = "http://localhost" + path;

        var answer = await SendAsync(ForgedTokens.NewRequest("GET", url, $"DPoP {token}", _key.Prove("GET", url, token)));

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task HEAD_is_proved_as_HEAD()
    {
        var token = Realm.MintBound(_key);

        Assert.Equal(HttpStatusCode.OK, (await HeadAsync("HEAD")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await HeadAsync("GET")).StatusCode);

        Task<HttpResponseMessage> HeadAsync(string method) =>
            SendAsync(ForgedTokens.NewRequest("HEAD", Url, $"DPoP {token}", _key.Prove(method, Url, token)));
    }

    [Fact]
    public async Task A_proof_of_another_token_or_of_none_is_refused()
    {
        var (token, other) = (Realm.MintBound(_key), Realm.MintBound(_key, ("jti", "other")));

        await AssertRefusedAsync(await SendAsync(token, _key.Prove("GET", Url, other)), ProblemCode.InvalidDpopProof, "ath must be");
        await AssertRefusedAsync(await SendAsync(token, _key.Prove("GET", Url)), ProblemCode.InvalidDpopProof, "ath must be");
    }

    [Theory]
    [InlineData("htm")]
    [InlineData("htu")]
    [InlineData("jti")]
    public async Task A_claim_that_a_proof_needs_is_a_text(string claim)
    {
        foreach (var value in (JsonNode?[])[null, "", 1, true, new JsonArray("GET"), new JsonObject(), new string('a', 2049)])
        {
            await AssertMalformedAsync((_, claims) => claims[claim] = value?.DeepClone(), $"{claim} must be a text");
        }

        await AssertMalformedAsync((_, claims) => claims.Remove(claim), $"{claim} must be a text");
    }

    [Fact]
    public async Task Iat_is_a_time_and_ath_and_nonce_are_texts()
    {
        foreach (var value in (JsonNode?[])[null, "1", true, -1, 1e300, new JsonArray(1)])
        {
            await AssertMalformedAsync((_, claims) => claims["iat"] = value?.DeepClone(), "iat must be a number");
        }

        await AssertMalformedAsync((_, claims) => claims["nonce"] = 1, "ath and nonce must be texts");
        await AssertMalformedAsync((_, claims) => claims["ath"] = new JsonArray(), "ath and nonce must be texts");
    }

    [Theory]
    [InlineData("none", "signed with one of")]
    [InlineData("HS256", "signed with one of")]
    [InlineData("EdDSA", "signed with one of")]
    [InlineData("es256", "signed with one of")]
    [InlineData("ES384", "jwk is not a public key for its algorithm")]
    [InlineData("RS256", "jwk is not a public key for its algorithm")]
    public async Task An_algorithm_that_is_not_for_a_public_key_of_its_kind_is_refused(string algorithm, string because) =>
        await AssertMalformedAsync((header, _) => header["alg"] = algorithm, because);

    [Fact]
    public async Task An_unsigned_proof_is_refused()
    {
        var token = Realm.MintBound(_key);
        var parts = _key.Prove("GET", Url, token, change: (header, _) => header["alg"] = "none").Split('.');

        await AssertRefusedAsync(await SendAsync(token, $"{parts[0]}.{parts[1]}."), ProblemCode.InvalidDpopProof, "cannot be read");
    }

    [Theory]
    [InlineData("typ", "JWT")]
    [InlineData("typ", "DPOP+JWT")]
    [InlineData("typ", null)]
    public async Task Another_type_is_refused(string member, string? value) =>
        await AssertMalformedAsync((header, _) => header[member] = value, "typ dpop+jwt");

    [Fact]
    public async Task What_is_no_public_key_is_refused()
    {
        const string noKey = "must have the public key";
        const string wrongKey = "is not a public key for its algorithm";
        await AssertMalformedAsync((header, _) => header.Remove("jwk"), noKey);
        await AssertMalformedAsync((header, _) => header["jwk"] = "x", noKey);
        await AssertMalformedAsync((header, _) => header["jwk"] = new JsonArray(), noKey);
        foreach (var member in new[] { "d", "p", "q", "dp", "dq", "qi", "oth", "k" })
        {
            await AssertMalformedAsync((header, _) => header["jwk"]![member] = "AAAA", "private or a secret key");
        }

        await AssertMalformedAsync((header, _) => header["jwk"]!["kty"] = "oct", wrongKey);
        await AssertMalformedAsync((header, _) => header["jwk"]!["crv"] = "P-384", wrongKey);
        await AssertMalformedAsync((header, _) => header["jwk"]!["crv"] = "secp256k1", wrongKey);
        await AssertMalformedAsync((header, _) => header["jwk"]!["x"] = "AA", wrongKey);
        await AssertMalformedAsync((header, _) => header["jwk"]!["y"] = 1, wrongKey);
        await AssertMalformedAsync((header, _) => header["jwk"]!["alg"] = "ES384", wrongKey);
        await AssertMalformedAsync((header, _) => header["jwk"]!["use"] = "enc", wrongKey);
        await AssertMalformedAsync((header, _) => header["crit"] = new JsonArray("exp"), "requires an extension");
    }

    [Fact]
    public async Task A_point_that_is_not_on_its_curve_and_a_token_bound_to_it_open_nothing()
    {
        var x = new string('A', 43);
        JsonObject point = new() { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = x, ["y"] = x };
        var thumbprint = TokenBinding.ThumbprintOf(
            System.Text.Encoding.ASCII.GetBytes($$"""{"crv":"P-256","kty":"EC","x":"{{x}}","y":"{{x}}"}"""));
        var token = Realm.MintBound(thumbprint);

        await AssertRefusedAsync(
            await SendAsync(token, _key.Prove("GET", Url, token, change: (header, _) => header["jwk"] = point)),
            ProblemCode.InvalidDpopProof,
            "signature is wrong");
    }

    [Fact]
    public async Task Small_and_huge_keys_of_RSA_are_refused()
    {
        using var small = new DpopKey("RS256", rsaBits: 1024);
        var token = Realm.MintBound(small);

        await AssertRefusedAsync(
            await SendAsync(token, small.Prove("GET", Url, token)), ProblemCode.InvalidDpopProof, "RSA of 2048 to 4096 bits");
        using var usual = new DpopKey("RS256");
        await AssertRefusedAsync(
            await SendAsync(token, usual.Prove(
                "GET", Url, token, change: (header, _) => header["jwk"]!["e"] = header["jwk"]!["n"]!.DeepClone())),
            ProblemCode.InvalidDpopProof,
            "is not a public key for its algorithm");
    }

    [Fact]
    public async Task A_proof_that_is_longer_than_any_needs_to_be_is_refused() =>
        await AssertMalformedAsync((_, claims) => claims["more"] = new string('a', DpopProof.Longest), "is longer than");

    [Theory]
    [InlineData(30, true)]
    [InlineData(-5, true)]
    [InlineData(600, false)]
    [InlineData(-600, false)]
    public async Task A_proof_is_good_for_a_minute_by_clocks_that_are_little_apart(long age, bool passes)
    {
        var token = Realm.MintBound(_key);
        var answer = await SendAsync(token, _key.Prove("GET", Url, token, age));

        if (passes)
        {
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
        else
        {
            await AssertRefusedAsync(answer, ProblemCode.InvalidDpopProof, "clock");
        }
    }

    [Fact]
    public async Task It_is_taken_once_and_its_id_is_used_up_for_its_key_alone()
    {
        using var other = new DpopKey();
        var (token, others) = (Realm.MintBound(_key), Realm.MintBound(other));
        var id = Guid.NewGuid().ToString();
        string Prove(DpopKey key, string of) => key.Prove("GET", Url, of, change: (_, claims) => claims["jti"] = id);

        var proof = Prove(_key, token);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(token, proof)).StatusCode);
        await AssertRefusedAsync(await SendAsync(token, proof), ProblemCode.InvalidDpopProof, "has been used before");
        await AssertRefusedAsync(await SendAsync(token, Prove(_key, token)), ProblemCode.InvalidDpopProof, "has been used before");
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(others, Prove(other, others))).StatusCode);
    }

    [Fact]
    public async Task Of_many_at_once_with_one_proof_one_is_served()
    {
        var token = Realm.MintBound(_key);
        var proof = _key.Prove("GET", Url, token);

        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => SendAsync(token, proof)));

        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        Assert.Equal(29, answers.Count(answer => answer.StatusCode == HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task What_is_refused_uses_up_no_id()
    {
        var (token, other) = (Realm.MintBound(_key), Realm.MintBound(_key, ("jti", "other")));
        var proof = _key.Prove("GET", Url, token);

        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(other, proof)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(token, proof)).StatusCode);
    }

    [Theory]
    [InlineData("""{"jkt":"x"}""")]
    [InlineData("""{"jkt":1}""")]
    [InlineData("""{"jkt":null}""")]
    [InlineData("""{"jkt":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB"}""")]
    [InlineData("""{"jkt":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","jwk":{}}""")]
    [InlineData("""{"jkt":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","kc-jkt-type":"other"}""")]
    [InlineData("""{"kid":"x"}""")]
    [InlineData("""{"x5t#S256":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}""")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"x\"")]
    public async Task A_token_that_is_bound_to_what_nobody_knows_is_refused_by_every_scheme(string confirmation)
    {
        var token = Realm.Mint(changes: [("cnf", System.Text.Json.JsonElement.Parse(confirmation))]);

        await AssertRefusedAsync(
            await SendAsync(token, _key.Prove("GET", Url, token)),
            ProblemCode.InvalidToken,
            "bound to something that this API does not check");
        await AssertRefusedAsync(
            await Realm.NewClient(token).GetAsync("/api/me", Cancel),
            ProblemCode.InvalidToken,
            "bound to something that this API does not check",
            "Bearer");
    }

    [Fact]
    public async Task The_type_of_a_token_agrees_with_what_it_is_bound_to()
    {
        foreach (var token in new[]
        {
            Realm.Mint(changes: [("typ", "DPoP")]), Realm.MintBound(_key, ("typ", "Bearer")), Realm.MintBound(_key, ("typ", "ID")),
        })
        {
            await AssertRefusedAsync(
                await SendAsync(token, _key.Prove("GET", Url, token)), ProblemCode.InvalidToken, "This is not an access token");
        }
    }

    [Fact]
    public async Task Two_ways_to_send_a_token_at_once_are_a_mistake_in_the_request()
    {
        var token = Realm.MintBound(_key);
        foreach (var headers in (string[][])
            [[$"DPoP {token}", $"Bearer {token}"], [$"Bearer {token}", "Basic eDp4"], [$"DPoP  {token}"], [$"DPoP {token},x"]])
        {
            var context = await Realm.SendAsync(request =>
            {
                request.Path = "/api/me";
                request.Headers.Authorization = headers;
                request.Headers["DPoP"] = _key.Prove("GET", Url, token);
            });

            Assert.Equal(400, context.Response.StatusCode);
            Assert.Contains("error=\"invalid_request\"", context.Response.Headers.WWWAuthenticate[0], StringComparison.Ordinal);
        }
    }

    [Fact]
    public void No_text_makes_the_reader_fail()
    {
        var alphabet = Gen.OneOf(Gen.Char, Gen.Char["{}[]\":,.=-_ AZaz09\\\u0000\f\n"]);
        Gen.Select(Gen.String[alphabet, 0, 60], Gen.String[alphabet, 0, 60], Gen.Bool).Sample(
            (header, claims, encoded) =>
            {
                var proof = encoded ? $"{Encode(header)}.{Encode(claims)}.AA" : $"{header}.{claims}.AA";
                Assert.True(DpopProof.Parse(proof, SignatureAlgorithms.Verifiable, out var mistake) is null == mistake is not null);
            },
            iter: 20_000);
    }

    [Fact]
    public async Task A_proof_with_anything_in_the_place_of_a_member_is_an_answer_of_401_or_200_and_never_a_fault()
    {
        var token = Realm.MintBound(_key);
        string[] values =
        [
            "null", "0", "-1", "1e400", "\"\"", "\"x\"", "true", "[]", "{}", "[[[[]]]]", "\"ES256\"", "\"dpop+jwt\"", "\"http://[\"",
            "\"http://localhost:99999/\"", "\"//\"", "\"\\u0000\"", "{\"kty\":\"EC\"}", "{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"\"}",
            "253402300799", "\"http://localhost/%\"", "\"http://localhost/%00%ff\"",
        ];
        string[] inHeader = ["typ", "alg", "jwk", "kid", "crit", "b64", "zip", "x5c", "jku"];
        string[] inClaims = ["jti", "htm", "htu", "iat", "ath", "nonce", "exp", "nbf", "aud"];
        string[] inKey = ["kty", "crv", "x", "y", "n", "e", "alg", "use", "kid", "key_ops", "x5c"];
        foreach (var value in values)
        {
            foreach (var (name, change) in inHeader.Select(name => (name, Change(0, name)))
                .Concat(inClaims.Select(name => (name, Change(1, name))))
                .Concat(inKey.Select(name => (name, Change(2, name)))))
            {
                var status = (int)(await SendAsync(token, _key.Prove("GET", Url, token, change: change))).StatusCode;
                Assert.True(status is 200 or 401, $"{status}: {name} {value}");
            }

            Action<JsonObject, JsonObject> Change(int place, string name) => (header, claims) =>
                (place switch { 0 => header, 1 => claims, _ => header["jwk"]!.AsObject() })[name] = JsonNode.Parse(value);
        }
    }

    [Fact]
    public async Task No_header_that_can_be_sent_is_a_fault()
    {
        var token = Realm.MintBound(_key);
        var alphabet = Gen.Char["AZaz09-_.,:;= \"{}[]%\t\u007f\u0080\u00ff€"];
        foreach (var text in Gen.String[alphabet, 0, 80].Array[300].Single())
        {
            var context = await Realm.SendAsync(request =>
            {
                request.Path = "/api/me";
                request.Headers.Authorization = $"DPoP {token}";
                request.Headers["DPoP"] = text;
            });
            Assert.Equal(401, context.Response.StatusCode);
        }
    }

    private static string Encode(string text) =>
        System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(text));

    private Task<HttpResponseMessage> SendAsync(string token, params string[] proofs) =>
        SendAsync(ForgedTokens.NewRequest("GET", Url, $"DPoP {token}", proofs));

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            return await Realm.NewClient(token: null).SendAsync(request, Cancel);
        }
    }

    private async Task AssertMalformedAsync(Action<JsonObject, JsonObject> change, string because)
    {
        var token = Realm.MintBound(_key);
        await AssertRefusedAsync(
            await SendAsync(token, _key.Prove("GET", Url, token, change: change)), ProblemCode.InvalidDpopProof, because);
    }

    private static async Task AssertRefusedAsync(HttpResponseMessage answer, string code, string because, string scheme = "DPoP")
    {
        var problem = await AssertProblemAsync(answer, 401, code);
        Assert.Contains(because, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        var challenge = answer.ChallengeOf(scheme);
        Assert.Contains($"error=\"{code}\"", challenge, StringComparison.Ordinal);
        Assert.All(challenge, character => Assert.InRange(character, ' ', '~'));
        Assert.DoesNotContain("error", answer.ChallengeOf(scheme == "DPoP" ? "Bearer" : "DPoP"), StringComparison.Ordinal);
    }
}
