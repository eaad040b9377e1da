using System.Net;
using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

public abstract class AuthorizationErrorTests(RealmUnderTest realm) : RealmTests(realm)
{
    [Theory]
    [InlineData("client_id", "acme-stranger", "Client not found.")]
    [InlineData("client_id", null, "Invalid Request")]
    [InlineData("client_id", "acme-retired", "Client disabled.")]
    [InlineData("redirect_uri", null, "Invalid parameter: redirect_uri")]
    [InlineData("redirect_uri", "", "Invalid parameter: redirect_uri")]
    [InlineData("redirect_uri", "http://elsewhere.test/signin-oidc", "Invalid parameter: redirect_uri")]
    [InlineData("request", "garbage", "Invalid Request")]
    [InlineData("request_uri", "urn:ietf:params:oauth:request_uri:nonsense", "Invalid Request")]
    [InlineData("max_age", "soon", "Invalid Request")]
    [InlineData("prompt", "create", "Registration not allowed")]
    public async Task What_cannot_be_told_to_the_client_is_told_to_the_person(string name, string? value, string instruction)
    {
        using var browser = Realm.NewBrowser();

        AssertErrorPage(
            await browser.GetAsync(new AuthorizationRequest(Realm, "acme-admin").With(name, value).Url),
            BadRequest,
            instruction);
    }

    [Theory]
    [InlineData("/signin-oidc/")]
    [InlineData("/SIGNIN-OIDC")]
    [InlineData("/signin-oidc?x=1")]
    [InlineData("/signin-oidc#x")]
    [InlineData("/signin-oidc?state=mine")]
    [InlineData("/signin%2Doidc")]
    [InlineData("/elsewhere/../signin-oidc")]
    [InlineData("/")]
    [InlineData("")]
    public async Task A_redirect_URI_must_match_to_the_letter(string path)
    {
        using var browser = Realm.NewBrowser();

        AssertErrorPage(
            await browser.GetAsync(
                new AuthorizationRequest(Realm, "acme-admin").With("redirect_uri", Realm.ApiUrl + path).Url),
            BadRequest,
            "Invalid parameter: redirect_uri");
    }

    [Fact]
    public async Task The_other_clients_redirect_URI_is_refused()
    {
        using var browser = Realm.NewBrowser();

        AssertErrorPage(
            await browser.GetAsync(
                new AuthorizationRequest(Realm, "acme-admin").With("redirect_uri", Realm.RedirectUriOf("acme-spa")).Url),
            BadRequest,
            "Invalid parameter: redirect_uri");
    }

    [Fact]
    public async Task A_client_without_redirect_URIs_signs_nobody_in()
    {
        using var browser = Realm.NewBrowser();

        AssertErrorPage(
            await browser.GetAsync(new AuthorizationRequest(Realm, "acme-admin").With("client_id", "acme-api").Url),
            BadRequest,
            "Invalid parameter: redirect_uri");
    }

    [Theory]
    [InlineData("response_type", null, "invalid_request", "Missing parameter: response_type")]
    [InlineData("response_type", "nonsense", "unsupported_response_type", null)]
    [InlineData("response_mode", "nonsense", "invalid_request", "Invalid parameter: response_mode")]
    [InlineData("scope", "openid nonsense", "invalid_scope", "Invalid scopes: openid nonsense")]
    [InlineData("scope", "openid books:read", "invalid_scope", "Invalid scopes: openid books:read")]
    [InlineData("code_challenge_method", null, "invalid_request", "Missing parameter: code_challenge_method")]
    [InlineData(
        "code_challenge_method", "plain", "invalid_request", "Invalid parameter: code challenge method is not matching the configured one")]
    [InlineData(
        "code_challenge_method", "S512", "invalid_request", "Invalid parameter: code challenge method is not matching the configured one")]
    [InlineData("code_challenge", null, "invalid_request", "Missing parameter: code_challenge")]
    [InlineData("code_challenge", "short", "invalid_request", "Invalid parameter: code_challenge")]
    public async Task What_the_client_did_wrong_is_told_to_the_client(
        string name,
        string? value,
        string error,
        string? description)
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, "acme-admin").With(name, value);

        var answer = await browser.GetAsync(request.Url);

        AssertRedirect(answer, $"{Realm.RedirectUriOf("acme-admin")}?", ErrorParameters(error, description, request["state"]));
    }

    [Theory]
    [InlineData("acme-admin")]
    [InlineData("acme-spa")]
    public async Task Proof_of_possession_of_the_code_is_required(string clientId)
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, clientId).Without("code_challenge", "code_challenge_method");

        var answer = await browser.GetAsync(request.Url);

        AssertRedirect(
            answer,
            $"{Realm.RedirectUriOf(clientId)}?",
            ErrorParameters("invalid_request", "Missing parameter: code_challenge_method", request["state"]));
    }

    [Theory]
    [InlineData("acme-admin", "id_token token")]
    [InlineData("acme-spa", "token")]
    [InlineData("acme-spa", "id_token")]
    public async Task The_implicit_flow_is_off(string clientId, string responseType)
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, clientId).With("response_type", responseType);

        var answer = await browser.GetAsync(request.Url);

        AssertRedirect(
            answer,
            $"{Realm.RedirectUriOf(clientId)}#",
            ErrorParameters(
                "unauthorized_client",
                "Client is not allowed to initiate browser login with given response_type. Implicit flow is disabled for the client.",
                request["state"]));
    }

    [Theory]
    [InlineData("state")]
    [InlineData("anything")]
    public async Task A_parameter_sent_twice_is_refused(string name)
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, "acme-admin").With(name, "a").WithAnother(name, "b");

        var answer = await browser.GetAsync(request.Url);

        AssertRedirect(
            answer,
            $"{Realm.RedirectUriOf("acme-admin")}?",
            ErrorParameters("invalid_request", "duplicated parameter", request["state"]));
    }

    [Fact]
    public async Task An_error_without_state_carries_none()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, "acme-admin").Without("state").With("scope", "nonsense");

        var answer = await browser.GetAsync(request.Url);

        AssertRedirect(
            answer,
            $"{Realm.RedirectUriOf("acme-admin")}?",
            ErrorParameters("invalid_scope", "Invalid scopes: nonsense", state: null));
    }

    [Fact]
    public async Task Offline_access_is_not_the_clients()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, "acme-spa").With("scope", "openid offline_access");

        AssertRedirect(
            await browser.GetAsync(request.Url),
            $"{Realm.RedirectUriOf("acme-spa")}?",
            ErrorParameters("invalid_scope", "Invalid scopes: openid offline_access", request["state"]));
    }

    private string[] ErrorParameters(string error, string? description, string? state) =>
    [
        $"error={error}",
        .. description is null ? Array.Empty<string>() : [$"error_description={WebUtility.UrlEncode(description)}"],
        .. state is null ? Array.Empty<string>() : [$"state={state}"],
        $"iss={EncodedIssuer}",
    ];
}

public sealed class EmbeddedAuthorizationErrorTests(EmbeddedRealmUnderTest realm) : AuthorizationErrorTests(realm);

public sealed class KeycloakAuthorizationErrorTests(KeycloakUnderTest realm) : AuthorizationErrorTests(realm);
