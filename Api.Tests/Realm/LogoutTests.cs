using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

public abstract class LogoutTests(RealmUnderTest realm) : RealmTests(realm)
{
    [Theory]
    [InlineData("acme-admin")]
    [InlineData("acme-spa")]
    public async Task An_ID_token_hint_ends_the_session_without_a_question(string clientId)
    {
        var signedIn = await Realm.SignInAsync(clientId, "ada");

        var answer = await signedIn.Browser.GetAsync(EndSession(
            ("id_token_hint", signedIn.IdToken),
            ("post_logout_redirect_uri", Realm.PostLogoutRedirectUriOf(clientId)),
            ("state", "bye")));

        AssertRedirect(answer, $"{Realm.PostLogoutRedirectUriOf(clientId)}?", "state=bye");
        Assert.Equal("no-cache", answer.Header("Cache-Control"));
        Assert.Null(signedIn.Browser.Cookies["KEYCLOAK_IDENTITY"]);
        Assert.Null(signedIn.Browser.Cookies["KEYCLOAK_SESSION"]);
        await AssertEndedAsync(signedIn);
    }

    [Fact]
    public async Task Without_state_the_address_comes_back_bare()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        var answer = await signedIn.Browser.GetAsync(EndSession(
            ("id_token_hint", signedIn.IdToken),
            ("post_logout_redirect_uri", Realm.PostLogoutRedirectUriOf("acme-admin"))));

