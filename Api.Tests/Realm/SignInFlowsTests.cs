using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>Flows that a realm file configures: which forms are shown, to whom, and who is let in.</summary>
public abstract class SignInFlowsTests(RealmUnderTest realm) : RealmTests(realm.SignIn)
{
    private const string Secret = "abcdefghij0123456789";
    private const string OtherSecret = "zzzzzzzzzz0123456789";
    private const string OtpForm = "form#kc-otp-login-form";

    [Theory]
    [InlineData("role", "ada", null)]
    [InlineData("role", "bob", "Only staff may")]
    [InlineData("deny", "ada", "Access denied")]
    [InlineData("attr", "ada", null)]
    [InlineData("attr", "bob", "Access denied")]
    [InlineData("group", "cleo", null)]
    [InlineData("group", "ada", "Access denied")]
    [InlineData("own", "cleo", null)]
    [InlineData("allow", "bob", null)]
    [InlineData("used", "ada", "Access denied")]
    [InlineData("after", "ada", "Access denied")]
    [InlineData("opt", "ada", null)]
    public async Task Conditions_say_whom_a_step_is_for(string client, string person, string? refusal)
    {
        using var browser = Realm.NewBrowser();

        var answer = await browser.SubmitLoginAsync(await OpenAsync(browser, client), person, person);

        AssertOutcome(answer, client, refusal);
    }

