using System.Text.Json;
using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>Tokens that are bound to a key (RFC 9449).</summary>
public abstract class DpopTests(RealmUnderTest realm) : RealmTests(realm.Features)
{
    [Fact]
    public async Task A_token_is_bound_to_the_key_of_the_proof()
    {
        using var key = new DpopKey();

        var answer = await AskAsync(key.Prove("POST", Realm.TokenEndpoint));

        Assert.Equal("DPoP", answer["token_type"]);
        var token = Jwt.Decode(answer["access_token"]);
        Assert.Equal("DPoP", token["typ"]);
        Assert.Equal(
            $$"""{"jkt":"{{key.Thumbprint}}","kc-jkt-type":"DPoP"}""", JsonSerializer.Serialize(token.Payload.GetProperty("cnf")));
        var introspected = await Realm.IntrospectAsync(answer["access_token"], "orders-api");
        Assert.Equal(key.Thumbprint, introspected.Json.GetProperty("cnf").GetProperty("jkt").GetString());
        Assert.Equal("DPoP", introspected["token_type"]);
    }

    [Fact]
    public async Task A_client_that_must_prove_and_does_not_is_refused() => AssertError(
        await Realm.PostAsync(Realm.TokenEndpoint, "bound-worker", ("grant_type", "client_credentials")),
        BadRequest,
        "invalid_request",
        "DPoP proof is missing");

    [Theory]
    [InlineData("GET", "", 0, "DPoP HTTP method mismatch")]
    [InlineData("POST", "/x", 0, "DPoP HTTP URL mismatch")]
    [InlineData("POST", "", 3600, "DPoP proof is not active")]
    [InlineData("POST", "", -3600, "DPoP proof is not active")]
    public async Task A_proof_of_something_else_is_refused(string method, string path, long age, string reason)
    {
        using var key = new DpopKey();

        AssertError(await AskAsync(key.Prove(method, Realm.TokenEndpoint + path, age: age)), BadRequest, "invalid_request", reason);
    }

    [Fact]
    public async Task A_proof_is_good_once()
    {
        using var key = new DpopKey();
        var proof = key.Prove("POST", Realm.TokenEndpoint);

        Assert.Equal(OK, (await AskAsync(proof)).Status);
        AssertError(await AskAsync(proof), BadRequest, "invalid_request", "DPoP proof has already been used");
    }

    [Fact]
    public async Task A_tampered_proof_is_refused()
    {
        using var key = new DpopKey();

        AssertError(
            await AskAsync(Jwt.Tamper(key.Prove("POST", Realm.TokenEndpoint))),
            BadRequest,
            "invalid_request",
            "DPoP verification failure: org.keycloak.exceptions.TokenSignatureInvalidException: Invalid token signature");
    }

    [Fact]
    public async Task UserInfo_wants_the_token_with_a_proof_of_its_key()
    {
        using var key = new DpopKey();
        using var other = new DpopKey();
        var token = (await AskAsync(key.Prove("POST", Realm.TokenEndpoint), "openid"))["access_token"];

        Assert.Equal(OK, (await ShowAsync("DPoP", token, key.Prove("GET", Realm.UserInfoEndpoint, token))).Status);
        Assert.Equal(Unauthorized, (await ShowAsync("DPoP", token, other.Prove("GET", Realm.UserInfoEndpoint, token))).Status);
        Assert.Equal(Unauthorized, (await ShowAsync("DPoP", token, key.Prove("GET", Realm.UserInfoEndpoint))).Status);
        Assert.Equal(Unauthorized, (await Realm.GetUserInfoAsync(token)).Status);
    }

    [Fact]
    public async Task A_public_clients_refresh_token_is_bound_too()
    {
        using var key = new DpopKey();
        using var other = new DpopKey();
        var refreshToken = (await SendAsync(
            key, "cli", ("grant_type", "password"), ("username", "ada"), ("password", "ada")))["refresh_token"];
        (string, string)[] refresh = [("grant_type", "refresh_token"), ("refresh_token", refreshToken)];

        AssertError(
            await Realm.PostAsync(Realm.TokenEndpoint, clientId: null, [("client_id", "cli"), .. refresh]),
            BadRequest,
            "invalid_grant",
            "DPoP proof is missing");
        AssertError(await SendAsync(other, "cli", refresh), BadRequest, "invalid_grant", "DPoP confirmation doesn't match DPoP proof");
        Assert.Equal(OK, (await SendAsync(key, "cli", refresh)).Status);
    }

    private Task<RealmAnswer> SendAsync(DpopKey key, string publicClient, params (string Name, string Value)[] form)
    {
        var request = RealmUnderTest.FormRequest(Realm.TokenEndpoint, clientId: null, [("client_id", publicClient), .. form]);
        request.Headers.Add("DPoP", key.Prove("POST", Realm.TokenEndpoint));
        return Realm.SendAsync(request);
    }

    private Task<RealmAnswer> AskAsync(string proof, string scope = "email")
    {
        var request = RealmUnderTest.FormRequest(
            Realm.TokenEndpoint, "bound-worker", ("grant_type", "client_credentials"), ("scope", scope));
        request.Headers.Add("DPoP", proof);
        return Realm.SendAsync(request);
    }

    private Task<RealmAnswer> ShowAsync(string scheme, string token, string proof) =>
        Realm.GetAsync(Realm.UserInfoEndpoint, ("Authorization", $"{scheme} {token}"), ("DPoP", proof));
}

public sealed class EmbeddedDpopTests(EmbeddedRealmUnderTest realm) : DpopTests(realm);

public sealed class KeycloakDpopTests(KeycloakUnderTest realm) : DpopTests(realm);
