using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>Other identity providers: the page shows those that are not hidden, and in what order.</summary>
public abstract class IdentityProviderTests(RealmUnderTest realm) : RealmTests(realm.SignIn)
{
    [Theory]
    [InlineData("app")]
    [InlineData("split")]
    public async Task The_first_page_shows_them(string client)
    {
        using var browser = Realm.NewBrowser();

        var page = await browser.GetAsync(new AuthorizationRequest(Realm, client).Url);

        var shown = page.Page.QuerySelectorAll("#kc-social-providers [id^=social-]");
        Assert.Equal(
            ["social-github: GitHub", "social-corp: Corp <b>&", "social-plain: plain"],
            shown.Select(each => $"{each.Id}: {Words(each)}"));
        Assert.Contains("Or sign in with", page.Page.Body!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_proves_it_again_does_not_see_them()
    {
        using var browser = Realm.NewBrowser();
        await browser.SignInAsync(new AuthorizationRequest(Realm, "app").Url, "ada", "ada");

        var page = await browser.GetAsync(new AuthorizationRequest(Realm, "app").With("prompt", "login").Url);

        Assert.NotNull(page.Page.QuerySelector("form#kc-form-login"));
        Assert.Null(page.Page.QuerySelector("#kc-social-providers"));
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("off")]
    [InlineData("")]
    public async Task A_hint_to_none_that_is_there_is_passed_over(string hint)
    {
        using var browser = Realm.NewBrowser();

        var page = await browser.GetAsync(new AuthorizationRequest(Realm, "app").With("kc_idp_hint", hint).Url);

        Assert.Equal("login-login", page.Page.Body!.GetAttribute("data-page-id"));
    }

    [Fact]
    public async Task Whoever_is_signed_in_is_sent_nowhere_by_a_hint()
    {
        using var browser = Realm.NewBrowser();
        await browser.SignInAsync(new AuthorizationRequest(Realm, "app").Url, "ada", "ada");

        var answer = await browser.GetAsync(new AuthorizationRequest(Realm, "app").With("kc_idp_hint", "corp").Url);

        Assert.StartsWith("https://client.example.test/app?", answer.Location!.AbsoluteUri, StringComparison.Ordinal);
    }
}

public sealed class EmbeddedIdentityProviderTests(EmbeddedRealmUnderTest realm) : IdentityProviderTests(realm)
{
    [Fact]
    public async Task The_buttons_do_nothing_and_say_why()
    {
        using var browser = Realm.NewBrowser();

        var page = await browser.GetAsync(new AuthorizationRequest(Realm, "app").Url);

        var buttons = page.Page.QuerySelectorAll("#kc-social-providers button");
        Assert.Equal(3, buttons.Length);
        Assert.All(buttons, button => Assert.True(button.HasAttribute("disabled")));
        Assert.All(buttons, button => Assert.Equal("providers-reason", button.GetAttribute("aria-describedby")));
        Assert.Contains("does not broker", Words(page.Page.QuerySelector("#providers-reason"))!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hint_leads_to_a_page_that_says_where_Keycloak_would_send_the_browser()
    {
        using var browser = Realm.NewBrowser();

        var page = await browser.GetAsync(new AuthorizationRequest(Realm, "app").With("kc_idp_hint", "corp").Url);

        Assert.Equal(OK, page.Status);
        Assert.Equal(
            "Keycloak would send the browser to the identity provider corp now. The embedded realm does not broker.",
            Words(page.Page.QuerySelector("p.instruction")));
        var form = await browser.GetAsync(page.Page.QuerySelector("#continue")!.GetAttribute("href")!);
        Assert.Equal(Redirect, (await browser.SubmitLoginAsync(form, "ada", "ada")).Status);
    }
}

public sealed class KeycloakIdentityProviderTests(KeycloakUnderTest realm) : IdentityProviderTests(realm);
