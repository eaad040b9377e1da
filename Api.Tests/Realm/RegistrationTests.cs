using AngleSharp.Dom;
using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>People who make an account for themselves.</summary>
public abstract class RegistrationTests(RealmUnderTest realm) : RealmTests(realm.Account)
{
    [Fact]
    public async Task The_sign_in_page_leads_to_the_form_and_back()
    {
        using var browser = Realm.NewBrowser();
        var signIn = await browser.GetAsync(new AuthorizationRequest(Realm, "ui").Url);
        Assert.Equal("New user? Register", TextOf(signIn.Page.QuerySelector("#kc-registration")));

        var page = await FollowAsync(browser, signIn, "#kc-registration a");

        Assert.Equal("login-register", page.Page.Body!.GetAttribute("data-page-id"));
        Assert.Equal("Register", TextOf(page.Page.QuerySelector("#kc-page-title")));
        Assert.Equal(
            "username password password-confirm email firstName lastName code site size tags age",
            string.Join(
                ' ',
                page.Page.QuerySelectorAll("#kc-register-form [name]:not([name=locale])").Select(field => field.GetAttribute("name"))));
        Assert.Equal("xx", page.Page.QuerySelector("#code")!.GetAttribute("value"));
        Assert.Equal("number", page.Page.QuerySelector("#age")!.GetAttribute("type"));
        Assert.Equal("Register", page.Page.QuerySelector("#kc-register-form [type=submit]")!.GetAttribute("value"));

        var back = await FollowAsync(browser, page, "a[href*='login-actions/authenticate']");
        Assert.NotNull(back.Page.QuerySelector("#kc-form-login"));
    }

