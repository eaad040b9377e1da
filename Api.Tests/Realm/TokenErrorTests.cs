using System.Net.Http.Headers;
using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>The errors that a caller of the token endpoint can cause without anybody signing in.</summary>
public abstract class TokenErrorTests(RealmUnderTest realm) : RealmTests(realm)
{
    private const string InvalidClient = "Invalid client or Invalid client credentials";

    [Fact]
    public async Task A_request_without_grant_type_is_refused()
    {
        var answer = await Realm.PostAsync(Realm.TokenEndpoint, "acme-reader", ("scope", "openid"));

        AssertError(answer, BadRequest, "invalid_request", "Missing form parameter: grant_type");
        Assert.Equal("no-store", answer.Header("Cache-Control"));
        Assert.Equal("no-cache", answer.Header("Pragma"));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("CLIENT_CREDENTIALS")]
    public async Task An_unknown_grant_type_is_refused(string grantType) =>
        AssertError(
            await Realm.PostAsync(Realm.TokenEndpoint, "acme-reader", ("grant_type", grantType)),
            BadRequest,
            "unsupported_grant_type",
            "Unsupported grant_type");

    [Theory]
    [InlineData("grant_type", "client_credentials")]
    [InlineData("anything", "at all")]
    public async Task A_parameter_sent_twice_is_refused(string name, string value) =>
        AssertError(
            await Realm.PostAsync(
                Realm.TokenEndpoint, "acme-reader", ("grant_type", "client_credentials"), (name, value), (name, value)),
            BadRequest,
            "invalid_request",
            "duplicated parameter");

    [Fact]
    public async Task A_request_without_client_is_refused() =>
        AssertError(
            await Realm.PostAsync(Realm.TokenEndpoint, clientId: null, ("grant_type", "client_credentials")),
            Unauthorized,
            "invalid_client",
            InvalidClient);

    [Fact]
    public async Task An_unknown_client_is_refused() =>
        AssertError(
            await Realm.PostAsync(Realm.TokenEndpoint, "acme-stranger", ("grant_type", "client_credentials")),
            Unauthorized,
            "invalid_client",
            InvalidClient);

    [Fact]
    public async Task The_name_of_a_client_has_a_case() =>
        AssertError(
            await Realm.PostAsync(Realm.TokenEndpoint, "ACME-READER", ("grant_type", "client_credentials")),
            Unauthorized,
            "invalid_client",
            InvalidClient);

    [Fact]
    public async Task A_disabled_client_is_refused_even_with_its_secret() =>
        AssertError(
            await Realm.PostAsync(Realm.TokenEndpoint, "acme-retired", ("grant_type", "client_credentials")),
            Unauthorized,
            "invalid_client",
            InvalidClient);

    [Fact]
    public async Task A_wrong_secret_in_the_header_is_refused()
    {
        var request = RealmUnderTest.FormRequest(Realm.TokenEndpoint, clientId: null, ("grant_type", "client_credentials"));
        request.Headers.Authorization = RealmUnderTest.Basic("acme-reader", "wrong");

        var answer = await Realm.SendAsync(request);

        AssertError(answer, Unauthorized, "unauthorized_client", InvalidClient);
        Assert.Null(answer.Header("WWW-Authenticate"));
    }

    [Theory]
    [InlineData("wrong")]
    [InlineData("")]
    [InlineData(null)]
    public async Task A_wrong_secret_in_the_form_is_refused(string? secret) =>
        AssertError(
            await Realm.PostAsync(
                Realm.TokenEndpoint,
                clientId: null,
                [
                    ("grant_type", "client_credentials"),
                    ("client_id", "acme-reader"),
                    .. secret is null ? Array.Empty<(string, string)>() : [("client_secret", secret)],
                ]),
            Unauthorized,
            "unauthorized_client",
            InvalidClient);

