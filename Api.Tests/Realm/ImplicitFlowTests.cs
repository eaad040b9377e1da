using System.Net;
using System.Text.Json;
using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>Tokens from the authorization endpoint itself: the implicit flow without a code, the hybrid flow with one.</summary>
public abstract class ImplicitFlowTests(RealmUnderTest realm) : RealmTests(realm.Flows)
{
    private const string Hybrid = "hybrid-ui";
    private const string Token = "access_token token_type=Bearer expires_in";

    [Theory]
    [InlineData("id_token", "id_token")]
    [InlineData("token", Token)]
    [InlineData("id_token token", $"id_token {Token}")]
    [InlineData("token id_token", $"id_token {Token}")]
    [InlineData("code id_token", "code id_token")]
    [InlineData("code token", $"code {Token}")]
    [InlineData("token code", $"code {Token}")]
    [InlineData("code id_token token", $"code id_token {Token}")]
    public async Task The_fragment_holds_what_was_asked_for(string responseType, string parameters)
    {
        using var browser = Realm.NewBrowser();
        var request = RequestOf(Hybrid, responseType);

        var answer = await SignInAsync(browser, request);

        AssertRedirect(
            answer,
            request["redirect_uri"] + "#",
            [$"state={request["state"]}", "session_state", $"iss={EncodedIssuer}", .. parameters.Split(' ')]);
    }

    [Fact]
    public async Task Without_anything_asked_for_there_is_the_session_alone()
    {
        using var browser = Realm.NewBrowser();
        var request = RequestOf(Hybrid, "none");

        AssertRedirect(
            await SignInAsync(browser, request),
            request["redirect_uri"] + "?",
            $"state={request["state"]}",
            "session_state",
            $"iss={EncodedIssuer}");
    }

    [Fact]
    public async Task The_ID_token_vouches_for_what_comes_with_it()
    {
        using var browser = Realm.NewBrowser();
        var request = RequestOf(Hybrid, "code id_token token");

        var sent = Fragment(await SignInAsync(browser, request));

        var token = Jwt.Decode(sent["id_token"]);
        AssertMembers(
            "exp iat auth_time jti iss aud sub typ azp nonce sid at_hash c_hash acr s_hash email_verified name preferred_username "
                + "given_name family_name email",
            token.Payload);
        Assert.Equal(AccessTokenHash(sent["access_token"]), token["at_hash"]);
        Assert.Equal(AccessTokenHash(sent["code"]), token["c_hash"]);
        Assert.Equal(AccessTokenHash(request["state"]!), token["s_hash"]);
        Assert.Equal(request["nonce"], token["nonce"]);
        Assert.Equal("1", token["acr"]);
        Assert.Equal(sent["session_state"], token["sid"]);
    }

    [Fact]
    public async Task What_is_not_there_is_not_vouched_for()
    {
        using var browser = Realm.NewBrowser();
        var request = RequestOf(Hybrid, "id_token").Without("state").With("scope", "email");

        var answer = await SignInAsync(browser, request);

        AssertRedirect(answer, request["redirect_uri"] + "#", "session_state", $"iss={EncodedIssuer}", "id_token");
        var token = Jwt.Decode(Fragment(answer)["id_token"]);
        Assert.Equal("absent absent absent", $"{Hash("at_hash")} {Hash("c_hash")} {Hash("s_hash")}");

        string Hash(string name) => token.Payload.TryGetProperty(name, out var value) ? value.GetString()! : "absent";
    }

