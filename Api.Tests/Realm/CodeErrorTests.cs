using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>What can go wrong between a code and its tokens.</summary>
public abstract class CodeErrorTests(RealmUnderTest realm) : RealmTests(realm)
{
    [Fact]
    public async Task A_code_used_twice_is_refused()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        AssertError(
            await Realm.RedeemAsync(signedIn.Request, signedIn.Request.CodeFrom(signedIn.Callback)),
            BadRequest,
            "invalid_grant",
            "Code not valid");
    }

    [Fact]
    public async Task A_code_used_twice_takes_its_client_out_of_the_session()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");
        await Realm.RedeemAsync(signedIn.Request, signedIn.Request.CodeFrom(signedIn.Callback));

        Assert.Equal("""{"active":false}""", (await Realm.IntrospectAsync(signedIn.AccessToken)).Text);
        AssertError(
            await Realm.RefreshAsync("acme-admin", signedIn.RefreshToken),
            BadRequest,
            "invalid_grant",
            "Session doesn't have required client");
    }

    [Fact]
    public async Task A_code_of_another_client_is_refused()
    {
        var (request, code) = await GetCodeAsync("acme-admin");

        var answer = await Realm.PostAsync(
            Realm.TokenEndpoint,
            "acme-spa",
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", request["redirect_uri"]!),
            ("code_verifier", request.CodeVerifier));

        AssertError(answer, BadRequest, "invalid_grant", "Auth error: Found different client_id in clientSession");
    }

    [Theory]
    [InlineData("/elsewhere")]
    [InlineData("/signin-oidc/")]
    [InlineData(null)]
    public async Task Another_redirect_URI_than_the_requests_is_refused(string? path)
    {
        var (request, code) = await GetCodeAsync("acme-admin");

        var answer = await Realm.PostAsync(
            Realm.TokenEndpoint,
            "acme-admin",
            [
                ("grant_type", "authorization_code"),
                ("code", code),
                ("code_verifier", request.CodeVerifier),
                .. path is null ? Array.Empty<(string, string)>() : [("redirect_uri", Realm.ApiUrl + path)],
            ]);

        AssertError(answer, BadRequest, "invalid_grant", "Incorrect redirect_uri");
    }

    [Theory]
    [InlineData(null, "PKCE code verifier not specified")]
    [InlineData("short", "PKCE verification failed: Invalid code verifier")]
    [InlineData("another-verifier-that-is-long-enough-to-be-one-0", "PKCE verification failed: Code mismatch")]
    public async Task Another_verifier_than_the_challenges_is_refused(string? verifier, string description)
    {
        var (request, code) = await GetCodeAsync("acme-admin");

        var answer = await Realm.PostAsync(
            Realm.TokenEndpoint,
            "acme-admin",
            [
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", request["redirect_uri"]!),
                .. verifier is null ? Array.Empty<(string, string)>() : [("code_verifier", verifier)],
            ]);

        AssertError(answer, BadRequest, "invalid_grant", description);
    }

    [Fact]
    public async Task A_code_is_spent_by_a_failed_attempt()
    {
        var (request, code) = await GetCodeAsync("acme-spa");
        await Realm.PostAsync(
            Realm.TokenEndpoint,
            "acme-spa",
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", request["redirect_uri"]!),
            ("code_verifier", "another-verifier-that-is-long-enough-to-be-one-0"));

        AssertError(await Realm.RedeemAsync(request, code), BadRequest, "invalid_grant", "Code not valid");
    }

    [Fact]
    public async Task A_wrong_secret_does_not_spend_the_code()
    {
        var (request, code) = await GetCodeAsync("acme-admin");
        var wrong = RealmUnderTest.FormRequest(
            Realm.TokenEndpoint,
            clientId: null,
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", request["redirect_uri"]!),
            ("code_verifier", request.CodeVerifier));
        wrong.Headers.Authorization = RealmUnderTest.Basic("acme-admin", "wrong");

        AssertError(
            await Realm.SendAsync(wrong),
            Unauthorized,
            "unauthorized_client",
            "Invalid client or Invalid client credentials");
        Assert.Equal(OK, (await Realm.RedeemAsync(request, code)).Status);
    }

    [Fact]
    public async Task A_code_of_an_ended_session_is_refused()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");
        var request = new AuthorizationRequest(Realm, "acme-spa");
        var code = request.CodeFrom((await signedIn.Browser.GetAsync(request.Url)).Location!);
        await Realm.PostAsync(Realm.EndSessionEndpoint, "acme-admin", ("refresh_token", signedIn.RefreshToken));

        AssertError(await Realm.RedeemAsync(request, code), BadRequest, "invalid_grant", "Code not valid");
    }

    private async Task<(AuthorizationRequest Request, string Code)> GetCodeAsync(string clientId)
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, clientId);
        return (request, request.CodeFrom(await browser.SignInAsync(request.Url, "ada", "ada")));
    }
}

public sealed class EmbeddedCodeErrorTests(EmbeddedRealmUnderTest realm) : CodeErrorTests(realm);

public sealed class KeycloakCodeErrorTests(KeycloakUnderTest realm) : CodeErrorTests(realm);
