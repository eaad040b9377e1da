using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

public abstract class AuthorizationCodeTests(RealmUnderTest realm) : RealmTests(realm)
{
    private const string SessionId = "^[A-Za-z0-9_-]{24}$";
    private const string Code =
        "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}[.][A-Za-z0-9_-]{24}[.][0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";

    [Theory]
    [InlineData("acme-admin")]
    [InlineData("acme-spa")]
    public async Task A_person_comes_back_with_a_code(string clientId)
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, clientId);

        var answer = await browser.SubmitLoginAsync(await browser.GetAsync(request.Url), "ada", "ada");

        var parameters = AssertRedirect(
            answer,
            $"{Realm.RedirectUriOf(clientId)}?",
            $"state={request["state"]}",
            "session_state",
            $"iss={EncodedIssuer}",
            "code");
        Assert.Matches(SessionId, parameters["session_state"]);
        Assert.Matches(Code, parameters["code"]);
        Assert.Equal(parameters["session_state"], parameters["code"].Split('.')[1]);
        Assert.Equal("no-store, must-revalidate, max-age=0", answer.Header("Cache-Control"));
    }

    [Theory]
    [InlineData("acme-admin")]
    [InlineData("acme-spa")]
    public async Task A_code_is_redeemed_for_tokens(string clientId)
    {
        var signedIn = await Realm.SignInAsync(clientId, "grace");

        AssertMembers(
            "access_token expires_in refresh_expires_in refresh_token token_type id_token not-before-policy session_state scope",
            signedIn.Tokens.Json);
        AssertSeconds(300, signedIn.Tokens.Json.GetProperty("expires_in").GetInt32());
        AssertSeconds(1800, signedIn.Tokens.Json.GetProperty("refresh_expires_in").GetInt32());
        Assert.Equal("Bearer", signedIn.Tokens["token_type"]);
        AssertWords("openid profile email", signedIn.Tokens["scope"]);
        Assert.Contains($"session_state={signedIn.SessionId}", signedIn.Callback.Query, StringComparison.Ordinal);
        Assert.Equal("no-store", signedIn.Tokens.Header("Cache-Control"));
        Assert.Equal("no-cache", signedIn.Tokens.Header("Pragma"));
    }

    [Fact]
    public async Task The_login_page_is_a_form()
    {
        using var browser = Realm.NewBrowser();

        var page = await browser.GetAsync(new AuthorizationRequest(Realm, "acme-admin").Url);

        Assert.Equal(OK, page.Status);
        Assert.Equal("text/html;charset=utf-8", page.Header("Content-Type"));
        Assert.Equal("no-store, must-revalidate, max-age=0", page.Header("Cache-Control"));
        Assert.Equal("frame-src 'self'; frame-ancestors 'self'; object-src 'none';", page.Header("Content-Security-Policy"));
        var form = page.Page.QuerySelector("form#kc-form-login")!;
        AssertWords(
            "username password credentialId",
            string.Join(' ', form.QuerySelectorAll("input[name]").Select(input => input.GetAttribute("name"))));
        Assert.StartsWith($"{Realm.Issuer}/login-actions/authenticate?", form.GetAttribute("action"), StringComparison.Ordinal);
        Assert.Equal("post", form.GetAttribute("method"));
    }

    [Fact]
    public async Task The_login_pages_cookies_are_for_this_realm_and_secure()
    {
        using var browser = Realm.NewBrowser();

        var page = await browser.GetAsync(new AuthorizationRequest(Realm, "acme-admin").Url);

        var cookies = page.Headers["Set-Cookie"];
        AssertWords(
            "AUTH_SESSION_ID KC_AUTH_SESSION_HASH KC_RESTART",
            string.Join(' ', cookies.Select(cookie => cookie.Split('=')[0])));
        Assert.All(cookies, cookie =>
        {
            Assert.Contains(";Path=/realms/acme/;", cookie, StringComparison.Ordinal);
            Assert.EndsWith(";SameSite=None", cookie, StringComparison.Ordinal);
            Assert.Contains(";Secure;", cookie, StringComparison.Ordinal);
        });
        AssertWords(
            "AUTH_SESSION_ID KC_RESTART",
            string.Join(' ', cookies
                .Where(cookie => cookie.Contains("HttpOnly", StringComparison.Ordinal))
                .Select(cookie => cookie.Split('=')[0])));
    }

    [Fact]
    public async Task Signing_in_sets_the_cookies_of_the_session()
    {
        using var browser = Realm.NewBrowser();
        var page = await browser.GetAsync(new AuthorizationRequest(Realm, "acme-admin").Url);

        var answer = await browser.SubmitLoginAsync(page, "ada", "ada");

        var cookies = answer.Headers["Set-Cookie"];
        Assert.Contains("KC_RESTART=;Version=1;Path=/realms/acme/;Max-Age=0", cookies, StringComparer.Ordinal);
        var identity = Assert.Single(cookies, cookie => cookie.StartsWith("KEYCLOAK_IDENTITY=", StringComparison.Ordinal));
        Assert.EndsWith(";Version=1;Path=/realms/acme/;Secure;HttpOnly;SameSite=None", identity, StringComparison.Ordinal);
        var session = Assert.Single(cookies, cookie => cookie.StartsWith("KEYCLOAK_SESSION=", StringComparison.Ordinal));
        Assert.EndsWith(";Version=1;Path=/realms/acme/;Max-Age=36000;Secure;SameSite=None", session, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_request_may_be_posted()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, "acme-admin");

        var page = await browser.PostAsync(Realm.AuthorizationEndpoint, request.Parameters);
        var answer = await browser.SubmitLoginAsync(page, "ada", "ada");

        Assert.NotEmpty(request.CodeFrom(answer.Location!));
    }

    [Fact]
    public async Task Parameters_may_come_back_in_the_fragment()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, "acme-spa").With("response_mode", "fragment");

        var answer = await browser.SubmitLoginAsync(await browser.GetAsync(request.Url), "nora", "nora");

        AssertRedirect(
            answer,
            $"{Realm.RedirectUriOf("acme-spa")}#",
            $"state={request["state"]}",
            "session_state",
            $"iss={EncodedIssuer}",
            "code");
    }

    [Fact]
    public async Task Parameters_may_come_back_as_a_form()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, "acme-admin").With("response_mode", "form_post");

        var answer = await browser.SubmitLoginAsync(await browser.GetAsync(request.Url), "ada", "ada");

        Assert.Equal(OK, answer.Status);
        var form = answer.Page.QuerySelector("form")!;
        Assert.Equal("post", form.GetAttribute("method"), ignoreCase: true);
        Assert.Equal(Realm.RedirectUriOf("acme-admin"), form.GetAttribute("action"));
        var fields = form.QuerySelectorAll("input[type=hidden]").ToDictionary(
            input => input.GetAttribute("name")!, input => input.GetAttribute("value")!, StringComparer.Ordinal);
        AssertWords("code iss state session_state", string.Join(' ', fields.Keys));
        Assert.Equal(request["state"], fields["state"]);
        Assert.Equal(Realm.Issuer, fields["iss"]);
        Assert.Equal(OK, (await Realm.RedeemAsync(request, fields["code"])).Status);
    }

    [Fact]
    public async Task Without_state_there_is_none_in_the_answer()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, "acme-admin").Without("state");

        var answer = await browser.SubmitLoginAsync(await browser.GetAsync(request.Url), "ada", "ada");

        AssertRedirect(answer, $"{Realm.RedirectUriOf("acme-admin")}?", "session_state", $"iss={EncodedIssuer}", "code");
    }

    [Fact]
    public async Task Without_nonce_there_is_none_in_the_ID_token()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, "acme-admin").Without("nonce");
        var callback = await browser.SignInAsync(request.Url, "ada", "ada");

        var tokens = await Realm.RedeemAsync(request, request.CodeFrom(callback));

        Assert.Null(Jwt.Decode(tokens["id_token"])["nonce"]);
    }

    [Theory]
    [InlineData("GRACE")]
    [InlineData("grace@acme.test")]
    [InlineData("Grace@ACME.test")]
    public async Task A_person_signs_in_by_name_or_address_in_any_case(string username)
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, "acme-spa");

        var callback = await browser.SignInAsync(request.Url, username, "grace");

        var tokens = await Realm.RedeemAsync(request, request.CodeFrom(callback));
        Assert.Equal("grace", Jwt.Decode(tokens["access_token"])["preferred_username"]);
    }

    [Theory]
    [InlineData("ada", "wrong", "Invalid username or password.")]
    [InlineData("nobody", "nobody", "Invalid username or password.")]
    [InlineData("ada", "", "Invalid username or password.")]
    [InlineData("service-account-acme-reader", "anything", "Invalid username or password.")]
    [InlineData("dennis", "dennis", "Account is disabled, contact your administrator.")]
    [InlineData("dennis", "wrong", "Invalid username or password.")]
    public async Task Who_may_not_sign_in_sees_the_form_again(string username, string password, string message)
    {
        using var browser = Realm.NewBrowser();
        var page = await browser.GetAsync(new AuthorizationRequest(Realm, "acme-admin").Url);

        var again = await browser.SubmitLoginAsync(page, username, password);

        Assert.Equal(OK, again.Status);
        Assert.Contains(message, again.Page.Body!.TextContent, StringComparison.Ordinal);
        Assert.NotNull(again.Page.QuerySelector("form#kc-form-login"));
        Assert.Null(browser.Cookies["KEYCLOAK_IDENTITY"]);
    }

    [Fact]
    public async Task After_a_wrong_password_the_right_one_will_do()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, "acme-admin");
        var again = await browser.SubmitLoginAsync(await browser.GetAsync(request.Url), "ada", "wrong");

        var answer = await browser.SubmitLoginAsync(again, "ada", "ada");

        Assert.NotEmpty(request.CodeFrom(answer.Location!));
    }

    [Fact]
    public async Task The_form_of_a_finished_sign_in_is_over()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, "acme-admin");
        var page = await browser.GetAsync(request.Url);
        await browser.SubmitLoginAsync(page, "ada", "ada");

        var answer = await browser.SubmitLoginAsync(page, "ada", "ada");

        AssertRedirect(
            answer,
            $"{Realm.RedirectUriOf("acme-admin")}?",
            "error=temporarily_unavailable",
            "error_description=authentication_expired",
            $"state={request["state"]}",
            $"iss={EncodedIssuer}");
    }

    [Fact]
    public async Task The_form_without_its_cookies_is_an_error()
    {
        using var browser = Realm.NewBrowser();
        var page = await browser.GetAsync(new AuthorizationRequest(Realm, "acme-admin").Url);
        browser.Cookies.Clear();

        var answer = await browser.SubmitLoginAsync(page, "ada", "ada");

        AssertErrorPage(
            answer,
            BadRequest,
            "Restart login cookie not found. It may have expired; it may have been deleted or cookies are disabled in your "
                + "browser. If cookies are disabled then enable them. Click Back to Application to login again.");
    }

    [Fact]
    public async Task A_second_client_needs_no_second_sign_in()
    {
        var first = await Realm.SignInAsync("acme-admin", "ada");
        var request = new AuthorizationRequest(Realm, "acme-spa");

        var answer = await first.Browser.GetAsync(request.Url);

        var tokens = await Realm.RedeemAsync(request, request.CodeFrom(answer.Location!));
        Assert.Equal(first.SessionId, tokens["session_state"]);
        var access = Jwt.Decode(tokens["access_token"]);
        Assert.Equal("0", access["acr"]);
        Assert.Equal(Jwt.Decode(first.AccessToken).Number("auth_time"), access.Number("auth_time"));
    }

    [Fact]
    public async Task Prompt_none_is_silent_with_a_session()
    {
        var first = await Realm.SignInAsync("acme-admin", "ada");
        var request = new AuthorizationRequest(Realm, "acme-admin").With("prompt", "none");

        var answer = await first.Browser.GetAsync(request.Url);

        AssertRedirect(
            answer,
            $"{Realm.RedirectUriOf("acme-admin")}?",
            $"state={request["state"]}",
            $"session_state={first.SessionId}",
            $"iss={EncodedIssuer}",
            "code");
    }

    [Fact]
    public async Task Prompt_none_without_a_session_asks_for_a_sign_in()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, "acme-admin").With("prompt", "none");

        AssertRedirect(
            await browser.GetAsync(request.Url),
            $"{Realm.RedirectUriOf("acme-admin")}?",
            "error=login_required",
            $"state={request["state"]}",
            $"iss={EncodedIssuer}");
    }

    [Theory]
    [InlineData("prompt", "login")]
    [InlineData("max_age", "0")]
    public async Task A_new_proof_may_be_asked_for_and_keeps_the_session(string name, string value)
    {
        var first = await Realm.SignInAsync("acme-admin", "ada");
        var request = new AuthorizationRequest(Realm, "acme-admin").With(name, value);
        // A sign-in is older than max_age=0 from the next second on.
        await Task.Delay(TimeSpan.FromSeconds(1.1), TestContext.Current.CancellationToken);

        var page = await first.Browser.GetAsync(request.Url);
        Assert.NotNull(page.Page.QuerySelector("form#kc-form-login"));
        var answer = await first.Browser.SubmitAsync(page, "form#kc-form-login", ("password", "ada"));

        var tokens = await Realm.RedeemAsync(request, request.CodeFrom(answer.Location!));
        Assert.Equal(first.SessionId, tokens["session_state"]);
        Assert.Equal("1", Jwt.Decode(tokens["access_token"])["acr"]);
    }

    [Fact]
    public async Task Another_browser_has_another_session()
    {
        var first = await Realm.SignInAsync("acme-admin", "ada");
        var second = await Realm.SignInAsync("acme-admin", "ada");

        Assert.NotEqual(first.SessionId, second.SessionId, StringComparer.Ordinal);
    }
}

public sealed class EmbeddedAuthorizationCodeTests(EmbeddedRealmUnderTest realm) : AuthorizationCodeTests(realm);

public sealed class KeycloakAuthorizationCodeTests(KeycloakUnderTest realm) : AuthorizationCodeTests(realm);
