using System.Text.Json.Nodes;
using AngleSharp.Dom;
using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>
/// Links that Keycloak sends by mail: to a new password, and to prove an address. A realm without mail shows them on the page.
/// </summary>
public abstract class LinksByMailTests(RealmUnderTest realm) : RealmTests(realm)
{
    private const string Sent = "You should receive an email shortly with further instructions.";
    private const string Client = "https://client.example.test/ui";

    /// <summary>The link that the page is about.</summary>
    private protected abstract Task<string> LinkAsync(RealmAnswer page, MailListener mails);

    [Fact]
    public async Task Whoever_forgot_the_password_gets_a_link_to_a_new_one_once()
    {
        await using var served = await ServeAsync();
        using var browser = served.NewBrowser();
        var form = await ForgetAsync(browser, served);
        Assert.Equal("login-login-reset-password Forgot Your Password?", Title(form));
        Assert.Equal("Username or email", TextOf(form.Page.QuerySelector("label[for=username]")));
        Assert.Equal("Please specify username.", Feedback(await SendAsync(browser, form, "")));

        var page = await SendAsync(browser, await ForgetAsync(browser, served), "ann@example.test");
        Assert.Equal("login-login Sign in to your account", Title(page));
        Assert.Equal(Sent, Feedback(page));
        var link = await LinkAsync(page, served.Mails);
        Assert.StartsWith($"{served.Issuer}/login-actions/action-token?key=", link, StringComparison.Ordinal);

        var update = await browser.GetAsync(link);
        Assert.Equal("login-login-update-password Update password", Title(update));
        Assert.Equal("You need to change your password.", Feedback(update));
        var done = await browser.SubmitAsync(update, "#kc-passwd-update-form", ("password-new", "fresh"), ("password-confirm", "fresh"));
        Assert.StartsWith(Client + "?state=s&session_state=", done.Location!.AbsoluteUri, StringComparison.Ordinal);

        AssertErrorPage(await browser.GetAsync(link), BadRequest, "Action expired. Please continue with login now.");
        using var other = served.NewBrowser();
        AssertErrorPage(await other.GetAsync(link), BadRequest, "Action expired. Please continue with login now.");
        Assert.StartsWith(Client, (await other.SignInAsync(served.Authorization, "ann", "fresh")).AbsoluteUri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_another_browser_the_link_changes_the_password_and_signs_nobody_in()
    {
        await using var served = await ServeAsync();
        using var browser = served.NewBrowser();
        var link = await LinkAsync(await SendAsync(browser, await ForgetAsync(browser, served), "bea"), served.Mails);
        using var other = served.NewBrowser();

        var update = await other.GetAsync(link);
        Assert.Equal("login-login-update-password Update password", Title(update));
        var done = await other.SubmitAsync(update, "#kc-passwd-update-form", ("password-new", "fresh"), ("password-confirm", "fresh"));

        Assert.Equal("login-info Account updated", Title(done));
        Assert.Equal("Your account has been updated.", done.Instruction);
        var silent = await other.GetAsync(served.Authorization + "&prompt=none");
        Assert.Contains("error=login_required", silent.Location!.Query, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nobody-there")]
    [InlineData("nomail")]
    [InlineData("off")]
    public async Task Whether_there_is_such_a_person_is_not_told(string login)
    {
        await using var served = await ServeAsync();
        using var browser = served.NewBrowser();

        var page = await SendAsync(browser, await ForgetAsync(browser, served), login);

        Assert.Equal("login-login Sign in to your account", Title(page));
        Assert.Equal(Sent, Feedback(page));
    }

    [Fact]
    public async Task An_address_is_verified_by_the_link_and_the_sign_in_goes_on()
    {
        await using var served = await ServeAsync(verifyEmail: true);
        using var browser = served.NewBrowser();
        var page = await browser.SubmitLoginAsync(await browser.GetAsync(served.Authorization), "uma", "uma");
        Assert.Equal("login-login-verify-email Email verification", Title(page));
        Assert.Equal("You need to verify your email address to activate your account.", Feedback(page));
        Assert.Equal(
            "An email with instructions to verify your email address has been sent to your address uma@example.test.",
            page.Instruction);
        var link = await LinkAsync(page, served.Mails);

        var again = await browser.GetAsync(page.Page.QuerySelector("a[href*=VERIFY_EMAIL]")!.GetAttribute("href")!);
        Assert.Matches("^You must wait (29|30) seconds before resending the verification email.$", Feedback(again));

        var done = await browser.GetAsync(link);
        Assert.StartsWith(Client + "?state=s&session_state=", done.Location!.AbsoluteUri, StringComparison.Ordinal);
        var after = await browser.GetAsync(link);
        Assert.Equal("login-info Email address verified", Title(after));
        Assert.Equal("Your email address has been verified already.", after.Instruction);
    }

    [Fact]
    public async Task In_another_browser_an_address_is_verified_once_that_is_confirmed()
    {
        await using var served = await ServeAsync(verifyEmail: true);
        using var browser = served.NewBrowser();
        var link = await LinkAsync(
            await browser.SubmitLoginAsync(await browser.GetAsync(served.Authorization), "uma", "uma"), served.Mails);
        using var other = served.NewBrowser();

        var asked = await other.GetAsync(link);
        Assert.Equal("login-info Email address validation", Title(asked));
        Assert.Equal("Confirm validity of e-mail address uma@example.test.", asked.Instruction);
        var done = await other.GetAsync(asked.Page.QuerySelector("#kc-info-message a")!.GetAttribute("href")!);

        Assert.Equal("login-info Email address verified", Title(done));
        Assert.Equal("Your email address has been verified.", done.Instruction);
        Assert.StartsWith(
            Client + "?state=s",
            (await served.NewBrowser().SignInAsync(served.Authorization, "uma", "uma")).AbsoluteUri,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "Invalid Request")]
    [InlineData("?key=nonsense", "An error occurred, please login again through your application.")]
    [InlineData("?key=eyJhbGciOiJub25lIn0.e30.", "An error occurred, please login again through your application.")]
    public async Task No_other_link_works(string query, string message)
    {
        await using var served = await ServeAsync();

        AssertErrorPage(
            await Realm.GetAsync($"{served.Issuer}/login-actions/action-token{query}", ("Accept", "text/html")), BadRequest, message);
    }

    private static string Title(RealmAnswer page) =>
        $"{page.Page.Body!.GetAttribute("data-page-id")} {TextOf(page.Page.QuerySelector("#kc-page-title"))}";

    private static string Feedback(RealmAnswer page) => TextOf(page.Page
        .QuerySelectorAll(".kc-feedback-text, [id^=input-error-] .pf-v5-c-helper-text__item-text")
        .FirstOrDefault(each => TextOf(each).Length > 0));

    private static string TextOf(IElement? element) =>
        string.Join(' ', element?.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) ?? []);

    private static async Task<RealmAnswer> ForgetAsync(RealmBrowser browser, Served served)
    {
        var signIn = await browser.GetAsync(served.Authorization);
        var link = signIn.Page.QuerySelector("a[href*=reset-credentials]")!;
        Assert.Equal("Forgot Password?", TextOf(link));
        return await browser.GetAsync(new Uri(signIn.Url, link.GetAttribute("href")).AbsoluteUri);
    }

    private static Task<RealmAnswer> SendAsync(RealmBrowser browser, RealmAnswer form, string login) =>
        browser.SubmitAsync(form, "#kc-reset-password-form", ("username", login));

    private async Task<Served> ServeAsync(bool verifyEmail = false)
    {
        var port = FreePort.Find();
        var name = $"mail-{port}";
        JsonObject Person(string username, bool verified = true, bool enabled = true, string? email = "") => new()
        {
            ["username"] = username,
            ["enabled"] = enabled,
            ["email"] = email is null ? null : username + "@example.test",
            ["emailVerified"] = verified,
            ["firstName"] = "Some",
            ["lastName"] = "Body",
            ["credentials"] = new JsonArray(new JsonObject { ["type"] = "password", ["value"] = username }),
        };
        var content = new JsonObject
        {
            ["realm"] = name,
            ["enabled"] = true,
            ["resetPasswordAllowed"] = true,
            ["verifyEmail"] = verifyEmail,
            ["smtpServer"] = new JsonObject { ["host"] = "127.0.0.1", ["port"] = $"{port}", ["from"] = "realm@example.test" },
            ["clients"] = new JsonArray(
                new JsonObject { ["clientId"] = "ui", ["publicClient"] = true, ["redirectUris"] = new JsonArray(Client) }),
            ["users"] = new JsonArray(
                Person("ann"), Person("bea"), Person("uma", verified: false), Person("nomail", email: null), Person("off", enabled: false)),
        };
        var folder = Directory.CreateTempSubdirectory("mail-");
        var file = Path.Combine(folder.FullName, "realm.json");
        await File.WriteAllTextAsync(file, content.ToJsonString(), TestContext.Current.CancellationToken);
        var server = await Realm.ServeAsync(file);
        folder.Delete(recursive: true);
        return new Served($"{server.GetLeftPart(UriPartial.Authority)}/realms/{name}", new MailListener(port));
    }

    private protected sealed record Served(string Issuer, MailListener Mails) : IAsyncDisposable
    {
        public string Authorization => $"{Issuer}/protocol/openid-connect/auth?client_id=ui&redirect_uri={Uri.EscapeDataString(Client)}"
            + "&response_type=code&scope=openid&state=s";

        public RealmBrowser NewBrowser() => new(new Uri(Issuer));

        public ValueTask DisposeAsync()
        {
            Mails.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

public sealed class EmbeddedLinksByMailTests(EmbeddedRealmUnderTest realm) : LinksByMailTests(realm)
{
    private protected override Task<string> LinkAsync(RealmAnswer page, MailListener mails) =>
        Task.FromResult(page.Page.QuerySelector("#unsent-mail a")!.GetAttribute("href")!);
}

public sealed class KeycloakLinksByMailTests(KeycloakUnderTest realm) : LinksByMailTests(realm)
{
    private protected override Task<string> LinkAsync(RealmAnswer page, MailListener mails) => mails.LinkAsync();
}
