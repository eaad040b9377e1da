using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>Clients that ask the user before they get anything, and offline access, which is a grant that lasts.</summary>
public abstract class ConsentTests(RealmUnderTest realm) : RealmTests(realm.Features)
{
    private const string Asking = "asking-ui";

    [Fact]
    public async Task Whoever_signs_in_is_asked_for_each_scope_that_is_shown()
    {
        using var browser = Realm.NewBrowser();

        var page = await SignInAsync(browser, new AuthorizationRequest(Realm, Asking).With("scope", "openid phone"), "una");

        Assert.Equal(OK, page.Status);
        Assert.Contains(
            "/login-actions/required-action?execution=OAUTH_GRANT&client_id=asking-ui&", page.Url.AbsoluteUri, StringComparison.Ordinal);
        Assert.Equal("login-login-oauth-grant", page.Page.Body!.GetAttribute("data-page-id"));
        Assert.Equal("Grant Access to Asking <b>App</b>", Words(page.Page.QuerySelector("#kc-page-title")));
        AssertItems(["User profile", "User roles", "Email address", "Phone number"], page);
        AssertWords(
            "https://client.example.test/policy https://client.example.test/terms",
            string.Join(' ', page.Page.QuerySelectorAll("#kc-oauth a").Select(link => link.GetAttribute("href"))));
        Assert.Equal("Yes", Words(page.Page.QuerySelector("button[name=accept]")));
        Assert.Equal("No", Words(page.Page.QuerySelector("button[name=cancel]")));
    }