    [Fact]
    public async Task Whoever_registers_is_signed_in()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, "ui");
        var page = await OpenAsync(browser, request);

        var answer = await SendAsync(browser, page, ("username", "Nina"), ("email", "Nina@Example.test"), ("age", "30"), ("seen", "x"));

        var tokens = await Realm.RedeemAsync(request, request.CodeFrom(answer.Location!));
        var claims = Jwt.Decode(tokens["access_token"]);
        Assert.Equal(
            "nina nina@example.test Some Body 1",
            $"{claims["preferred_username"]} {claims["email"]} {claims["given_name"]} {claims["family_name"]} {claims["acr"]}");
        Assert.False(claims.Payload.GetProperty("email_verified").GetBoolean());
        AssertSet(
            "default-roles-account offline_access uma_authorization", claims.Payload.GetProperty("realm_access").GetProperty("roles"));

        // The browser is signed in, and the password is that of the form.
        request = new AuthorizationRequest(Realm, "ui").With("prompt", "none");
        request.CodeFrom((await browser.GetAsync(request.Url)).Location!);
        using var other = Realm.NewBrowser();
        request = new AuthorizationRequest(Realm, "ui");
        request.CodeFrom(await other.SignInAsync(request.Url, "nina@example.test", "secret"));

        var profile = await Realm.GetAsync(
            Realm.Issuer + "/account", ("Accept", "application/json"), FeaturesUnderTest.Bearer(tokens["access_token"]));
        Assert.Equal("30", profile.Json.GetProperty("attributes").GetProperty("age")[0].GetString());
        Assert.False(profile.Json.GetProperty("attributes").TryGetProperty("seen", out _));
        var groups = await Realm.GetAsync(
            Realm.Issuer + "/account/groups", ("Accept", "application/json"), FeaturesUnderTest.Bearer(tokens["access_token"]));
        Assert.Equal("/crew", Assert.Single(groups.Json.EnumerateArray().ToList()).GetProperty("path").GetString());
    }

    [Theory]
    [InlineData("username=", "Please specify username.")]
    [InlineData("username=ab", "Length must be between 3 and 20.")]
    [InlineData("username=a b c", "Value contains invalid character.")]
    [InlineData("username=ann", "Username already exists.")]
    [InlineData("email=ann@example.test", "Email already exists.")]
    [InlineData("email=nope", "Invalid email address.")]
    [InlineData("firstName=", "Please specify this field.")]
    [InlineData("age=17", "Number must be between 18 and 99.")]
    [InlineData("code=A1", "Only letters <i>")]
    [InlineData("password=", "Please specify password.")]
    [InlineData("password-confirm=other", "Password confirmation doesn't match.")]
    [InlineData(
        "password=a-very-long-password-indeed&password-confirm=a-very-long-password-indeed", "Invalid password: maximum length 20.")]
    [InlineData("username=ab&password-confirm=other", "Length must be between 3 and 20.|Password confirmation doesn't match.")]
    public async Task What_is_wrong_stands_at_the_field_and_the_rest_is_kept(string changes, string errors)
    {
        using var browser = Realm.NewBrowser();
        var page = await OpenAsync(browser, new AuthorizationRequest(Realm, "ui"));

        var answer = await SendAsync(
            browser,
            page,
            [
                ("username", "olga"), ("email", "olga@example.test"),
                .. changes.Split('&').Select(each => each.Split('=', 2)).Select(each => (each[0], each[1])),
            ]);

        Assert.Equal(OK, answer.Status);
        Assert.Equal("login-register", answer.Page.Body!.GetAttribute("data-page-id"));
        Assert.Equal(
            errors,
            string.Join('|', answer.Page.QuerySelectorAll("[id^=input-error-] .kc-feedback-text").Select(TextOf).Distinct()));
        Assert.Equal("Body", answer.Page.QuerySelector("#lastName")!.GetAttribute("value"));
        Assert.Equal("", answer.Page.QuerySelector("#password")!.GetAttribute("value"));
    }

    [Fact]
    public async Task A_client_leads_there_at_once()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, "ui").With("prompt", "create");
        Assert.NotNull((await browser.GetAsync(request.Url)).Page.QuerySelector("#kc-register-form"));
        request = new AuthorizationRequest(Realm, "ui");
        var page = await browser.GetAsync(
            request.Url.Replace("openid-connect/auth?", "openid-connect/registrations?", StringComparison.Ordinal));

        var answer = await SendAsync(browser, page, ("username", "paula"), ("email", "paula@example.test"));

        request.CodeFrom(answer.Location!);
    }

    [Fact]
    public async Task Where_the_realm_does_not_want_it_there_is_no_way()
    {
        var plain = realm.Features;
        await plain.StartAsync();
        using var browser = plain.NewBrowser();
        var request = new AuthorizationRequest(plain, "plain-ui");
        var signIn = await browser.GetAsync(request.Url);
        Assert.Null(signIn.Page.QuerySelector("#kc-registration"));
        Assert.Null(signIn.Page.QuerySelector("a[href*=reset-credentials]"));

        var form = signIn.Page.QuerySelector("#kc-form-login")!.GetAttribute("action")!;
        AssertErrorPage(
            await browser.GetAsync(form.Replace("authenticate", "registration", StringComparison.Ordinal)),
            BadRequest,
            "Registration not allowed");
        AssertErrorPage(
            await browser.GetAsync(request.Url.Replace("openid-connect/auth?", "openid-connect/registrations?", StringComparison.Ordinal)),
            BadRequest,
            "Registration not allowed");
        AssertErrorPage(await browser.GetAsync(request.With("prompt", "create").Url), BadRequest, "Registration not allowed");
    }

    [Fact]
    public async Task Without_the_browsers_sign_in_there_is_nothing() => AssertErrorPage(
        await Realm.NewBrowser().GetAsync(Realm.Issuer + "/login-actions/registration?client_id=ui&tab_id=x"),
        BadRequest,
        "Restart login cookie not found. It may have expired; it may have been deleted or cookies are disabled in your browser. "
            + "If cookies are disabled then enable them. Click Back to Application to login again.");

    private static string TextOf(IElement? element) =>
        string.Join(' ', element?.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) ?? []);

    private static async Task<RealmAnswer> FollowAsync(RealmBrowser browser, RealmAnswer page, string selector) =>
        await browser.GetAsync(new Uri(page.Url, page.Page.QuerySelector(selector)!.GetAttribute("href")).AbsoluteUri);

    private static async Task<RealmAnswer> OpenAsync(RealmBrowser browser, AuthorizationRequest request) =>
        await FollowAsync(browser, await browser.GetAsync(request.Url), "#kc-registration a");

    private static Task<RealmAnswer> SendAsync(RealmBrowser browser, RealmAnswer page, params (string Name, string Value)[] fields) =>
        browser.SubmitAsync(
            page,
            "#kc-register-form",
            [
                ("firstName", "Some"), ("lastName", "Body"), ("password", "secret"), ("password-confirm", "secret"), ("code", ""),
                ("tags", ""),
                .. fields,
            ]);
}

public sealed class EmbeddedRegistrationTests(EmbeddedRealmUnderTest realm) : RegistrationTests(realm);

public sealed class KeycloakRegistrationTests(KeycloakUnderTest realm) : RegistrationTests(realm);
