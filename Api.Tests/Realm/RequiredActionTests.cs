using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AngleSharp.Dom;
using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>What people have to do after they have proved who they are, and before they get to the client.</summary>
public abstract class RequiredActionTests(RealmUnderTest realm) : RealmTests(realm.Actions)
{
    private const string Client = "actions-ui";
    private const string PasswordForm = "form#kc-passwd-update-form";
    private const string ProfileForm = "form#kc-update-profile-form";
    private const string OtpForm = "form#kc-totp-settings-form";

    [Fact]
    public async Task A_password_is_asked_for_until_it_is_good()
    {
        using var browser = Realm.NewBrowser();
        var page = await SignInAsync(browser, new AuthorizationRequest(Realm, Client), "pia");

        Assert.Contains("/login-actions/required-action?execution=UPDATE_PASSWORD&client_id=actions-ui&", page.Url.AbsoluteUri);
        AssertPage(page, "login-login-update-password", "Update password", "You need to change your password to activate your account.");
        Assert.Equal("New Password", LabelOf(page, "password-new"));
        Assert.Equal("Confirm password", LabelOf(page, "password-confirm"));
        Assert.Equal("Sign out from other devices", LabelOf(page, "logout-sessions"));
        Assert.Equal("Submit", Words(page.Page.QuerySelector("#kc-submit")));
        Assert.Null(page.Page.QuerySelector("[name=cancel-aia]"));

        page = await SendAsync("", "");
        Assert.Equal("Please specify password.", ErrorOf(page, "password-new"));
        Assert.Null(ErrorOf(page, "password-confirm"));
        page = await SendAsync("pia-1", "pia-2");
        Assert.Equal("Passwords don't match.", ErrorOf(page, "password-confirm"));
        Assert.Null(ErrorOf(page, "password-new"));
        page = await SendAsync("xy", "xy");
        AssertPage(page, "login-login-update-password", "Update password", "Invalid password: minimum length 3.");
        page = await SendAsync(new string('x', 21), new string('x', 21));
        AssertPage(page, "login-login-update-password", "Update password", "Invalid password: maximum length 20.");
        page = await SendAsync("pia@example.test", "pia@example.test");
        AssertPage(page, "login-login-update-password", "Update password", "Invalid password: must not be equal to the email.");
        page = await SendAsync("pia", "pia");
        AssertPage(
            page, "login-login-update-password", "Update password", "Invalid password: must not be equal to any of last 2 passwords.");

        Task<RealmAnswer> SendAsync(string password, string again) =>
            browser.SubmitAsync(page, PasswordForm, ("password-new", password), ("password-confirm", again));
    }