        Assert.Equal(Redirect, answer.Status);
        Assert.Equal(Realm.PostLogoutRedirectUriOf("acme-admin"), answer.Header("Location"));
    }

    [Fact]
    public async Task The_request_may_be_posted()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        var answer = await signedIn.Browser.PostAsync(
            Realm.EndSessionEndpoint,
            [
                new("id_token_hint", signedIn.IdToken),
                new("post_logout_redirect_uri", Realm.PostLogoutRedirectUriOf("acme-admin")),
                new("state", "bye"),
            ]);

        AssertRedirect(answer, $"{Realm.PostLogoutRedirectUriOf("acme-admin")}?", "state=bye");
        await AssertEndedAsync(signedIn);
    }

    [Fact]
    public async Task A_hint_ends_the_session_even_of_a_browser_without_cookies()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        var answer = await Realm.GetAsync(EndSession(
            ("id_token_hint", signedIn.IdToken),
            ("post_logout_redirect_uri", Realm.PostLogoutRedirectUriOf("acme-admin"))));

        Assert.Equal(Realm.PostLogoutRedirectUriOf("acme-admin"), answer.Header("Location"));
        await AssertEndedAsync(signedIn);
    }

    [Fact]
    public async Task A_hint_of_an_ended_session_redirects_all_the_same()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");
        var url = EndSession(
            ("id_token_hint", signedIn.IdToken),
            ("post_logout_redirect_uri", Realm.PostLogoutRedirectUriOf("acme-admin")),
            ("state", "bye"));
        await signedIn.Browser.GetAsync(url);

        AssertRedirect(
            await signedIn.Browser.GetAsync(url), $"{Realm.PostLogoutRedirectUriOf("acme-admin")}?", "state=bye");
    }

    [Fact]
    public async Task A_hint_alone_ends_with_a_page()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        var answer = await signedIn.Browser.GetAsync(EndSession(("id_token_hint", signedIn.IdToken)));

        Assert.Equal(OK, answer.Status);
        Assert.Equal("You are logged out", answer.Instruction);
        await AssertEndedAsync(signedIn);
    }

    [Fact]
    public async Task After_a_logout_the_browser_must_sign_in_again()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");
        await signedIn.Browser.GetAsync(EndSession(("id_token_hint", signedIn.IdToken)));
        var request = new AuthorizationRequest(Realm, "acme-admin").With("prompt", "none");

        AssertRedirect(
            await signedIn.Browser.GetAsync(request.Url),
            $"{Realm.RedirectUriOf("acme-admin")}?",
            "error=login_required",
            $"state={request["state"]}",
            $"iss={EncodedIssuer}");
    }

    [Fact]
    public async Task A_logout_ends_the_session_of_every_client()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");
        var other = await Realm.SignInAgainAsync(signedIn, "acme-spa");

        await signedIn.Browser.GetAsync(EndSession(("id_token_hint", signedIn.IdToken)));

        await AssertEndedAsync(other);
    }

    [Fact]
    public async Task A_logout_leaves_another_browsers_session_alone()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");
        var elsewhere = await Realm.SignInAsync("acme-admin", "ada");

        await signedIn.Browser.GetAsync(EndSession(("id_token_hint", signedIn.IdToken)));

        Assert.Equal(OK, (await Realm.RefreshAsync("acme-admin", elsewhere.RefreshToken)).Status);
    }

    [Theory]
    [InlineData("access_token")]
    [InlineData("refresh_token")]
    public async Task Another_token_as_hint_is_refused(string member)
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        var answer = await signedIn.Browser.GetAsync(EndSession(("id_token_hint", signedIn.Tokens[member])));

        AssertErrorPage(answer, BadRequest, "Invalid parameter: id_token_hint");
        Assert.Equal(OK, (await Realm.RefreshAsync("acme-admin", signedIn.RefreshToken)).Status);
    }

    [Fact]
    public async Task Garbage_as_hint_is_refused() =>
        AssertErrorPage(
            await Realm.GetAsync(EndSession(
                ("id_token_hint", "garbage"),
                ("post_logout_redirect_uri", Realm.PostLogoutRedirectUriOf("acme-admin")))),
            BadRequest,
            "Invalid parameter: id_token_hint");

    [Fact]
    public async Task A_tampered_hint_is_refused()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        AssertErrorPage(
            await Realm.GetAsync(EndSession(("id_token_hint", Jwt.Tamper(signedIn.IdToken)))),
            BadRequest,
            "Invalid parameter: id_token_hint");
        Assert.Equal(OK, (await Realm.RefreshAsync("acme-admin", signedIn.RefreshToken)).Status);
    }

    [Fact]
    public async Task A_hint_with_another_clients_name_is_refused()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        AssertErrorPage(
            await signedIn.Browser.GetAsync(EndSession(
                ("id_token_hint", signedIn.IdToken),
                ("client_id", "acme-spa"),
                ("post_logout_redirect_uri", Realm.PostLogoutRedirectUriOf("acme-admin")))),
            BadRequest,
            "Invalid parameter: id_token_hint");
    }

    [Theory]
    [InlineData("/elsewhere")]
    [InlineData("/signin-oidc")]
    [InlineData("/signout-callback-oidc/")]
    public async Task An_address_that_is_not_registered_is_refused_and_ends_nothing(string path)
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        AssertErrorPage(
            await signedIn.Browser.GetAsync(EndSession(
                ("id_token_hint", signedIn.IdToken),
                ("post_logout_redirect_uri", Realm.ApiUrl + path))),
            BadRequest,
            "Invalid redirect uri");
        Assert.Equal(OK, (await Realm.RefreshAsync("acme-admin", signedIn.RefreshToken)).Status);
    }

    [Fact]
    public async Task An_address_alone_is_refused() =>
        AssertErrorPage(
            await Realm.GetAsync(EndSession(
                ("post_logout_redirect_uri", Realm.PostLogoutRedirectUriOf("acme-admin")))),
            BadRequest,
            "Missing parameters: id_token_hint");

    [Theory]
    [InlineData("acme-stranger", "/signout-callback-oidc")]
    [InlineData("acme-admin", "/elsewhere")]
    public async Task An_address_that_is_not_the_clients_is_refused(string clientId, string path) =>
        AssertErrorPage(
            await Realm.GetAsync(EndSession(("client_id", clientId), ("post_logout_redirect_uri", Realm.ApiUrl + path))),
            BadRequest,
            "Invalid redirect uri");

    [Fact]
    public async Task A_client_name_without_a_session_redirects()
    {
        using var browser = Realm.NewBrowser();

        var answer = await browser.GetAsync(EndSession(
            ("client_id", "acme-admin"),
            ("post_logout_redirect_uri", Realm.PostLogoutRedirectUriOf("acme-admin")),
            ("state", "bye")));

        AssertRedirect(answer, $"{Realm.PostLogoutRedirectUriOf("acme-admin")}?", "state=bye");
    }

    [Fact]
    public async Task A_client_name_with_a_session_is_a_question()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        var page = await signedIn.Browser.GetAsync(EndSession(
            ("client_id", "acme-admin"),
            ("post_logout_redirect_uri", Realm.PostLogoutRedirectUriOf("acme-admin")),
            ("state", "bye")));

        Assert.Equal(OK, page.Status);
        Assert.Equal("Do you want to log out?", page.Instruction);
        Assert.Equal(OK, (await Realm.GetUserInfoAsync(signedIn.AccessToken)).Status);

        var answer = await signedIn.Browser.SubmitAsync(page, "#kc-logout-confirm form", ("confirmLogout", "Logout"));
        AssertRedirect(answer, $"{Realm.PostLogoutRedirectUriOf("acme-admin")}?", "state=bye");
        await AssertEndedAsync(signedIn);
    }

    [Fact]
    public async Task Nothing_at_all_is_a_question_and_its_answer_a_page()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        var page = await signedIn.Browser.GetAsync(Realm.EndSessionEndpoint);
        Assert.Equal("Do you want to log out?", page.Instruction);
        var answer = await signedIn.Browser.SubmitAsync(page, "#kc-logout-confirm form", ("confirmLogout", "Logout"));

        Assert.Equal(OK, answer.Status);
        Assert.Equal("You are logged out", answer.Instruction);
        await AssertEndedAsync(signedIn);
    }

    [Fact]
    public async Task Nothing_at_all_is_a_question_even_without_a_session()
    {
        using var browser = Realm.NewBrowser();

        var page = await browser.GetAsync(Realm.EndSessionEndpoint);

        Assert.Equal(OK, page.Status);
        Assert.Equal("Do you want to log out?", page.Instruction);
    }

    [Theory]
    [InlineData("acme-admin")]
    [InlineData("acme-spa")]
    public async Task A_refresh_token_posted_by_its_client_ends_the_session(string clientId)
    {
        var signedIn = await Realm.SignInAsync(clientId, "ada");

        var answer = await Realm.PostAsync(Realm.EndSessionEndpoint, clientId, ("refresh_token", signedIn.RefreshToken));
        var again = await Realm.PostAsync(Realm.EndSessionEndpoint, clientId, ("refresh_token", signedIn.RefreshToken));

        Assert.Equal(NoContent, answer.Status);
        Assert.Equal("no-cache", answer.Header("Cache-Control"));
        Assert.Equal(NoContent, again.Status);
        await AssertEndedAsync(signedIn);
    }

    [Fact]
    public async Task Garbage_posted_as_refresh_token_is_refused() =>
        AssertError(
            await Realm.PostAsync(Realm.EndSessionEndpoint, "acme-admin", ("refresh_token", "garbage")),
            BadRequest,
            "invalid_grant",
            "Invalid refresh token");

    [Fact]
    public async Task A_refresh_token_posted_by_another_client_is_refused()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        AssertError(
            await Realm.PostAsync(Realm.EndSessionEndpoint, "acme-spa", ("refresh_token", signedIn.RefreshToken)),
            BadRequest,
            "invalid_grant",
            "Invalid refresh token. Token client and authorized client don't match");
        Assert.Equal(OK, (await Realm.RefreshAsync("acme-admin", signedIn.RefreshToken)).Status);
    }

    [Fact]
    public async Task A_refresh_token_posted_with_a_wrong_secret_is_refused()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");
        var request = RealmUnderTest.FormRequest(
            Realm.EndSessionEndpoint, clientId: null, ("refresh_token", signedIn.RefreshToken));
        request.Headers.Authorization = RealmUnderTest.Basic("acme-admin", "wrong");

        AssertError(
            await Realm.SendAsync(request),
            Unauthorized,
            "unauthorized_client",
            "Invalid client or Invalid client credentials");
        Assert.Equal(OK, (await Realm.RefreshAsync("acme-admin", signedIn.RefreshToken)).Status);
    }

    private string EndSession(params (string Name, string Value)[] parameters) =>
        AuthorizationRequest.Append(Realm.EndSessionEndpoint, parameters);

    private async Task AssertEndedAsync(SignedIn signedIn)
    {
        AssertError(
            await Realm.RefreshAsync(signedIn.Request.ClientId, signedIn.RefreshToken),
            BadRequest,
            "invalid_grant",
            "Session not active");
        Assert.Equal("""{"active":false}""", (await Realm.IntrospectAsync(signedIn.AccessToken)).Text);
    }
}

public sealed class EmbeddedLogoutTests(EmbeddedRealmUnderTest realm) : LogoutTests(realm);

public sealed class KeycloakLogoutTests(KeycloakUnderTest realm) : LogoutTests(realm);
