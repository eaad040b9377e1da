using Api.Tests.Infrastructure;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Api.Tests.Admin;

/// <summary>The main tasks of the pages, done in a real Chromium as a person does them.</summary>
public abstract class StaffTasksTests(RealmUnderTest realm, Chromium chromium) : PagesInBrowserTests(realm, chromium)
{
    [Fact]
    public async Task An_account_is_found_as_one_types_and_disabled_by_keyboard_alone()
    {
        using var nobody = await ServiceAsync("acme-nobody");
        await nobody.GetAsync("/api/me", Cancel);
        var page = await SignedInAsync("ada");

        // Past the navigation by the link that only the keyboard meets, and back to it by the name of the entry.
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Skip to the content" })).ToBeFocusedAsync();
        await TabToAsync(page, "Accounts");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Accounts" })).ToBeVisibleAsync();
        await ReadyAsync(page);
        await TabToFieldAsync(page, "input[type=search]");
        await page.Keyboard.TypeAsync("acme-nob");
        await Expect(page.Locator("#results tbody tr")).ToHaveCountAsync(1);
        await ArriveAsync(page, url => url.Contains("search=acme-nob", StringComparison.Ordinal));
        await TabToAsync(page, "acme-nobody");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "acme-nobody" })).ToBeVisibleAsync();

        await TabToFieldAsync(page, "form[action$='/disable'] [name=reason]");
        await page.Keyboard.TypeAsync("Not needed any more");
        await page.Keyboard.PressAsync("Enter");

        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("acme-nobody is disabled");
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, (await nobody.GetAsync("/api/me", Cancel)).StatusCode);
        await TabToFieldAsync(page, "form[action$='/enable'] button");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("acme-nobody is enabled");
        Assert.Equal(System.Net.HttpStatusCode.OK, (await nobody.GetAsync("/api/me", Cancel)).StatusCode);
    }

    [Fact]
    public async Task Without_script_the_same_is_done_by_the_buttons()
    {
        using var nobody = await ServiceAsync("acme-nobody");
        await nobody.GetAsync("/api/me", Cancel);
        var page = await SignedInAsync("ada", "/admin/accounts", new() { JavaScriptEnabled = false });

        await page.FillAsync("input[type=search]", "acme-nob");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show" }).ClickAsync();
        await page.GetByRole(AriaRole.Checkbox, new() { Name = "acme-nobody" }).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Preview" }).ClickAsync();
        await Expect(page.GetByText("1 of 1 chosen account would change")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Disable" }).ClickAsync();

        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("1 changed");
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, (await nobody.GetAsync("/api/me", Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_session_that_is_ended_from_another_browser_asks_to_sign_in_again_and_keeps_what_was_typed()
    {
        using var nobody = await ServiceAsync("acme-nobody");
        await nobody.GetAsync("/api/me", Cancel);
        var linus = await SignedInAsync("linus", "/admin/accounts?search=acme-nobody");
        await linus.GetByRole(AriaRole.Link, new() { Name = "acme-nobody" }).ClickAsync();
        var reason = linus.Locator("form[action$='/disable'] [name=reason]");
        await reason.FillAsync("Typed before the session ended");

        var ada = await SignedInAsync("ada", "/admin/sessions");
        await ada.GetByRole(AriaRole.Row).Filter(new() { HasText = "linus" }).GetByRole(AriaRole.Button).First.ClickAsync();
        await Expect(ada.GetByRole(AriaRole.Status)).ToContainTextAsync("has ended, here and in Keycloak");

        await reason.PressAsync("Enter");
        await Expect(linus.GetByText("Nothing was changed, and nothing is lost")).ToBeVisibleAsync();
        await linus.GetByRole(AriaRole.Link, new() { Name = "Sign in again" }).ClickAsync();
        // Keycloak's own session is over too.
        await SignInAsync(linus, "linus");
        await Expect(linus.Locator("form[action$='/disable'] [name=reason]")).ToHaveValueAsync("Typed before the session ended");
        Assert.Equal(System.Net.HttpStatusCode.OK, (await nobody.GetAsync("/api/me", Cancel)).StatusCode);
    }

    [Fact]
    public async Task What_a_script_asks_for_in_vain_is_said_and_what_was_typed_stays()
    {
        var page = await SignedInAsync("linus", "/admin/accounts");
        var notice = page.Locator("#notice");
        var search = page.Locator("input[type=search]");
        (int Status, string Says)[] answers =
        [
            (503, "The service answered 503"), (403, "You may not do this any more"), (404, "It is not there any more"),
            (409, "Load the page again"),
        ];
        foreach (var (status, says) in answers)
        {
            await page.RouteAsync(
                "**/admin/accounts?*",
                route => route.FulfillAsync(new() { Status = status, ContentType = "text/html", Body = "<p>Something else</p>" }));
            await search.FillAsync($"typed-{status}");
            await Expect(notice).ToContainTextAsync(says);
            await Expect(search).ToHaveValueAsync($"typed-{status}");
            await Expect(page.Locator("#results")).ToBeVisibleAsync();
            await page.UnrouteAllAsync();
        }

        await page.Context.ClearCookiesAsync();
        await search.FillAsync("typed-after-the-end");
        await Expect(notice).ToContainTextAsync("Your session has ended. What you have typed is still here.");
        await Expect(search).ToHaveValueAsync("typed-after-the-end");
    }

    [Fact]
    public async Task A_question_about_access_is_answered_with_a_drawing_and_turned_round()
    {
        using var writer = await ServiceAsync("acme-writer");
        await writer.GetAsync("/api/me", Cancel);
        var page = await SignedInAsync("ada", "/admin/access");

        await page.GetByRole(AriaRole.Combobox, new() { Name = "Account", Exact = true }).FillAsync("acme-writer");
        await page.GetByLabel("may do").SelectOptionAsync("book:publish");
        await page.GetByRole(AriaRole.Button, new() { Name = "Ask" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("Allowed.");
        await Expect(page.GetByRole(AriaRole.Img, new() { Name = "1 grant path grants" })).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Who else may do this?" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Rowheader, new() { Name = "acme-writer" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Rowheader, new() { Name = "ada" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task The_audit_log_is_filtered_and_taken_away_and_says_how_far_it_is()
    {
        var page = await SignedInAsync("ada", "/admin/audit");
        await page.GetByLabel("Model").SelectOptionAsync("account");
        await ArriveAsync(page, url => url.Contains("model=account", StringComparison.Ordinal));
        await Expect(page.Locator("#results tbody tr").First).ToContainTextAsync("account");

        var download = await page.RunAndWaitForDownloadAsync(() =>
            page.GetByRole(AriaRole.Link, new() { Name = "Export as JSON lines" }).ClickAsync());

        Assert.Equal("audit.jsonl", download.SuggestedFilename);
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("lines saved as audit.jsonl");
        var lines = await File.ReadAllLinesAsync(await download.PathAsync(), Cancel);
        Assert.NotEmpty(lines);
        Assert.All(lines, line => Assert.Contains("\"model\":\"account\"", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_people_who_edit_one_group_see_both_versions_and_lose_nothing()
    {
        var ada = await SignedInAsync("ada", "/admin/groups/new");
        await ada.GetByLabel("Name", new() { Exact = true }).FillAsync("night-shift");
        await ada.GetByRole(AriaRole.Radiogroup, new() { Name = "book:view" })
            .GetByRole(AriaRole.Radio, new() { Name = "granted" })
            .CheckAsync();
        await ada.GetByRole(AriaRole.Button, new() { Name = "Add the group" }).ClickAsync();
        await Expect(ada.GetByRole(AriaRole.Heading, new() { Name = "night-shift" })).ToBeVisibleAsync();
        await ada.GetByRole(AriaRole.Link, new() { Name = "Edit" }).ClickAsync();
        await Expect(ada.GetByRole(AriaRole.Button, new() { Name = "Save" })).ToBeVisibleAsync();

        // linus may change groups, and holds book:view.
        var linus = await SignedInAsync("linus", new Uri(ada.Url).AbsolutePath);
        await linus.GetByLabel("What for").FillAsync("Whoever works at night");
        await linus.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(linus.GetByRole(AriaRole.Status)).ToBeVisibleAsync();

        await ada.GetByLabel("What for").FillAsync("The night shift");
        await ada.GetByRole(AriaRole.Radiogroup, new() { Name = "author:view" })
            .GetByRole(AriaRole.Radio, new() { Name = "granted" })
            .CheckAsync();
        await ada.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();

        await Expect(ada.GetByRole(AriaRole.Alert).First).ToContainTextAsync("Somebody else changed it");
        var versions = ada.GetByRole(AriaRole.Row).Filter(new() { HasText = "Whoever works at night" });
        await Expect(versions).ToContainTextAsync("The night shift");
        await Expect(ada.GetByLabel("What for")).ToHaveValueAsync("The night shift");
        await ada.GetByRole(AriaRole.Button, new() { Name = "Save mine" }).ClickAsync();
        await Expect(ada.GetByRole(AriaRole.Heading, new() { Name = "night-shift" })).ToBeVisibleAsync();
        await Expect(ada.GetByText("The night shift").First).ToBeVisibleAsync();
        await Expect(ada.GetByTitle("author:view granted")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_mapping_says_whom_it_concerns_as_one_types_and_does_what_it_said()
    {
        using var reader = await ServiceAsync("acme-reader");
        await reader.GetAsync("/api/me", Cancel);
        var page = await SignedInAsync("ada", "/admin/role-mappings/new");

        await page.GetByLabel("Client role").CheckAsync();
        await page.GetByRole(AriaRole.Combobox, new() { Name = "Client" }).FillAsync("acme-api");
        await page.GetByRole(AriaRole.Combobox, new() { Name = "Name" }).FillAsync("book-re*");
        await page.GetByRole(AriaRole.Combobox, new() { Name = "Leads into the local group" }).FillAsync("book-editors");

        var line = page.Locator("#preview").GetByRole(AriaRole.Row).Filter(new() { HasText = "acme-reader" });
        await Expect(line).ToContainTextAsync("comes into book-editors");
        await Expect(line).ToContainTextAsync("+ book:change");
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, (await PostAuthorAsync(reader)).StatusCode);

        await page.GetByRole(AriaRole.Button, new() { Name = "Add the mapping" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToBeVisibleAsync();
        Assert.Equal(System.Net.HttpStatusCode.Created, (await PostAuthorAsync(reader)).StatusCode);
    }

    [Fact]
    public async Task A_mapping_is_made_by_keyboard_alone()
    {
        var page = await SignedInAsync("ada", "/admin/role-mappings/new");

        await TabToFieldAsync(page, "[type=radio]");
        for (var count = 0; count < 3 && !await page.EvaluateAsync<bool>("document.activeElement.value === 'client-role'"); count++)
        {
            await page.Keyboard.PressAsync("ArrowDown");
        }

        await TabToFieldAsync(page, "[name=client]");
        await page.Keyboard.TypeAsync("acme-api");
        await TabToFieldAsync(page, "[name=name]");
        await page.Keyboard.TypeAsync("made-by-keyboard");
        await TabToFieldAsync(page, "[name=group]");
        await page.Keyboard.TypeAsync("book-readers");
        await TabToFieldAsync(page, "main form button[type=submit]");
        await page.Keyboard.PressAsync("Enter");

        await Expect(page.GetByRole(AriaRole.Status)).ToBeVisibleAsync();
        await Expect(page.GetByText("made-by-keyboard").First).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_row_of_a_model_is_added_changed_looked_back_on_and_deleted()
    {
        var page = await SignedInAsync("ada", "/admin/models/authors/new");
        await page.GetByLabel("Name").FillAsync("Mary Shelley");
        await page.GetByLabel("Born on").FillAsync("1797-08-31");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Mary Shelley" })).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Edit" }).ClickAsync();
        await page.GetByLabel("Born on").FillAsync("1797-08-30");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Expect(page.GetByText("1797-08-30").First).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Every change, before and after" }).ClickAsync();
        await Expect(page.Locator("del").Filter(new() { HasText = "1797-08-31" })).ToBeVisibleAsync();
        await Expect(page.Locator("ins").Filter(new() { HasText = "1797-08-30" })).ToBeVisibleAsync();

        await page.GoBackAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Delete" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete the author" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Mary Shelley" })).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Times_are_of_the_readers_zone_from_the_first_page_on()
    {
        var page = await SignedInAsync("ada", "/account", new() { TimezoneId = "Asia/Tokyo" });
        var time = page.Locator("main time").First;
        var instant = DateTimeOffset.Parse((await time.GetAttributeAsync("datetime"))!, System.Globalization.CultureInfo.InvariantCulture);
        var expected = instant.ToOffset(TimeSpan.FromHours(9))
            .ToString("yyyy-MM-dd HH:mm", System.Globalization.CultureInfo.InvariantCulture);

        await Expect(time).ToHaveTextAsync(expected);
        await page.ReloadAsync();
        await Expect(time).ToHaveTextAsync(expected);
    }

    private static Task<HttpResponseMessage> PostAuthorAsync(HttpClient client) =>
        client.PostAsync(
            "/api/authors", new StringContent("""{"name":"Somebody New"}""", System.Text.Encoding.UTF8, "application/json"), Cancel);

    private static Task TabToAsync(IPage page, string link) =>
        TabAsync(
            page,
            $"the link {link}",
            "words => document.activeElement.tagName === 'A' && document.activeElement.textContent === words",
            link);

    private static Task TabToFieldAsync(IPage page, string selector) =>
        TabAsync(page, selector, "selector => document.activeElement.matches(selector)", selector);

    // As somebody does who has no mouse: on and on until it is there.
    private static async Task TabAsync(IPage page, string what, string isThere, string argument)
    {
        for (var count = 0; count < 120; count++)
        {
            await page.Keyboard.PressAsync("Tab");
            if (await page.EvaluateAsync<bool>(isThere, argument))
            {
                return;
            }
        }

        Assert.Fail($"Tab never came to {what}.");
    }
}

public sealed class StaffTasksOnEmbeddedRealmTests(EmbeddedRealmUnderTest realm, Chromium chromium)
    : StaffTasksTests(realm, chromium), IClassFixture<EmbeddedRealmUnderTest>;

[Collection(KeycloakCollection.Name)]
public sealed class StaffTasksOnKeycloakTests(KeycloakUnderTest realm, Chromium chromium) : StaffTasksTests(realm, chromium);