    [Fact]
    public async Task A_malformed_header_is_refused()
    {
        var request = RealmUnderTest.FormRequest(Realm.TokenEndpoint, clientId: null, ("grant_type", "client_credentials"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", "%%%");

        AssertError(await Realm.SendAsync(request), Unauthorized, "invalid_client", InvalidClient);
    }

    [Theory]
    [InlineData("client_secret", "wrong")]
    [InlineData("client_id", "acme-writer")]
    public async Task A_form_that_contradicts_the_header_is_refused(string name, string value) =>
        AssertError(
            await Realm.PostAsync(Realm.TokenEndpoint, "acme-reader", ("grant_type", "client_credentials"), (name, value)),
            Unauthorized,
            "unauthorized_client",
            InvalidClient);

    [Fact]
    public async Task A_public_client_has_no_service_account() =>
        AssertError(
            await Realm.PostAsync(Realm.TokenEndpoint, "acme-spa", ("grant_type", "client_credentials")),
            Unauthorized,
            "unauthorized_client",
            "Public client not allowed to retrieve service account");

    [Theory]
    [InlineData("acme-admin")]
    [InlineData("acme-api")]
    public async Task A_client_without_service_account_is_refused(string clientId) =>
        AssertError(
            await Realm.PostAsync(Realm.TokenEndpoint, clientId, ("grant_type", "client_credentials")),
            Unauthorized,
            "unauthorized_client",
            "Client not enabled to retrieve service account");

    [Theory]
    [InlineData("nonsense")]
    [InlineData("openid nonsense")]
    [InlineData("Books:Read")]
    [InlineData("groups")]
    [InlineData("")]
    public async Task A_scope_that_the_client_has_not_is_refused(string scope) =>
        AssertError(
            await Realm.PostAsync(Realm.TokenEndpoint, "acme-reader", ("grant_type", "client_credentials"), ("scope", scope)),
            BadRequest,
            "invalid_scope",
            $"Invalid scopes: {scope}");

    [Theory]
    [InlineData("acme-spa")]
    [InlineData("acme-admin")]
    [InlineData("acme-api")]
    public async Task The_password_grant_is_off(string clientId) =>
        AssertError(
            await Realm.PostAsync(
                Realm.TokenEndpoint, clientId, ("grant_type", "password"), ("username", "ada"), ("password", "ada")),
            BadRequest,
            "unauthorized_client",
            "Client not allowed for direct access grants");

    [Fact]
    public async Task The_device_grant_is_off() =>
        AssertError(
            await Realm.PostAsync(
                Realm.TokenEndpoint,
                "acme-spa",
                ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
                ("device_code", "anything")),
            BadRequest,
            "invalid_grant",
            "Client not allowed OAuth 2.0 Device Authorization Grant");

    [Fact]
    public async Task Token_exchange_is_off()
    {
        var token = (await Realm.GetServiceTokenAsync("acme-reader"))["access_token"];

        var answer = await Realm.PostAsync(
            Realm.TokenEndpoint,
            "acme-reader",
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", token),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"));

        AssertError(
            answer, BadRequest, "invalid_request", "Standard token exchange is not enabled for the requested client");
    }

    [Fact]
    public async Task A_request_without_code_is_refused() =>
        AssertError(
            await Realm.PostAsync(Realm.TokenEndpoint, "acme-admin", ("grant_type", "authorization_code")),
            BadRequest,
            "invalid_request",
            "Missing parameter: code");

    [Theory]
    [InlineData("nonsense")]
    [InlineData("b0f59648-c215-acc0-6a26-b4894009ac3b.yBrq1SPNwOOaqZLDWj2wmkgI.d35c054e-1b73-405f-951b-a2d317db4b0a")]
    public async Task An_unknown_code_is_refused(string code) =>
        AssertError(
            await Realm.RedeemAsync(new AuthorizationRequest(Realm, "acme-admin"), code),
            BadRequest,
            "invalid_grant",
            "Code not valid");

    [Fact]
    public async Task A_request_without_refresh_token_is_refused() =>
        AssertError(
            await Realm.PostAsync(Realm.TokenEndpoint, "acme-admin", ("grant_type", "refresh_token")),
            BadRequest,
            "invalid_request",
            "No refresh token");

    [Fact]
    public async Task Garbage_as_refresh_token_is_refused() =>
        AssertError(
            await Realm.RefreshAsync("acme-admin", "garbage"), BadRequest, "invalid_grant", "Invalid refresh token");

    [Fact]
    public async Task A_service_token_as_refresh_token_is_refused()
    {
        var token = (await Realm.GetServiceTokenAsync("acme-reader"))["access_token"];

        AssertError(
            await Realm.RefreshAsync("acme-reader", token), BadRequest, "invalid_grant", "Invalid refresh token");
    }
}

public sealed class EmbeddedTokenErrorTests(EmbeddedRealmUnderTest realm) : TokenErrorTests(realm);

public sealed class KeycloakTokenErrorTests(KeycloakUnderTest realm) : TokenErrorTests(realm);