    [Fact]
    public async Task A_new_password_counts_at_once()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Client);
        AssertError(await GrantAsync("paul", "paul"), BadRequest, "invalid_grant", "Account is not fully set up");

        var tokens = await RedeemAsync(request, await SendPasswordAsync(browser, await SignInAsync(browser, request, "paul"), "new one"));

        Assert.Equal("1", Jwt.Decode(tokens["access_token"])["acr"]);
        Assert.Equal(OK, (await GrantAsync("paul", "new one")).Status);
        AssertError(await GrantAsync("paul", "paul"), BadRequest, "invalid_grant", "Invalid user credentials");
        Assert.Equal(0, (await UserAsync("paul")).GetProperty("requiredActions").GetArrayLength());

        // Nothing is asked the next time.
        using var other = Realm.NewBrowser();
        var again = new AuthorizationRequest(Realm, Client);
        again.CodeFrom((await other.SubmitLoginAsync(await other.GetAsync(again.Url), "paul", "new one")).Location!);
    }

    [Fact]
    public async Task Sessions_elsewhere_end_with_the_password_where_that_is_ticked()
    {
        using var elsewhere = Realm.NewBrowser();
        using var browser = Realm.NewBrowser();
        var first = new AuthorizationRequest(Realm, Client);
        var tokens = await RedeemAsync(first, await SignInAsync(elsewhere, first, "lea"));
        var request = new AuthorizationRequest(Realm, Client).With("kc_action", "UPDATE_PASSWORD");
        var page = await SignInAsync(browser, request, "lea");

        var answer = await browser.SubmitAsync(
            page, PasswordForm, ("password-new", "lea-2"), ("password-confirm", "lea-2"), ("logout-sessions", "on"));

        var own = await RedeemAsync(request, answer);
        AssertError(await Realm.RefreshAsync(Client, tokens["refresh_token"]), BadRequest, "invalid_grant", "Session not active");
        Assert.Equal(OK, (await Realm.RefreshAsync(Client, own["refresh_token"])).Status);
    }

    [Fact]
    public async Task Terms_are_accepted_or_the_client_is_told()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Client);
        var page = await SignInAsync(browser, request, "tess");
        AssertPage(page, "login-terms", "Terms and Conditions", alert: null);
        Assert.Contains("Terms and conditions to be defined", page.Page.Body!.TextContent, StringComparison.Ordinal);
        Assert.Equal("Accept", Words(page.Page.QuerySelector("button#kc-accept[name=accept]")));
        Assert.Equal("Decline", Words(page.Page.QuerySelector("button#kc-decline[name=cancel]")));

        AssertRedirect(
            await SubmitTermsAsync(browser, page, "cancel"),
            request["redirect_uri"] + "?",
            "error=access_denied",
            "error_description=termsAndConditionsDeclined",
            $"state={request["state"]}",
            $"iss={EncodedIssuer}");
        AssertPage(await SignInAsync(browser, request, "tess"), "login-terms", "Terms and Conditions", alert: null);

        using var other = Realm.NewBrowser();
        var accepted = new AuthorizationRequest(Realm, Client);
        await RedeemAsync(accepted, await SubmitTermsAsync(other, await SignInAsync(other, accepted, "tom"), "accept"));
        var since = (await UserAsync("tom")).GetProperty("attributes").GetProperty("terms_and_conditions")[0].GetString();
        Assert.InRange(
            long.Parse(since!, System.Globalization.CultureInfo.InvariantCulture),
            DateTimeOffset.UtcNow.AddMinutes(-5).ToUnixTimeSeconds(),
            DateTimeOffset.UtcNow.ToUnixTimeSeconds());
    }

    [Fact]
    public async Task A_device_is_set_up_with_a_code_that_it_shows()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Client);
        var page = await SignInAsync(browser, request, "olga");
        AssertPage(
            page,
            "login-login-config-totp",
            "Mobile Authenticator Setup",
            "You need to set up Mobile Authenticator to activate your account.");
        // Their order is another one at each start of Keycloak.
        Assert.Equal(
            "FreeOTP|Google Authenticator|Microsoft Authenticator",
            string.Join('|', page.Page.QuerySelectorAll("#kc-totp-supported-apps li").Select(Words).Order(StringComparer.Ordinal)));
        var secret = SecretOf(page);
        Assert.Equal(20, secret.Length);

        page = await SendAsync("", "");
        Assert.Equal("Please specify authenticator code.", Words(page.Page.QuerySelector("#input-error-otp-code")));
        page = await SendAsync("12345", "");
        Assert.Equal("Invalid authenticator code.", Words(page.Page.QuerySelector("#input-error-otp-code")));

        // For people who type, with the same secret.
        page = await browser.GetAsync(page.Page.QuerySelector("a#mode-manual")!.GetAttribute("href")!);
        Assert.Equal(secret, SecretOf(page));
        Assert.Equal(secret, Encoding.ASCII.GetString(FromBase32(Words(page.Page.QuerySelector("#kc-totp-secret-key"))!)));
        Assert.Equal("Type: Time-based", Words(page.Page.QuerySelector("#kc-totp-type")));
        Assert.Equal("Algorithm: SHA1", Words(page.Page.QuerySelector("#kc-totp-algorithm")));
        Assert.Equal("Digits: 6", Words(page.Page.QuerySelector("#kc-totp-digits")));
        Assert.Equal("Interval: 30", Words(page.Page.QuerySelector("#kc-totp-period")));
        Assert.Equal("manual", page.Page.QuerySelector("input#mode")!.GetAttribute("value"));

        var code = OneTimePassword.Now(Encoding.ASCII.GetBytes(secret));
        await RedeemAsync(request, await SendAsync(code, "Phone"));
        var user = await UserAsync("olga");
        Assert.True(user.GetProperty("totp").GetBoolean());
        Assert.Equal(0, user.GetProperty("requiredActions").GetArrayLength());

        // The code is used up; the next one signs in.
        AssertError(await GrantAsync("olga", "olga", code), BadRequest, "invalid_grant", "Invalid user credentials");
        var next = OneTimePassword.At(Encoding.ASCII.GetBytes(secret), (DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 30) + 1);
        using var other = Realm.NewBrowser();
        var again = new AuthorizationRequest(Realm, Client);
        page = await SignInAsync(other, again, "olga");
        await RedeemAsync(again, await other.SubmitAsync(page, "form#kc-otp-login-form", ("otp", next)));

        Task<RealmAnswer> SendAsync(string code, string label) =>
            browser.SubmitAsync(page, OtpForm, ("totp", code), ("userLabel", label));
    }

    [Fact]
    public async Task Another_device_has_another_name()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Client);
        await RedeemAsync(request, await SendAsync(await SignInAsync(browser, request, "otto"), "First"));

        var more = new AuthorizationRequest(Realm, Client).With("kc_action", "CONFIGURE_TOTP");
        var page = await SendAsync(await browser.GetAsync(more.Url), " ");
        Assert.Equal("Please specify device name.", Words(page.Page.QuerySelector("#input-error-otp-label")));
        page = await SendAsync(page, " FIRST");
        Assert.Equal("Device already exists with the same name", Words(page.Page.QuerySelector("#input-error-otp-label")));
        AssertOutcome(more, await SendAsync(page, "Second"), "CONFIGURE_TOTP", "success");

        Task<RealmAnswer> SendAsync(RealmAnswer form, string label) => browser.SubmitAsync(
            form, OtpForm, ("totp", OneTimePassword.Now(Encoding.ASCII.GetBytes(SecretOf(form)))), ("userLabel", label));
    }

    [Theory]
    [InlineData("hal", true)]
    [InlineData("ida", true)]
    [InlineData("joy", false)]
    public async Task A_device_of_the_file_is_there(string person, bool has) =>
        Assert.Equal(has, (await UserAsync(person)).GetProperty("totp").GetBoolean());

    [Fact]
    public async Task A_code_by_time_is_right_once_and_a_little_early_or_late()
    {
        var secret = FromBase32("JBSWY3DPEHPK3PXP");
        var step = DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 60;
        string CodeAt(long counter) => OneTimePassword.At(secret, counter, HashAlgorithmName.SHA256, digits: 8);

        AssertError(await GrantAsync("hal", "hal"), BadRequest, "invalid_grant", "Invalid user credentials");
        AssertError(await GrantAsync("hal", "hal", CodeAt(step - 3)), BadRequest, "invalid_grant", "Invalid user credentials");
        Assert.Equal(OK, (await GrantAsync("hal", "hal", CodeAt(step))).Status);
        AssertError(await GrantAsync("hal", "hal", CodeAt(step)), BadRequest, "invalid_grant", "Invalid user credentials");
        Assert.Equal(OK, (await GrantAsync("hal", "hal", CodeAt(step + 1))).Status);
    }

    [Fact]
    public async Task A_code_by_counter_is_right_until_a_later_one_was_used()
    {
        var secret = Encoding.ASCII.GetBytes("an old secret");

        AssertError(await GrantAsync("ida", "ida", OneTimePassword.At(secret, 6)), BadRequest, "invalid_grant", "Invalid user credentials");
        Assert.Equal(OK, (await GrantAsync("ida", "ida", OneTimePassword.At(secret, 8))).Status);
        AssertError(await GrantAsync("ida", "ida", OneTimePassword.At(secret, 8)), BadRequest, "invalid_grant", "Invalid user credentials");
        AssertError(await GrantAsync("ida", "ida", OneTimePassword.At(secret, 7)), BadRequest, "invalid_grant", "Invalid user credentials");
        Assert.Equal(OK, (await GrantAsync("ida", "ida", OneTimePassword.At(secret, 9))).Status);
    }

    [Fact]
    public async Task A_credential_with_a_value_is_a_password_whatever_its_type() =>
        Assert.Equal(OK, (await GrantAsync("joy", "joy")).Status);

    [Fact]
    public async Task The_profile_shows_what_the_realm_lets_people_see_and_says_what_is_wrong()
    {
        using var browser = Realm.NewBrowser();
        var page = await SignInAsync(browser, new AuthorizationRequest(Realm, Client), "mia");
        AssertPage(
            page,
            "login-login-update-profile",
            "Update Account Information",
            "You need to update your user profile to activate your account.");
        Assert.Equal(
            "email firstName lastName age colour code plate hobby hobby hobby bio site born tags tags",
            string.Join(' ', page.Page.QuerySelectorAll($"{ProfileForm} :is(input, select, textarea)[name]").Select(Name)));
        Assert.Equal(
            "email=Email * firstName=First name * lastName=Last name * age=Age <years> colour=Colour code=Code plate=plate hobby=Hobby "
                + "hobby-chess=chess hobby-go=go bio=Bio site=Site born=Born tags=Tags",
            string.Join(' ', page.Page.QuerySelectorAll($"{ProfileForm} label[for]").Select(label =>
                $"{label.GetAttribute("for")}={Words(label)}")));
        Assert.Equal("41", Field(page, "age").GetAttribute("value"));
        Assert.Equal("number", Field(page, "age").GetAttribute("type"));
        Assert.Equal("In full years", Words(page.Page.QuerySelector("#form-help-text-before-age")));
        Assert.True(Field(page, "code").HasAttribute("disabled"));
        Assert.Equal("|red=Warm red|blue=blue", string.Join('|', page.Page.QuerySelectorAll("#colour option").Select(option =>
            option.GetAttribute("value") is { Length: > 0 } value ? $"{value}={Words(option)}" : "")));
        Assert.True(page.Page.QuerySelector("#hobby-go")!.HasAttribute("checked"));
        Assert.False(page.Page.QuerySelector("#hobby-chess")!.HasAttribute("checked"));
        Assert.Equal("More", Words(page.Page.QuerySelector("#header-more")));
        Assert.Equal("And more", Words(page.Page.QuerySelector("#description-more")));

        page = await browser.SubmitAsync(
            page, ProfileForm, ("email", ""), ("firstName", " "), ("lastName", "O"), ("age", "x"), ("colour", "green"), ("plate", "abc"),
            ("hobby", "dance"), ("site", "nowhere"), ("born", "soon"), ("code", "changed"));
        AssertPage(page, "login-login-update-profile", "Update Account Information", alert: null);
        Assert.Equal("Please specify email. Please specify this field.", ErrorOf(page, "email"));
        Assert.Equal("Please specify this field.", ErrorOf(page, "firstName"));
        Assert.Equal("Minimal length is 2.", ErrorOf(page, "lastName"));
        Assert.Equal("Invalid number.", ErrorOf(page, "age"));
        Assert.Equal("Invalid value.", ErrorOf(page, "colour"));
        Assert.Equal("Capitals <i>only", ErrorOf(page, "plate"));
        Assert.Equal("Invalid value.", ErrorOf(page, "hobby"));
        Assert.Equal("Invalid URL.", ErrorOf(page, "site"));
        Assert.Equal("Invalid date.", ErrorOf(page, "born"));
        Assert.Equal("This field is read only.", ErrorOf(page, "code"));
        Assert.Equal("abc", Field(page, "plate").GetAttribute("value"));

        page = await browser.SubmitAsync(
            page, ProfileForm, ("email", "kim@example.test"), ("firstName", "<b>"), ("lastName", "Other"), ("age", "100"), ("colour", ""),
            ("plate", "ABCDE"), ("hobby", ""), ("site", ""), ("born", ""), ("code", "c-1"));
        Assert.Equal("Email already exists.", ErrorOf(page, "email"));
        Assert.Equal("Value contains invalid character.", ErrorOf(page, "firstName"));
        Assert.Equal("Number must be between 1 and 99.", ErrorOf(page, "age"));
        Assert.Equal("Length must be between 2 and 4.", ErrorOf(page, "plate"));
        page = await browser.SubmitAsync(page, ProfileForm, ("email", "not one"), ("firstName", new string('x', 21)), ("age", "1"));
        Assert.Equal("Invalid email address.", ErrorOf(page, "email"));
        Assert.Equal("Maximal length is 20.", ErrorOf(page, "firstName"));
        Assert.Null(ErrorOf(page, "age"));
    }

    [Fact]
    public async Task A_changed_profile_is_in_tokens_and_everywhere_at_once()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Client).With("scope", "openid phone");
        var page = await SignInAsync(browser, request, "pete");
        Assert.NotNull(page.Page.QuerySelector("#scoped"));

        var tokens = await RedeemAsync(request, await browser.SubmitAsync(
            page, ProfileForm, ("email", "Peter@Example.test"), ("firstName", "Peter"), ("age", "42"), ("bio", "<b> & so on"),
            ("scoped", "yes")));

        var token = Jwt.Decode(tokens["access_token"]);
        Assert.Equal("peter@example.test Peter 42", $"{token["email"]} {token["given_name"]} {token["age"]}");
        Assert.False(token.Payload.GetProperty("email_verified").GetBoolean());
        var info = await Realm.GetUserInfoAsync(tokens["access_token"]);
        Assert.Equal("peter@example.test Peter 42", $"{info["email"]} {info["given_name"]} {info["age"]}");
        var user = await UserAsync("pete");
        Assert.Equal("peter@example.test Peter", $"{user.GetProperty("email")} {user.GetProperty("firstName")}");
        var attributes = user.GetProperty("attributes");
        AssertMembers("age bio code hidden hobby scoped tags", attributes);
        Assert.Equal("<b> & so on", attributes.GetProperty("bio")[0].GetString());
        Assert.Equal("h-1", attributes.GetProperty("hidden")[0].GetString());
        Assert.Equal(OK, (await GrantAsync("peter@example.test", "pete")).Status);
    }

    [Fact]
    public async Task A_profile_that_does_not_fit_the_realm_is_asked_for_with_what_is_wrong()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Client);
        AssertError(await GrantAsync("vera", "vera"), BadRequest, "invalid_grant", "Account is not fully set up");
        var page = await SignInAsync(browser, request, "vera");

        Assert.Contains("execution=VERIFY_PROFILE&", page.Url.AbsoluteUri, StringComparison.Ordinal);
        AssertPage(page, "login-login-update-profile", "Update Account Information", alert: null);
        Assert.Equal("Minimal length is 2.", ErrorOf(page, "lastName"));
        Assert.Equal("Invalid number.", ErrorOf(page, "age"));
        Assert.Null(ErrorOf(page, "email"));

        await RedeemAsync(request, await browser.SubmitAsync(page, ProfileForm, ("lastName", "Other"), ("age", "7")));
        Assert.Equal(OK, (await GrantAsync("vera", "vera")).Status);
    }

    [Fact]
    public async Task Several_actions_come_one_after_the_other_in_the_order_of_the_realm()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Client);
        var page = await SignInAsync(browser, request, "maya");
        Assert.Equal("login-terms", PageOf(page));
        page = await SubmitTermsAsync(browser, page, "accept");
        Assert.Equal("login-login-update-profile", PageOf(page));
        page = await browser.SubmitAsync(page, ProfileForm);
        Assert.Equal("login-login-config-totp", PageOf(page));

        // The address without more leads to the one that is next.
        page = await browser.GetAsync(AddressOf(page, execution: null));
        Assert.Equal("login-login-config-totp", PageOf(page));
        var code = OneTimePassword.Now(Encoding.ASCII.GetBytes(SecretOf(page)));
        page = await browser.SubmitAsync(page, OtpForm, ("totp", code));
        Assert.Equal("login-login-update-password", PageOf(page));
        Assert.Equal(
            "UPDATE_PASSWORD",
            Assert.Single((await UserAsync("maya")).GetProperty("requiredActions").EnumerateArray().ToList()).GetString());
        await RedeemAsync(request, await SendPasswordAsync(browser, page, "maya-2"));
    }

    [Fact]
    public async Task An_old_form_is_not_taken()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Client);
        var first = await SignInAsync(browser, request, "eva");
        await SendPasswordAsync(browser, first, "x");

        // Of the action that is open: the form anew.
        var page = await SendPasswordAsync(browser, first, "eva-2");
        AssertPage(page, "login-login-update-password", "Update password", "You need to change your password to activate your account.");
        Assert.Contains("/required-action?execution=UPDATE_PASSWORD&client_id=", page.Url.AbsoluteUri, StringComparison.Ordinal);

        // Of another one: the page says so, and leads back.
        var expired = await browser.GetAsync(AddressOf(page, "CONFIGURE_TOTP"));
        AssertPage(expired, "login-login-page-expired", "Page has expired", alert: null);
        Assert.Equal(
            "To restart the login process Click here . To continue the login process Click here .", Spaced(expired.Instruction!));
        page = await browser.GetAsync(expired.Page.QuerySelector("a#loginContinueLink")!.GetAttribute("href")!);
        Assert.Equal("login-login-update-password", PageOf(page));

        // Or to the beginning.
        var restart = expired.Page.QuerySelector("a#loginRestartLink")!.GetAttribute("href")!;
        page = await browser.GetAsync(new Uri(page.Url, restart).AbsoluteUri);
        Assert.NotNull(page.Page.QuerySelector("form#kc-form-login"));
    }

    [Fact]
    public async Task What_has_to_be_done_comes_before_the_question_for_consent()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, "asking-ui");
        var page = await SendPasswordAsync(browser, await SignInAsync(browser, request, "cora"), "cora-2");

        Assert.Equal("login-login-oauth-grant", PageOf(page));
        await RedeemAsync(request, await browser.SubmitAsync(page, "#kc-oauth form", ("accept", "")));
    }

    [Fact]
    public async Task Whoever_is_signed_in_has_to_do_it_all_the_same()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Client);
        await RedeemAsync(request, await SignInAsync(browser, request, "kai"));
        await RequireAsync("kai", "UPDATE_PASSWORD");

        AssertRedirect(
            await browser.GetAsync(new AuthorizationRequest(Realm, Client).With("state", "s").With("prompt", "none").Url),
            request["redirect_uri"] + "?",
            "error=interaction_required",
            "state=s",
            $"iss={EncodedIssuer}");
        var again = new AuthorizationRequest(Realm, Client);
        var page = await browser.GetAsync(again.Url);
        Assert.Equal("login-login-update-password", PageOf(page));
        var tokens = await RedeemAsync(again, await SendPasswordAsync(browser, page, "kai-2"));
        Assert.Equal("0", Jwt.Decode(tokens["access_token"])["acr"]);
    }

    [Fact]
    public async Task A_client_asks_for_an_action_and_is_told_what_became_of_it()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Client).With("kc_action", "UPDATE_PASSWORD");
        var page = await SignInAsync(browser, request, "kim");
        AssertPage(page, "login-login-update-password", "Update password", alert: null);
        Assert.Equal("Cancel", Words(page.Page.QuerySelector("#kc-cancel[name=cancel-aia]")));
        AssertOutcome(request, await browser.SubmitAsync(page, PasswordForm, ("cancel-aia", "true")), "UPDATE_PASSWORD", "cancelled");

        // Whoever is signed in is asked without a sign-in.
        page = await browser.GetAsync(request.Url);
        Assert.Equal("login-login-update-password", PageOf(page));
        AssertOutcome(request, await SendPasswordAsync(browser, page, "kim-2"), "UPDATE_PASSWORD", "success");
        Assert.Equal(OK, (await GrantAsync("kim", "kim-2")).Status);
        foreach (var (action, form, page1) in ((string, string, string)[])
            [("CONFIGURE_TOTP", OtpForm, "login-login-config-totp"), ("UPDATE_PROFILE", ProfileForm, "login-login-update-profile")])
        {
            var next = new AuthorizationRequest(Realm, Client).With("kc_action", action);
            page = await browser.GetAsync(next.Url);
            AssertPage(page, page1, Words(page.Page.QuerySelector("#kc-page-title"))!, alert: null);
            AssertOutcome(next, await browser.SubmitAsync(page, form, ("cancel-aia", "true")), action, "cancelled");
        }

        AssertRedirect(
            await browser.GetAsync(request.With("prompt", "none").Url),
            request["redirect_uri"] + "?",
            "error=interaction_required",
            $"state={request["state"]}",
            $"iss={EncodedIssuer}");
    }

    [Theory]
    [InlineData("NONSENSE")]
    [InlineData("TERMS_AND_CONDITIONS")]
    [InlineData("VERIFY_PROFILE")]
    [InlineData("VERIFY_EMAIL")]
    [InlineData("update_password")]
    public async Task An_action_that_a_client_may_not_ask_for_is_an_error(string action)
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Client).With("kc_action", action);
        var answer = await SignInAsync(browser, request, "ida-without-a-device");

        // Keycloak names the form that was sent last, not the action.
        AssertOutcome(request, answer, Execution(answer), "error");

        var parameters = AssertRedirect(
            await browser.GetAsync(request.Url),
            request["redirect_uri"] + "?",
            $"state={request["state"]}",
            "session_state",
            $"iss={EncodedIssuer}",
            "kc_action_status=error",
            "code");
        Assert.DoesNotContain("kc_action", parameters.Keys);

        static string Execution(RealmAnswer answer) =>
            Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(answer.Location!.Query)["kc_action"].ToString();
    }

    [Fact]
    public async Task What_has_to_be_done_anyway_cannot_be_cancelled()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Client).With("kc_action", "UPDATE_PASSWORD");
        var page = await SignInAsync(browser, request, "kurt");
        Assert.Null(page.Page.QuerySelector("[name=cancel-aia]"));

        page = await browser.SubmitAsync(page, PasswordForm, ("cancel-aia", "true"));
        Assert.Equal("Please specify password.", ErrorOf(page, "password-new"));
        AssertOutcome(request, await SendPasswordAsync(browser, page, "kurt-2"), "UPDATE_PASSWORD", "success");
    }

    [Fact]
    public async Task What_has_to_be_done_comes_before_what_the_client_asks_for()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Client).With("kc_action", "UPDATE_PROFILE");
        var page = await SignInAsync(browser, request, "ivy");
        Assert.Equal("login-login-update-password", PageOf(page));

        page = await SendPasswordAsync(browser, page, "ivy-2");
        Assert.Equal("login-login-update-profile", PageOf(page));
        AssertOutcome(request, await browser.SubmitAsync(page, ProfileForm, ("firstName", "Iv")), "UPDATE_PROFILE", "success");
    }

    protected static async Task<RealmAnswer> SignInAsync(RealmBrowser browser, AuthorizationRequest request, string person)
    {
        var login = person is "ida-without-a-device" ? "joy" : person;
        return await browser.SubmitLoginAsync(await browser.GetAsync(request.Url), login, login);
    }

    private static string AddressOf(RealmAnswer page, string? execution)
    {
        var query = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(page.Url.Query);
        query.Remove("session_code");
        query["execution"] = execution;
        return AuthorizationRequest.Append(
            page.Url.GetLeftPart(UriPartial.Path),
            query.Where(each => each.Value.Count > 0).Select(each => KeyValuePair.Create(each.Key, each.Value.ToString())));
    }

    protected static string? PageOf(RealmAnswer page) => page.Page.Body!.GetAttribute("data-page-id");

    private static void AssertPage(RealmAnswer page, string id, string title, string? alert)
    {
        Assert.Equal(OK, page.Status);
        Assert.Equal(id, PageOf(page));
        Assert.Equal(title, Words(page.Page.QuerySelector("#kc-page-title")));
        Assert.Equal(alert, Words(page.Page.QuerySelector(".kc-feedback-text:not([id^=input-error] *)")));
    }

    private void AssertOutcome(AuthorizationRequest request, RealmAnswer answer, string action, string status) => AssertRedirect(
        answer,
        request["redirect_uri"] + "?",
        $"state={request["state"]}",
        "session_state",
        $"iss={EncodedIssuer}",
        $"kc_action={action}",
        $"kc_action_status={status}",
        "code");

    private static string Spaced(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static string? LabelOf(RealmAnswer page, string field) => Words(page.Page.QuerySelector($"label[for={field}]"));

    private static string? ErrorOf(RealmAnswer page, string field) =>
        page.Page.QuerySelector($"#input-error-{field}") is { } error
            ? Spaced(error.InnerHtml.Replace("<br>", " ", StringComparison.Ordinal) is var html
                ? new AngleSharp.Html.Parser.HtmlParser().ParseDocument(html).Body!.TextContent
                : "")
            : null;

    private static IElement Field(RealmAnswer page, string name) => page.Page.QuerySelector($"#{name}")!;

    private static string? Name(IElement element) => element.GetAttribute("name");

    private static string SecretOf(RealmAnswer page) => page.Page.QuerySelector("input#totpSecret")!.GetAttribute("value")!;

    private static byte[] FromBase32(string text)
    {
        var bits = string.Concat(text.Where(c => c is not ' ').Select(c =>
            Convert.ToString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(c, StringComparison.Ordinal), 2).PadLeft(5, '0')));
        return [.. bits.Chunk(8).Where(part => part.Length == 8).Select(part => Convert.ToByte(new string(part), 2))];
    }

    private static Task<RealmAnswer> SubmitTermsAsync(RealmBrowser browser, RealmAnswer page, string button) =>
        browser.SubmitAsync(page, "form:has(#kc-accept)", (button, ""));

    private static Task<RealmAnswer> SendPasswordAsync(RealmBrowser browser, RealmAnswer page, string password) =>
        browser.SubmitAsync(page, PasswordForm, ("password-new", password), ("password-confirm", password));

    private async Task<RealmAnswer> RedeemAsync(AuthorizationRequest request, RealmAnswer answer)
    {
        Assert.True(answer.Location is not null, answer.ToString());
        var tokens = await Realm.RedeemAsync(request, request.CodeFrom(answer.Location));
        Assert.True(tokens.Status is OK, tokens.ToString());
        return tokens;
    }

    private Task<RealmAnswer> GrantAsync(string person, string password, string? code = null) => Realm.PostAsync(
        Realm.TokenEndpoint,
        Client,
        [
            ("grant_type", "password"), ("username", person), ("password", password),
            .. code is null ? Array.Empty<(string, string)>() : [("totp", code)],
        ]);

    private async Task<JsonElement> UserAsync(string name) =>
        Assert.Single((await CallAsync(HttpMethod.Get, $"/users?username={name}&exact=true")).Json.EnumerateArray().ToList());

    private async Task RequireAsync(string person, string action) => Assert.Equal(
        NoContent,
        (await CallAsync(
            HttpMethod.Put,
            $"/users/{(await UserAsync(person)).GetProperty("id").GetString()}",
            $$"""{"requiredActions":["{{action}}"]}""")).Status);

    private async Task<RealmAnswer> CallAsync(HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, Realm.AdminEndpoint + path);
        request.Headers.Authorization = new("Bearer", (await Realm.GetServiceTokenAsync("admin-tool"))["access_token"]);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        return await Realm.SendAsync(request);
    }
}

public sealed class EmbeddedRequiredActionTests(EmbeddedRealmUnderTest realm) : RequiredActionTests(realm)
{
    [Fact]
    public async Task An_action_without_a_form_is_named()
    {
        using var browser = Realm.NewBrowser();
        var page = await SignInAsync(browser, new AuthorizationRequest(Realm, "actions-ui"), "wim");

        AssertErrorPage(
            page,
            OK,
            "The account wim has the required action webauthn-register. Take it out of the realm file; Keycloak would ask for it here.");
    }
}

public sealed class KeycloakRequiredActionTests(KeycloakUnderTest realm) : RequiredActionTests(realm);