    [Fact]
    public async Task What_was_granted_is_not_asked_again()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Asking);
        var page = await SignInAsync(browser, request, "otto");

        var tokens = await RedeemAsync(request, await AnswerAsync(browser, page, "accept"));

        AssertWords("openid profile email", tokens["scope"]);
        var again = new AuthorizationRequest(Realm, Asking);
        await RedeemAsync(again, await browser.GetAsync(again.Url));
        var silent = new AuthorizationRequest(Realm, Asking).With("prompt", "none");
        await RedeemAsync(silent, await browser.GetAsync(silent.Url));

        // Nor in another browser.
        using var other = Realm.NewBrowser();
        var elsewhere = new AuthorizationRequest(Realm, Asking);
        elsewhere.CodeFrom((await SignInAsync(other, elsewhere, "otto")).Location!);
    }

    [Fact]
    public async Task Whoever_says_no_is_not_signed_in()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Asking);
        var page = await SignInAsync(browser, request, "una");

        var answer = await AnswerAsync(browser, page, "cancel");

        AssertRedirect(answer, request["redirect_uri"] + "?", "error=access_denied", $"state={request["state"]}", $"iss={EncodedIssuer}");
        await AssertErrorAsync(browser, new AuthorizationRequest(Realm, "plain-ui").With("prompt", "none"), "login_required");
    }

    [Fact]
    public async Task Whoever_is_signed_in_is_asked_without_a_sign_in_and_not_behind_their_back()
    {
        using var browser = Realm.NewBrowser();
        var plain = new AuthorizationRequest(Realm, "plain-ui");
        plain.CodeFrom((await SignInAsync(browser, plain, "ida")).Location!);
        await AssertErrorAsync(browser, new AuthorizationRequest(Realm, Asking).With("prompt", "none"), "interaction_required");

        var request = new AuthorizationRequest(Realm, Asking);
        var page = await browser.GetAsync(request.Url);
        AssertItems(["User profile", "User roles", "Email address"], page);
        var refused = await AnswerAsync(browser, page, "cancel");
        Assert.Contains("error=access_denied", refused.Location!.Query, StringComparison.Ordinal);

        // The session is still there, and so is the question.
        AssertItems(["User profile", "User roles", "Email address"], page = await browser.GetAsync(request.Url));
        var tokens = await RedeemAsync(request, await AnswerAsync(browser, page, "accept"));
        Assert.Equal("0", Jwt.Decode(tokens["access_token"])["acr"]);
    }

    [Fact]
    public async Task Only_what_is_new_is_asked_and_a_no_takes_nothing_back()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Asking);
        await RedeemAsync(request, await AnswerAsync(browser, await SignInAsync(browser, request, "max"), "accept"));
        var more = new AuthorizationRequest(Realm, Asking).With("scope", "openid address");
        await AssertErrorAsync(
            browser,
            new AuthorizationRequest(Realm, Asking).With("scope", "openid address").With("prompt", "none"),
            "interaction_required");

        var page = await browser.GetAsync(more.Url);
        AssertItems(["Address"], page);
        await AnswerAsync(browser, page, "cancel");

        request.CodeFrom((await browser.GetAsync(request.Url)).Location!);
        await RedeemAsync(more, await AnswerAsync(browser, await browser.GetAsync(more.Url), "accept"));
        more.CodeFrom((await browser.GetAsync(more.Url)).Location!);
    }

    [Fact]
    public async Task A_client_may_have_everything_asked_again()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Asking);
        await RedeemAsync(request, await AnswerAsync(browser, await SignInAsync(browser, request, "eva"), "accept"));
        var again = new AuthorizationRequest(Realm, Asking).With("prompt", "consent");

        var page = await browser.GetAsync(again.Url);

        AssertItems(["User profile", "User roles", "Email address"], page);
        again.CodeFrom((await AnswerAsync(browser, page, "accept")).Location!);
        // Where nobody is asked, asking for it changes nothing.
        var plain = new AuthorizationRequest(Realm, "plain-ui").With("prompt", "consent");
        plain.CodeFrom((await browser.GetAsync(plain.Url)).Location!);
    }

    [Fact]
    public async Task A_client_adds_words_of_its_own_and_they_are_escaped()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, "own-words-ui");
        var page = await SignInAsync(browser, request, "leo");

        AssertItems(["The <i>client</i> itself", "User profile", "User roles", "Email address"], page);
        Assert.Null(page.Page.QuerySelector("#kc-oauth i"));
        request.CodeFrom((await AnswerAsync(browser, page, "accept")).Location!);
        request.CodeFrom((await browser.GetAsync(request.Url)).Location!);
        AssertSet(
            "own-words-ui profile email roles",
            Assert.Single((await ConsentsAsync("leo")).Json.EnumerateArray().ToList()).GetProperty("grantedClientScopes"));
    }

    [Fact]
    public async Task Where_no_scope_is_shown_nobody_is_asked()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, "silent-ui");

        request.CodeFrom((await SignInAsync(browser, request, "leo")).Location!);
    }

    [Fact]
    public async Task A_consent_of_the_file_counts()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Asking);

        request.CodeFrom((await SignInAsync(browser, request, "mia")).Location!);

        var consent = (await ConsentsAsync("mia")).Json.EnumerateArray().Single(each => each.GetProperty("clientId").ValueEquals(Asking));
        AssertMembers("lastUpdatedDate clientId createdDate grantedClientScopes additionalGrants", consent);
        AssertSet("profile email roles", consent.GetProperty("grantedClientScopes"));
        Assert.InRange(
            consent.GetProperty("createdDate").GetInt64(),
            DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeMilliseconds(),
            DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
    }

    [Fact]
    public async Task Nobody_can_be_asked_who_sends_a_password() => AssertError(
        await Realm.PostAsync(Realm.TokenEndpoint, Asking, ("grant_type", "password"), ("username", "una"), ("password", "una")),
        BadRequest,
        "invalid_client",
        "Client requires user consent");

    [Fact]
    public async Task A_client_that_asks_gets_no_roles_unless_the_file_says_so()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Asking);
        var tokens = await RedeemAsync(request, await SignInAsync(browser, request, "mia"));
        Assert.False(Jwt.Decode(tokens["access_token"]).Payload.TryGetProperty("realm_access", out _));

        var full = new AuthorizationRequest(Realm, "own-words-ui");
        tokens = await RedeemAsync(full, await AnswerAsync(browser, await browser.GetAsync(full.Url), "accept"));
        Assert.True(Jwt.Decode(tokens["access_token"]).Payload.TryGetProperty("realm_access", out _));
    }

    [Fact]
    public async Task A_consent_that_is_taken_back_ends_what_the_client_has()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Asking);
        var tokens = await RedeemAsync(request, await AnswerAsync(browser, await SignInAsync(browser, request, "tim"), "accept"));

        Assert.Equal(NoContent, (await RevokeAsync("tim", Asking)).Status);

        AssertError(
            await Realm.RefreshAsync(Asking, tokens["refresh_token"]), BadRequest, "invalid_grant", "Session doesn't have required client");
        Assert.Equal(Unauthorized, (await Realm.GetUserInfoAsync(tokens["access_token"])).Status);
        AssertError(await RevokeAsync("tim", Asking), NotFound, "Consent nor offline token not found", description: null);
        AssertError(await RevokeAsync("tim", "nobody"), NotFound, "Client not found", description: null);
        Assert.Equal("[]", (await ConsentsAsync("tim")).Text);

        // Whoever is signed in is asked anew.
        AssertItems(["User profile", "User roles", "Email address"], await browser.GetAsync(request.Url));
    }

    [Fact]
    public async Task A_session_that_begins_with_offline_access_ends_when_that_is_had()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, "plain-ui").With("scope", "openid offline_access");
        var callback = await SignInAsync(browser, request, "pia");

        // Until then it is a session like any other.
        var other = new AuthorizationRequest(Realm, "silent-ui");
        other.CodeFrom((await browser.GetAsync(other.Url)).Location!);
        var tokens = await RedeemAsync(request, callback);

        await AssertErrorAsync(browser, new AuthorizationRequest(Realm, "silent-ui").With("prompt", "none"), "login_required");
        Assert.Equal(OK, (await Realm.RefreshAsync("plain-ui", tokens["refresh_token"])).Status);
        Assert.Equal(OK, (await Realm.GetUserInfoAsync(tokens["access_token"])).Status);
        var grant = Assert.Single((await ConsentsAsync("pia")).Json.EnumerateArray().ToList());
        AssertMembers("clientId grantedClientScopes additionalGrants", grant);
        Assert.Equal(
            "Offline Token", Assert.Single(grant.GetProperty("additionalGrants").EnumerateArray().ToList()).GetProperty("key").GetString());
        Assert.Equal(NoContent, (await RevokeAsync("pia", "plain-ui")).Status);
        AssertError(
            await Realm.RefreshAsync("plain-ui", tokens["refresh_token"]), BadRequest, "invalid_grant", "Offline user session not found");
    }

    [Fact]
    public async Task A_session_that_was_there_before_offline_access_stays()
    {
        using var browser = Realm.NewBrowser();
        var first = new AuthorizationRequest(Realm, "plain-ui");
        await RedeemAsync(first, await SignInAsync(browser, first, "rob"));
        var request = new AuthorizationRequest(Realm, "plain-ui").With("scope", "openid offline_access");
        await RedeemAsync(request, await browser.GetAsync(request.Url));

        first.CodeFrom((await browser.GetAsync(first.With("prompt", "none").Url)).Location!);
    }

    [Fact]
    public async Task Offline_access_by_password_leaves_no_session()
    {
        var tokens = await Realm.PostAsync(
            Realm.TokenEndpoint, "plain-ui", ("grant_type", "password"), ("username", "hal"), ("password", "hal"),
            ("scope", "openid offline_access"));

        Assert.Equal(OK, tokens.Status);
        var sessions = await CallAsync(HttpMethod.Get, $"/users/{await UserAsync("hal")}/sessions");
        Assert.DoesNotContain(sessions.Json.EnumerateArray(), each => each.GetProperty("id").ValueEquals(tokens["session_state"]));
        Assert.Equal(OK, (await Realm.GetUserInfoAsync(tokens["access_token"])).Status);
    }

    private static void AssertItems(string[] expected, RealmAnswer page) => Assert.Equal(
        expected.Order(StringComparer.Ordinal),
        page.Page.QuerySelectorAll("#kc-oauth li").Select(Words).Order(StringComparer.Ordinal));

    private static async Task<RealmAnswer> SignInAsync(RealmBrowser browser, AuthorizationRequest request, string person) =>
        await browser.SubmitLoginAsync(await browser.GetAsync(request.Url), person, person);

    private static Task<RealmAnswer> AnswerAsync(RealmBrowser browser, RealmAnswer page, string button) =>
        browser.SubmitAsync(page, "#kc-oauth form", (button, ""));

    private async Task<RealmAnswer> RedeemAsync(AuthorizationRequest request, RealmAnswer answer)
    {
        var tokens = await Realm.RedeemAsync(request, request.CodeFrom(answer.Location!));
        Assert.True(tokens.Status is OK, tokens.ToString());
        return tokens;
    }

    private async Task AssertErrorAsync(RealmBrowser browser, AuthorizationRequest request, string error) => AssertRedirect(
        await browser.GetAsync(request.Url),
        request["redirect_uri"] + "?",
        $"error={error}",
        $"state={request["state"]}",
        $"iss={EncodedIssuer}");

    private async Task<RealmAnswer> ConsentsAsync(string person) =>
        await CallAsync(HttpMethod.Get, $"/users/{await UserAsync(person)}/consents");

    private async Task<RealmAnswer> RevokeAsync(string person, string clientId) =>
        await CallAsync(HttpMethod.Delete, $"/users/{await UserAsync(person)}/consents/{clientId}");

    private async Task<string> UserAsync(string name) =>
        Assert.Single((await CallAsync(HttpMethod.Get, $"/users?username={name}&exact=true")).Json.EnumerateArray().ToList())
            .GetProperty("id")
            .GetString()!;

    private async Task<RealmAnswer> CallAsync(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, Realm.AdminEndpoint + path);
        request.Headers.Authorization = new("Bearer", (await Realm.GetServiceTokenAsync("admin-tool"))["access_token"]);
        return await Realm.SendAsync(request);
    }
}

public sealed class EmbeddedConsentTests(EmbeddedRealmUnderTest realm) : ConsentTests(realm);

public sealed class KeycloakConsentTests(KeycloakUnderTest realm) : ConsentTests(realm);
