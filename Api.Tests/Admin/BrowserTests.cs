using Api.Tests.Infrastructure;
using Microsoft.Playwright;

namespace Api.Tests.Admin;

/// <summary>The main job in a real Chromium: sign in, see the page asked for, be refused, sign out and find the session gone.</summary>
public abstract class BrowserTests(RealmUnderTest realm, Chromium chromium) : PagesInBrowserTests(realm, chromium)
{
    [Fact]
    public async Task Staff_sign_in_see_the_page_they_asked_for_and_sign_out_everywhere()
    {
        var page = await NewPageAsync();
        await page.GotoAsync($"{Realm.ApiUrl}/admin/accounts");
        Assert.StartsWith(Realm.Issuer, page.Url, StringComparison.Ordinal);

        await SignInAsync(page, "ada");
        Assert.Equal($"{Realm.ApiUrl}/admin/accounts", page.Url);
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Accounts" })).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Row, new() { Name = "ada" })).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Ada Lovelace" }).ClickAsync();
        await Assertions.Expect(page.GetByText("realm role superuser").First).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out", Exact = true }).ClickAsync();
        await ArriveAsync(page, url => url == $"{Realm.ApiUrl}/signed-out");
        await Assertions.Expect(page.GetByText("signed out here and at Keycloak")).ToBeVisibleAsync();

        // The realm's own session is gone: it asks for the password again.
        await page.GotoAsync($"{Realm.ApiUrl}/admin");
        await Assertions.Expect(page.Locator("#kc-form-login")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Somebody_who_is_not_staff_is_told_what_is_missing_and_can_change_the_account()
    {
        var page = await NewPageAsync();
        await page.GotoAsync($"{Realm.ApiUrl}/admin");
        await SignInAsync(page, "nora");

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "You may not open this page" })).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("admin:view", new() { Exact = true })).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out", Exact = true }).ClickAsync();
        await ArriveAsync(page, url => url == $"{Realm.ApiUrl}/signed-out");
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign in again" }).ClickAsync();
        await SignInAsync(page, "grace");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Home" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task What_the_policy_for_content_forbids_is_noticed()
    {
        var page = await SignedInAsync("ada");
        Assert.Empty(Violations);

        await page.EvaluateAsync("document.body.setAttribute('style', 'color: red')");

        await ArriveAsync(page, _ => !Violations.IsEmpty);
        Assert.True(Violations.TryDequeue(out var violation));
        Assert.Contains("style", violation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sign_out_at_the_realm_signs_out_here()
    {
        var page = await NewPageAsync();
        await page.GotoAsync($"{Realm.ApiUrl}/account");
        await SignInAsync(page, "grace");
        await Assertions.Expect(page.GetByText("Grace Hopper").First).ToBeVisibleAsync();

        // Another client of the same session ends it; the realm tells this one through the back channel.
        await page.GotoAsync(
            $"{Realm.EndSessionEndpoint}?client_id=acme-spa&"
                + $"post_logout_redirect_uri={Uri.EscapeDataString(Realm.PostLogoutRedirectUriOf("acme-spa"))}");
        await page.Locator("form input[type=submit], form button[type=submit]").First.ClickAsync();
        await ArriveAsync(page, url => url.StartsWith($"{Realm.ApiUrl}/reference/", StringComparison.Ordinal));

        await page.GotoAsync($"{Realm.ApiUrl}/account");
        await Assertions.Expect(page.Locator("#kc-form-login")).ToBeVisibleAsync();
        Assert.Contains("Keycloak ended a session", Served.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_the_reference_page_a_person_signs_in_and_tries_a_call()
    {
        var page = await NewPageAsync();
        await page.GotoAsync($"{Realm.ApiUrl}/reference");
        await page.GetByText("authorizationCode").ClickAsync();
        var popup = await page.RunAndWaitForPopupAsync(() =>
            page.GetByRole(AriaRole.Button, new() { Name = "Authorize" }).First.ClickAsync());
        await popup.FillAsync("[name=username]", "ada");
        await popup.FillAsync("[name=password]", "ada");
        var token = await page.RunAndWaitForResponseAsync(
            () => popup.PressAsync("[name=password]", "Enter"),
            response => response.Url == Realm.TokenEndpoint && response.Request.Method == "POST");
        Assert.Equal(200, token.Status);
        await Assertions.Expect(page.GetByRole(AriaRole.Textbox, new() { Name = "Access Token", Exact = true })).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Test Request" }).First.ClickAsync();
        // The page puts the token into its request a moment after it got it, and shows no sign of that.
        IResponse answer;
        var attempts = 0;
        do
        {
            await page.WaitForTimeoutAsync(300);
            answer = await page.RunAndWaitForResponseAsync(
                () => page.GetByRole(AriaRole.Button, new() { Name = "Send" }).First.ClickAsync(),
                response => response.Url.EndsWith("/api/me", StringComparison.Ordinal));
        }
        while (!answer.Request.Headers.ContainsKey("authorization") && ++attempts < 10);

        Assert.True(answer.Status == 200, $"{answer.Status}: {await answer.TextAsync()} to {string.Join(' ', answer.Request.Headers)}");
        Assert.Contains("\"ada\"", await answer.TextAsync(), StringComparison.Ordinal);
    }
}

public sealed class BrowserOnEmbeddedRealmTests(EmbeddedRealmUnderTest realm, Chromium chromium)
    : BrowserTests(realm, chromium), IClassFixture<EmbeddedRealmUnderTest>;

[Collection(KeycloakCollection.Name)]
public sealed class BrowserOnKeycloakTests(KeycloakUnderTest realm, Chromium chromium) : BrowserTests(realm, chromium);
