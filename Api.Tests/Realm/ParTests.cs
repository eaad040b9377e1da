using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>Pushed authorization requests, RFC 9126.</summary>
public abstract class ParTests(RealmUnderTest realm) : RealmTests(realm)
{
    [Theory]
    [InlineData("acme-admin")]
    [InlineData("acme-spa")]
    public async Task A_pushed_request_signs_in_once(string clientId)
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, clientId);

        var pushed = await PushAsync(request);

        Assert.Equal(Created, pushed.Status);
        AssertMembers("request_uri expires_in", pushed.Json);
        Assert.Equal(60, pushed.Json.GetProperty("expires_in").GetInt32());
        Assert.Matches(
            "^urn:ietf:params:oauth:request_uri:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", pushed["request_uri"]);

        var url = UrlOf(clientId, pushed["request_uri"]);
        var callback = await browser.SignInAsync(url, "ada", "ada");
        Assert.Equal(OK, (await Realm.RedeemAsync(request, request.CodeFrom(callback))).Status);
        using var another = Realm.NewBrowser();
        AssertErrorPage(await another.GetAsync(url), BadRequest, "Invalid Request");
    }

    [Fact]
    public async Task A_pushed_request_leads_to_the_login_page_by_a_redirect()
    {
        using var browser = Realm.NewBrowser();
        var pushed = await PushAsync(new(Realm, "acme-admin"));

        var answer = await browser.SendAsync(new(HttpMethod.Get, UrlOf("acme-admin", pushed["request_uri"])));

        Assert.Equal(Redirect, answer.Status);
        Assert.StartsWith($"{Realm.Issuer}/login-actions/authenticate?", answer.Header("Location"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_client_cannot_use_a_pushed_request()
    {
        using var browser = Realm.NewBrowser();
        var pushed = await PushAsync(new(Realm, "acme-admin"));

        AssertErrorPage(
            await browser.GetAsync(UrlOf("acme-spa", pushed["request_uri"])),
            BadRequest,
            "Invalid parameter: redirect_uri");
    }

    [Fact]
    public async Task A_wrong_secret_is_refused()
    {
        var request = new AuthorizationRequest(Realm, "acme-admin");
        var push = RealmUnderTest.FormRequest(
            Realm.ParEndpoint, clientId: null, [.. request.Parameters.Select(parameter => (parameter.Key, parameter.Value))]);
        push.Headers.Authorization = RealmUnderTest.Basic("acme-admin", "wrong");

        AssertError(await Realm.SendAsync(push), Unauthorized, "invalid_request", "Authentication failed.");
    }

    [Fact]
    public async Task A_redirect_URI_that_is_not_registered_is_refused() =>
        AssertError(
            await PushAsync(new AuthorizationRequest(Realm, "acme-admin").With("redirect_uri", $"{Realm.ApiUrl}/elsewhere")),
            BadRequest,
            "invalid_request",
            "Invalid parameter: redirect_uri");

    [Fact]
    public async Task Proof_of_possession_of_the_code_is_required() =>
        AssertError(
            await PushAsync(new AuthorizationRequest(Realm, "acme-admin").Without("code_challenge", "code_challenge_method")),
            BadRequest,
            "invalid_request",
            "Missing parameter: code_challenge_method");

    [Fact]
    public async Task A_scope_that_the_client_has_not_is_refused() =>
        AssertError(
            await PushAsync(new AuthorizationRequest(Realm, "acme-admin").With("scope", "openid nonsense")),
            BadRequest,
            "invalid_request",
            "Invalid scopes: openid nonsense");

    private Task<RealmAnswer> PushAsync(AuthorizationRequest request) => Realm.PostAsync(
        Realm.ParEndpoint,
        request.ClientId,
        [.. request.Without("client_id").Parameters.Select(parameter => (parameter.Key, parameter.Value))]);

    private string UrlOf(string clientId, string requestUri) => AuthorizationRequest.Append(
        Realm.AuthorizationEndpoint, ("client_id", clientId), ("request_uri", requestUri));
}

public sealed class EmbeddedParTests(EmbeddedRealmUnderTest realm) : ParTests(realm);

public sealed class KeycloakParTests(KeycloakUnderTest realm) : ParTests(realm);
