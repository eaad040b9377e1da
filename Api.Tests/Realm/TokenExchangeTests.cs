using System.Net;
using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>Standard token exchange (RFC 8693).</summary>
public abstract class TokenExchangeTests(RealmUnderTest realm) : RealmTests(realm.Features)
{
    private const string AccessToken = "urn:ietf:params:oauth:token-type:access_token";

    [Fact]
    public async Task A_persons_token_becomes_the_clients_narrowed_to_an_audience()
    {
        var answer = await ExchangeAsync("exchange-worker", await PersonsTokenAsync(), ("audience", "orders-api"));

        Assert.True(answer.Status is OK, answer.ToString());
        AssertMembers(
            "access_token expires_in refresh_expires_in token_type not-before-policy session_state scope issued_token_type", answer.Json);
        Assert.Equal(AccessToken, answer["issued_token_type"]);
        var token = Jwt.Decode(answer["access_token"]);
        Assert.Equal("exchange-worker", token["azp"]);
        Assert.Equal("orders-api", token["aud"]);
        Assert.Equal("ada", token["preferred_username"]);
        Assert.StartsWith("ntrtte:", token["jti"], StringComparison.Ordinal);
        Assert.Empty(token.Payload.GetProperty("resource_access").EnumerateObject());
        Assert.True((await Realm.IntrospectAsync(answer["access_token"], "orders-api")).Json.GetProperty("active").GetBoolean());
    }

    [Fact]
    public async Task Who_is_not_in_the_audience_exchanges_nothing() => AssertError(
        await ExchangeAsync("exchange-worker", (await Realm.GetServiceTokenAsync("plain-worker"))["access_token"]),
        Forbidden,
        "access_denied",
        "Client is not within the token audience");

    [Theory]
    [InlineData(
        "plain-worker",
        "audience",
        "orders-api",
        400,
        "invalid_request",
        "Standard token exchange is not enabled for the requested client")]
    [InlineData("exchange-worker", "audience", "documents-api", 400, "invalid_request", "Requested audience not available: documents-api")]
    [InlineData("exchange-worker", "audience", "nobody", 400, "invalid_client", "Audience not found")]
    [InlineData("exchange-worker", "scope", "nonsense", 400, "invalid_scope", "Invalid scopes: nonsense")]
    [InlineData("exchange-worker", "requested_token_type", "magic", 400, "invalid_request", "requested_token_type unsupported")]
    public async Task What_cannot_be_had_is_refused(string clientId, string name, string value, int status, string error, string reason) =>
        AssertError(await ExchangeAsync(clientId, await PersonsTokenAsync(), (name, value)), (HttpStatusCode)status, error, reason);

    [Fact]
    public async Task Only_a_good_access_token_is_taken() =>
        AssertError(await ExchangeAsync("exchange-worker", "garbage"), BadRequest, "invalid_request", "Invalid token");

    private async Task<string> PersonsTokenAsync() => (await Realm.PostAsync(
        Realm.TokenEndpoint,
        clientId: null,
        ("client_id", "cli"),
        ("grant_type", "password"),
        ("username", "ada"),
        ("password", "ada")))["access_token"];

    private Task<RealmAnswer> ExchangeAsync(string clientId, string token, params (string Name, string Value)[] more) => Realm.PostAsync(
        Realm.TokenEndpoint,
        clientId,
        [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", token),
            ("subject_token_type", AccessToken),
            .. more,
        ]);
}

public sealed class EmbeddedTokenExchangeTests(EmbeddedRealmUnderTest realm) : TokenExchangeTests(realm);

public sealed class KeycloakTokenExchangeTests(KeycloakUnderTest realm) : TokenExchangeTests(realm);
