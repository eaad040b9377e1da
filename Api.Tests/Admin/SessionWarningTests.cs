using Api.Tests.Infrastructure;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Api.Tests.Admin;

/// <summary>Before a session ends, the page says so, and nothing that was typed is lost. The browser's clock is the test's.</summary>
public sealed class SessionWarningTests(EmbeddedRealmUnderTest realm, Chromium chromium)
    : PagesInBrowserTests(realm, chromium), IClassFixture<EmbeddedRealmUnderTest>
{
    private const string Typed = "Typed before the end";

    // In milliseconds: a little after the warning is due, of half an hour.
    private const long UntilWarning = 1_690_000;

    [Fact]
    public async Task The_page_warns_before_the_session_ends_and_one_click_goes_on()
    {
        var (page, name) = await OpenFormAsync();
        // What was done in another window counts: nothing is said.
        await AnswerAsync(page, """{"endsIn":1700,"canExtend":true}""");
        var asked = page.WaitForRequestAsync("**/account/session");
        await page.Clock.FastForwardAsync(UntilWarning);
        await asked;
        await Expect(page.Locator("#notice")).ToBeHiddenAsync();

        await AnswerAsync(page, """{"endsIn":110,"canExtend":true}""");
        await page.Clock.FastForwardAsync(UntilWarning);
        await Expect(page.Locator("#notice")).ToContainTextAsync("Your session ends in 2 minutes.");
        await Expect(name).ToHaveValueAsync(Typed);

        await page.UnrouteAllAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Stay signed in" }).ClickAsync();
        await Expect(page.Locator("#notice")).ToBeHiddenAsync();
        await Expect(name).ToHaveValueAsync(Typed);
    }

    [Fact]
    public async Task What_cannot_be_made_longer_is_said_and_so_is_the_end()
    {
        var (page, name) = await OpenFormAsync();
        await AnswerAsync(page, """{"endsIn":50,"canExtend":false}""");
        await page.Clock.FastForwardAsync(UntilWarning);
        await Expect(page.Locator("#notice")).ToContainTextAsync("Your session ends in a minute.");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Stay signed in" })).ToHaveCountAsync(0);
        await page.UnrouteAllAsync();
        await page.Context.ClearCookiesAsync();

        await page.Clock.FastForwardAsync(60_000);

        await Expect(page.Locator("#notice")).ToContainTextAsync("Your session has ended. What you have typed is still here.");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Sign in again in another window" })).ToBeVisibleAsync();
        await Expect(name).ToHaveValueAsync(Typed);
    }

    private async Task<(IPage Page, ILocator Name)> OpenFormAsync()
    {
        var page = await SignedInAsync("ada");
        await page.Clock.InstallAsync();
        await page.GotoAsync($"{Url}/admin/groups/new");
        var name = page.GetByLabel("Name", new() { Exact = true });
        await name.FillAsync(Typed);
        return (page, name);
    }

    private static async Task AnswerAsync(IPage page, string json)
    {
        await page.UnrouteAllAsync();
        await page.RouteAsync("**/account/session", route => route.FulfillAsync(new() { ContentType = "application/json", Body = json }));
    }
}