    [Theory]
    [InlineData("token", 77)]
    [InlineData("id_token token", 77)]
    [InlineData("code token", 33)]
    public async Task Without_a_code_there_is_a_lifespan_of_its_own(string responseType, int seconds)
    {
        using var browser = Realm.NewBrowser();

        var sent = Fragment(await SignInAsync(browser, RequestOf(Hybrid, responseType)));

        AssertSeconds(seconds, int.Parse(sent["expires_in"], System.Globalization.CultureInfo.InvariantCulture));
        var token = Jwt.Decode(sent["access_token"]);
        AssertSeconds(seconds, token.Number("exp") - token.Number("iat"));
        Assert.StartsWith("onrtna:", token["jti"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_access_token_and_the_code_are_like_others()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Hybrid).With("response_type", "code token");
        var sent = Fragment(await SignInAsync(browser, request));

        Assert.Equal(OK, (await Realm.GetUserInfoAsync(sent["access_token"])).Status);
        var tokens = await Realm.RedeemAsync(request, sent["code"]);
        Assert.Equal(OK, tokens.Status);
        Assert.False(Jwt.Decode(tokens["id_token"]).Payload.TryGetProperty("s_hash", out _));
    }

    [Fact]
    public async Task Whoever_is_signed_in_gets_another_token_without_a_page()
    {
        using var browser = Realm.NewBrowser();
        await SignInAsync(browser, RequestOf(Hybrid, "token"));

        var sent = Fragment(await browser.GetAsync(RequestOf("implicit-ui", "id_token token").With("prompt", "none").Url));

        Assert.Equal("0", Jwt.Decode(sent["access_token"])["acr"]);
        Assert.Equal("0", Jwt.Decode(sent["id_token"])["acr"]);
    }

    [Fact]
    public async Task Whoever_is_not_is_told_about_in_the_fragment()
    {
        using var browser = Realm.NewBrowser();
        var request = RequestOf("implicit-ui", "token").With("prompt", "none");

        AssertRedirect(
            await browser.GetAsync(request.Url),
            request["redirect_uri"] + "#",
            "error=login_required",
            $"state={request["state"]}",
            $"iss={EncodedIssuer}");
    }

    [Theory]
    [InlineData("id_token", true)]
    [InlineData("id_token token", true)]
    [InlineData("code id_token", true)]
    [InlineData("token", false)]
    [InlineData("code token", false)]
    public async Task An_ID_token_needs_a_nonce(string responseType, bool isNeeded)
    {
        using var browser = Realm.NewBrowser();
        var request = RequestOf(Hybrid, responseType).Without("nonce");
        if (isNeeded)
        {
            await AssertRefusedAsync(request, '#', "invalid_request", "Missing parameter: nonce");
            return;
        }

        Assert.Contains("access_token", (IReadOnlyDictionary<string, string>)Fragment(await SignInAsync(browser, request)));
    }

    [Theory]
    [InlineData("id_token", "query", "Response_mode 'query' not allowed for implicit or hybrid flow")]
    [InlineData("code token", "query", "Response_mode 'query' not allowed for implicit or hybrid flow")]
    [InlineData("token", "nonsense", "Invalid parameter: response_mode")]
    public Task Tokens_are_not_sent_in_a_query(string responseType, string mode, string description) =>
        AssertRefusedAsync(RequestOf(Hybrid, responseType).With("response_mode", mode), '?', "invalid_request", description);

    [Fact]
    public async Task Nor_signed_in_a_query()
    {
        using var browser = Realm.NewBrowser();
        var request = RequestOf(Hybrid, "token").With("response_mode", "query.jwt");

        var sent = AssertRedirect(await browser.GetAsync(request.Url), request["redirect_uri"] + "?", "response");

        Assert.Equal(
            "Response_mode 'query.jwt' is allowed only when the authorization response token is encrypted",
            Jwt.Decode(sent["response"])["error_description"]);
    }

    [Fact]
    public async Task A_form_carries_them_too()
    {
        using var browser = Realm.NewBrowser();

        var page = await SignInAsync(browser, RequestOf(Hybrid, "code id_token token").With("response_mode", "form_post"));

        Assert.Equal(OK, page.Status);
        AssertWords(
            "access_token code expires_in id_token iss session_state state token_type",
            string.Join(' ', page.Page.QuerySelectorAll("form input[type=hidden]").Select(input => input.GetAttribute("name"))));
    }

    [Theory]
    [InlineData("jwt")]
    [InlineData("fragment.jwt")]
    public async Task A_signed_response_carries_them_too(string mode)
    {
        using var browser = Realm.NewBrowser();
        var request = RequestOf(Hybrid, "code id_token token").With("response_mode", mode);

        var sent = AssertRedirect(await SignInAsync(browser, request), request["redirect_uri"] + "#", "response");

        var response = Jwt.Decode(sent["response"]);
        // Keycloak writes the issuer twice.
        AssertWords(
            "exp iss aud state session_state code id_token access_token token_type expires_in",
            string.Join(' ', response.Payload.EnumerateObject().Select(claim => claim.Name).Distinct(StringComparer.Ordinal)));
        Assert.Equal(JsonValueKind.String, response.Payload.GetProperty("expires_in").ValueKind);
    }

    [Theory]
    [InlineData("code-ui", "token", "Implicit")]
    [InlineData("code-ui", "code id_token", "Implicit")]
    [InlineData("implicit-ui", "code token", "Standard")]
    public Task A_client_without_a_flow_is_refused_in_the_fragment(string clientId, string responseType, string flow) => AssertRefusedAsync(
        RequestOf(clientId, responseType),
        '#',
        "unauthorized_client",
        $"Client is not allowed to initiate browser login with given response_type. {flow} flow is disabled for the client.");

    [Theory]
    [InlineData("implicit-ui", "code")]
    [InlineData("implicit-ui", "none")]
    public Task And_in_the_query_where_there_would_be_no_tokens(string clientId, string responseType) => AssertRefusedAsync(
        RequestOf(clientId, responseType),
        '?',
        "unauthorized_client",
        "Client is not allowed to initiate browser login with given response_type. Standard flow is disabled for the client.");

    [Theory]
    [InlineData("none id_token")]
    [InlineData("code  token")]
    [InlineData("Token")]
    [InlineData("")]
    public Task Unknown_types_are_refused(string responseType) =>
        AssertRefusedAsync(RequestOf(Hybrid, responseType), '?', "unsupported_response_type", description: null);

    [Fact]
    public Task A_code_that_needs_proof_needs_it_beside_tokens_too() => AssertRefusedAsync(
        RequestOf("challenged-ui", "code token"), '#', "invalid_request", "Missing parameter: code_challenge_method");

    [Fact]
    public async Task Without_a_code_there_is_nothing_to_prove()
    {
        using var browser = Realm.NewBrowser();

        var sent = Fragment(await SignInAsync(browser, RequestOf("challenged-ui", "token").With("code_challenge", "short")));

        Assert.NotEmpty(sent["access_token"]);
    }

    [Theory]
    [InlineData("token")]
    [InlineData("code id_token")]
    public Task Tokens_that_must_be_bound_to_a_key_are_not_sent(string responseType) => AssertRefusedAsync(
        RequestOf("bound-ui", responseType),
        '#',
        "unauthorized_client",
        "DPoP is not supported for implicit nor hybrid flows. Client requires DPoP bound access tokens.");

    [Theory]
    [InlineData("invalid_scope", "Invalid scopes: nonsense", "scope", "nonsense")]
    [InlineData("invalid_request", "duplicated parameter", "display", "twice")]
    public Task Other_errors_are_in_the_fragment(string error, string description, string name, string value)
    {
        var request = RequestOf(Hybrid, "token").With(name, value);
        return AssertRefusedAsync(value is "twice" ? request.WithAnother(name, value) : request, '#', error, description);
    }

    [Theory]
    [InlineData("code")]
    [InlineData("id_token")]
    public async Task A_client_may_do_without_session_and_issuer(string responseType)
    {
        using var browser = Realm.NewBrowser();
        var mark = responseType is "code" ? '?' : '#';
        var sessionless = RequestOf("sessionless-ui", responseType);
        var issuerless = RequestOf("issuerless-ui", responseType);

        AssertRedirect(
            await SignInAsync(browser, sessionless),
            sessionless["redirect_uri"] + mark,
            $"state={sessionless["state"]}",
            $"iss={EncodedIssuer}",
            responseType);
        AssertRedirect(
            await browser.GetAsync(issuerless.Url),
            issuerless["redirect_uri"] + mark,
            $"state={issuerless["state"]}",
            "session_state",
            responseType);
        AssertRedirect(
            await browser.GetAsync(issuerless.With("scope", "nonsense").Url),
            issuerless["redirect_uri"] + mark,
            "error=invalid_scope",
            "error_description=Invalid+scopes%3A+nonsense",
            $"state={issuerless["state"]}");
    }

    private AuthorizationRequest RequestOf(string clientId, string responseType) => new AuthorizationRequest(Realm, clientId)
        .Without("code_challenge", "code_challenge_method")
        .With("response_type", responseType);

    private static async Task<RealmAnswer> SignInAsync(RealmBrowser browser, AuthorizationRequest request) =>
        await browser.SubmitLoginAsync(await browser.GetAsync(request.Url), "ada", "ada");

    private static Dictionary<string, string> Fragment(RealmAnswer answer)
    {
        Assert.True(answer.Status is Redirect, answer.ToString());
        return answer.Header("Location")!.Split('#')[1].Split('&')
            .Select(pair => pair.Split('='))
            .ToDictionary(pair => pair[0], pair => WebUtility.UrlDecode(pair[1]), StringComparer.Ordinal);
    }

    private async Task AssertRefusedAsync(AuthorizationRequest request, char mark, string error, string? description)
    {
        using var browser = Realm.NewBrowser();
        AssertRedirect(
            await browser.GetAsync(request.Url),
            request["redirect_uri"] + mark,
            [
                $"error={error}",
                .. description is null ? Array.Empty<string>() : [$"error_description={WebUtility.UrlEncode(description)}"],
                $"state={request["state"]}",
                $"iss={EncodedIssuer}",
            ]);
    }
}

public sealed class EmbeddedImplicitFlowTests(EmbeddedRealmUnderTest realm) : ImplicitFlowTests(realm);

public sealed class KeycloakImplicitFlowTests(KeycloakUnderTest realm) : ImplicitFlowTests(realm);