    [Theory]
    [InlineData("openid", null)]
    [InlineData("openid sensitive", "Access denied")]
    public async Task A_condition_may_ask_for_a_scope(string scope, string? refusal)
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, "scope").With("scope", scope);

        var answer = await browser.SubmitLoginAsync(await browser.GetAsync(request.Url), "ada", "ada");

        AssertOutcome(answer, "scope", refusal);
    }

    [Theory]
    [InlineData("used", "otto")]
    [InlineData("after", "otis")]
    [InlineData("opt", "olga")]
    [InlineData("otpreq", "oskar")]
    public async Task A_code_is_asked_for_where_the_flow_says_so(string client, string person)
    {
        using var browser = Realm.NewBrowser();
        var page = await browser.SubmitLoginAsync(await OpenAsync(browser, client), person, person);
        AssertPage(page, "login-login-otp", "Sign In");
        Assert.Equal(person, page.Page.QuerySelector("#kc-attempted-username")!.GetAttribute("value"));
        Assert.Equal("One-time code", Words(page.Page.QuerySelector("label[for=otp]")));

        var wrong = await browser.SubmitAsync(page, OtpForm, ("otp", "000000"));
        AssertPage(wrong, "login-login-otp", "Sign In");
        Assert.Equal("Invalid authenticator code.", Words(wrong.Page.QuerySelector("#input-error-otp")));

        AssertOutcome(await browser.SubmitAsync(wrong, OtpForm, ("otp", Totp.Now(Secret))), client, refusal: null);
    }

    [Fact]
    public async Task Of_several_devices_the_chosen_one_counts()
    {
        using var browser = Realm.NewBrowser();
        var page = await browser.SubmitLoginAsync(await OpenAsync(browser, "otpreq"), "two", "two");
        Assert.Contains("tablet", page.Page.Body!.TextContent, StringComparison.Ordinal);

        var first = await browser.SubmitAsync(page, OtpForm, ("otp", Totp.Now(OtherSecret)));
        Assert.Equal("Invalid authenticator code.", Words(first.Page.QuerySelector("#input-error-otp")));

        var second = ("selectedCredentialId", IdOfDevice(first, 1));
        AssertOutcome(await browser.SubmitAsync(first, OtpForm, second, ("otp", Totp.Now(OtherSecret))), "otpreq", refusal: null);
    }

    [Fact]
    public async Task Name_and_password_may_be_two_forms()
    {
        using var browser = Realm.NewBrowser();
        var page = await OpenAsync(browser, "split");
        AssertPage(page, "login-login-username", "Sign in to your account");
        Assert.Null(page.Page.QuerySelector("input[name=password]"));

        var unknown = await browser.SubmitAsync(page, "form#kc-form-login", ("username", "nobody"));
        AssertPage(unknown, "login-login-username", "Sign in to your account");
        Assert.Equal("Invalid username or email.", Words(unknown.Page.QuerySelector("#input-error-username")));

        var disabled = await browser.SubmitAsync(unknown, "form#kc-form-login", ("username", "off"));
        AssertAlert(disabled, "Account is disabled, contact your administrator.");

        var second = await browser.SubmitAsync(disabled, "form#kc-form-login", ("username", "ada"));
        AssertPage(second, "login-login-password", "Sign In");
        Assert.Null(second.Page.QuerySelector("input[name=username]"));
        Assert.Equal("ada", second.Page.QuerySelector("#kc-attempted-username")!.GetAttribute("value"));

        var wrong = await browser.SubmitAsync(second, "form#kc-form-login", ("password", "x"));
        Assert.Equal("Invalid password.", Words(wrong.Page.QuerySelector("#input-error-password")));
        AssertOutcome(await browser.SubmitAsync(wrong, "form#kc-form-login", ("password", "ada")), "split", refusal: null);

        // The cookie is part of this flow.
        AssertOutcome(await OpenAsync(browser, "split"), "split", refusal: null);
        var again = await browser.GetAsync(new AuthorizationRequest(Realm, "split").With("prompt", "login").Url);
        AssertPage(again, "login-login-password", "Sign In");
        AssertAlert(again, "Please re-authenticate to continue");
    }

    [Fact]
    public async Task Whoever_is_signed_in_meets_the_rest_of_the_flow_again()
    {
        using var browser = Realm.NewBrowser();
        AssertOutcome(await browser.SubmitLoginAsync(await OpenAsync(browser, "app"), "bob", "bob"), "app", refusal: null);

        AssertOutcome(await OpenAsync(browser, "role"), "role", "Only staff may");
        AssertOutcome(await OpenAsync(browser, "app"), "app", refusal: null);
    }

    [Fact]
    public async Task The_name_may_be_changed()
    {
        using var browser = Realm.NewBrowser();
        var page = await browser.SubmitAsync(await OpenAsync(browser, "split"), "form#kc-form-login", ("username", "ada"));
        var link = page.Page.QuerySelector("#reset-login")!;
        var address = link.GetAttribute("href") ?? link.GetAttribute("onclick")!.Split('\'')[1];

        var first = await browser.GetAsync(new Uri(page.Url, address).AbsoluteUri);

        AssertPage(first, "login-login-username", "Sign in to your account");
        var second = await browser.SubmitAsync(first, "form#kc-form-login", ("username", "bob"));
        Assert.Equal("bob", second.Page.QuerySelector("#kc-attempted-username")!.GetAttribute("value"));
    }

    [Fact]
    public async Task One_alternative_may_be_chosen_over_another()
    {
        using var browser = Realm.NewBrowser();
        var page = await browser.SubmitAsync(await OpenAsync(browser, "way"), "form#kc-form-login", ("username", "way"));
        AssertPage(page, "login-login-password", "Sign In");
        var choice = await browser.SubmitAsync(page, "form#kc-select-try-another-way-form");
        AssertPage(choice, "login-select-authenticator", "Select login method");
        var ways = choice.Page.QuerySelectorAll("input[name=authenticationExecution]");
        Assert.Equal(2, ways.Length);
        Assert.Contains(
            "Enter a verification code from authenticator application.", choice.Page.Body!.TextContent, StringComparison.Ordinal);

        var action = ways[1].Closest("form")!.GetAttribute("action")!;
        var code = await browser.PostAsync(
            new Uri(choice.Url, action).AbsoluteUri, [new("authenticationExecution", ways[1].GetAttribute("value")!)]);
        AssertPage(code, "login-login-otp", "Sign In");

        AssertOutcome(await browser.SubmitAsync(code, OtpForm, ("otp", Totp.Now(Secret))), "way", refusal: null);
    }

    [Fact]
    public async Task Who_has_one_alternative_only_has_no_choice()
    {
        using var browser = Realm.NewBrowser();

        var page = await browser.SubmitAsync(await OpenAsync(browser, "way"), "form#kc-form-login", ("username", "ada"));

        AssertPage(page, "login-login-password", "Sign In");
        Assert.Null(page.Page.QuerySelector("#kc-select-try-another-way-form"));
    }

    [Theory]
    [InlineData("split", "blank", "Cannot login, credential setup required.")]
    [InlineData("way", "blank", "Invalid username or password.")]
    public async Task Nobody_gets_past_a_step_without_the_credential(string client, string person, string message)
    {
        using var browser = Realm.NewBrowser();

        var answer = await browser.SubmitAsync(await OpenAsync(browser, client), "form#kc-form-login", ("username", person));

        AssertErrorPage(answer, BadRequest, message);
    }

    [Fact]
    public async Task A_required_code_has_to_be_set_up()
    {
        using var browser = Realm.NewBrowser();

        var answer = await browser.SubmitLoginAsync(await OpenAsync(browser, "otpreq"), "ada", "ada");

        Assert.Contains("/login-actions/required-action?execution=CONFIGURE_TOTP&", answer.Url.AbsoluteUri, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("nonealt")]
    [InlineData("mixed")]
    public async Task A_flow_that_nobody_can_complete_lets_nobody_in(string client)
    {
        using var browser = Realm.NewBrowser();

        AssertErrorPage(await OpenAsync(browser, client), BadRequest, "Invalid username or password.");
        var silent = new AuthorizationRequest(Realm, client).With("prompt", "none");
        AssertErrorPage(await browser.GetAsync(silent.Url), BadRequest, "Invalid username or password.");
    }

    [Fact]
    public async Task The_password_grant_asks_for_a_code_where_there_is_a_device()
    {
        const string wrong = "Invalid user credentials";
        AssertError(await GrantAsync("app", "orla"), BadRequest, "invalid_grant", wrong);
        AssertError(await GrantAsync("app", "orla", ("totp", "000000")), BadRequest, "invalid_grant", wrong);
        AssertError(await GrantAsync("app", "two", ("totp", Totp.Now(OtherSecret))), BadRequest, "invalid_grant", wrong);

        var code = Totp.Now(Secret);
        Assert.Equal(OK, (await GrantAsync("app", "orla", ("totp", code))).Status);

        // A code is good once.
        AssertError(await GrantAsync("app", "orla", ("totp", code)), BadRequest, "invalid_grant", wrong);
        Assert.Equal(OK, (await GrantAsync("app", "two", ("otp", code))).Status);
        Assert.Equal(OK, (await GrantAsync("app", "ada", ("totp", "000000"))).Status);
    }

    [Fact]
    public async Task A_client_may_have_a_flow_of_its_own_for_the_password_grant()
    {
        Assert.Equal(OK, (await GrantAsync("dg", "ada")).Status);
        AssertErrorPage(await GrantAsync("dg", "bob"), Unauthorized, "Only staff may");
        AssertError(await GrantAsync("dg", "off"), BadRequest, "invalid_grant", "Account disabled");
        AssertError(
            await GrantAsync("dgotp", "ada"), InternalServerError, "unknown_error", "For more on this error consult the server log.");
    }

    /// <summary>Keycloak's page sets it by a script.</summary>
    private static string IdOfDevice(RealmAnswer page, int index)
    {
        var device = page.Page.QuerySelector($"#kc-otp-credential-{index}")!;
        return device.GetAttribute("value") ?? device.GetAttribute("onclick")!.Split('\'')[1];
    }

    private Task<RealmAnswer> GrantAsync(string client, string person, params (string Name, string Value)[] more) => Realm.PostAsync(
        Realm.TokenEndpoint,
        clientId: null,
        [("grant_type", "password"), ("client_id", client), ("username", person), ("password", person), .. more]);

    private Task<RealmAnswer> OpenAsync(RealmBrowser browser, string client) =>
        browser.GetAsync(new AuthorizationRequest(Realm, client).Url);

    private static void AssertOutcome(RealmAnswer answer, string client, string? refusal)
    {
        if (refusal is not null)
        {
            AssertErrorPage(answer, Unauthorized, refusal);
            return;
        }

        Assert.True(answer.Status is Redirect, answer.ToString());
        Assert.StartsWith($"https://client.example.test/{client}?", answer.Location!.AbsoluteUri, StringComparison.Ordinal);
        Assert.Contains("code=", answer.Location.Query, StringComparison.Ordinal);
    }

    private static void AssertPage(RealmAnswer answer, string id, string title)
    {
        Assert.Equal(OK, answer.Status);
        Assert.Equal(id, answer.Page.Body!.GetAttribute("data-page-id"));
        Assert.Equal(title, Words(answer.Page.QuerySelector("#kc-page-title")));
    }

    private static void AssertAlert(RealmAnswer answer, string text) =>
        Assert.Equal(text, Words(answer.Page.QuerySelector(".kc-feedback-text")));
}

public sealed class EmbeddedSignInFlowsTests(EmbeddedRealmUnderTest realm) : SignInFlowsTests(realm);

public sealed class KeycloakSignInFlowsTests(KeycloakUnderTest realm) : SignInFlowsTests(realm);
