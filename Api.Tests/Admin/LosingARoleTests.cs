using Api.Tests.Infrastructure;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Api.Tests.Admin;

/// <summary>Somebody loses a role in Keycloak while they are signed in here.</summary>
public abstract class LosingARoleTests(RealmUnderTest realm, Chromium chromium)
{
    [Fact]
    public async Task Whoever_loses_a_role_in_Keycloak_is_out_with_the_next_sign_in_which_others_can_bring_about_at_once()
    {
        await chromium.StartAsync();
        await realm.StartAsync();
        await using var lent = await realm.AddPersonAsync();
        await using var served = await ServedApi.StartAsync(lent.Realm);
        var url = lent.Realm.ApiUrl;
        var page = await chromium.NewPageAsync();
        page.SetDefaultTimeout(20_000);
        await page.GotoAsync($"{url}/admin");
        await SignInAsync(page, lent.Username);
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Home" })).ToBeVisibleAsync();

        await lent.ChangeRoleAsync("staff", has: false);
        // The session was told the roles when it began, and hears of the change within the life of an access token.
        await page.ReloadAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Home" })).ToBeVisibleAsync();

        // A colleague ends it from elsewhere.
        var colleague = await chromium.NewPageAsync();
        colleague.SetDefaultTimeout(20_000);
        await colleague.GotoAsync($"{url}/admin/accounts?search={lent.Username}");
        await SignInAsync(colleague, "ada");
        await colleague.Locator("#results tbody th a").ClickAsync();
        await colleague.GetByText("End all of them").ClickAsync();
        await colleague.Locator("form[action$='/sessions/end'] [name=reason]").FillAsync("Has left the company");
        await colleague.GetByRole(AriaRole.Button, new() { Name = "End all sessions" }).ClickAsync();
        await Expect(colleague.GetByRole(AriaRole.Status)).ToContainTextAsync("has ended, here and in Keycloak");
        await Expect(colleague.GetByText("Has left the company")).ToBeVisibleAsync();

        await page.GotoAsync($"{url}/admin");
        await SignInAsync(page, lent.Username);
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "You may not open this page" })).ToBeVisibleAsync();
        await Expect(page.GetByText("admin:view", new() { Exact = true })).ToBeVisibleAsync();

        await page.Context.CloseAsync();
        await colleague.Context.CloseAsync();

        static async Task SignInAsync(IPage page, string person)
        {
            await page.FillAsync("#kc-form-login [name=username]", person);
            await page.FillAsync("#kc-form-login [name=password]", person);
            await page.PressAsync("#kc-form-login [name=password]", "Enter");
            await Expect(page.Locator("main h1")).ToBeVisibleAsync();
        }
    }
}

public sealed class LosingARoleOnEmbeddedRealmTests(EmbeddedRealmUnderTest realm, Chromium chromium)
    : LosingARoleTests(realm, chromium), IClassFixture<EmbeddedRealmUnderTest>;

[Collection(KeycloakCollection.Name)]
public sealed class LosingARoleOnKeycloakTests(KeycloakUnderTest realm, Chromium chromium) : LosingARoleTests(realm, chromium);
