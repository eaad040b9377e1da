using System.Net.Http.Json;
using System.Text.Json;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Playwright;
using Seeding;
using static Microsoft.Playwright.Assertions;

namespace Api.Tests.Admin;

/// <summary>What only a browser can tell: how pages fit a phone, a wide screen and paper, and what a second click does.</summary>
public abstract class ShapesInBrowserTests(RealmUnderTest realm, Chromium chromium) : PagesInBrowserTests(realm, chromium)
{
    private static readonly string[] Lists =
        ["/admin/accounts", "/admin/role-mappings", "/admin/audit", "/admin/models/books", "/admin/groups", "/admin/sessions"];

    [Fact]
    public async Task On_a_phone_filters_are_one_line_and_say_what_they_hold()
    {
        await FillAsync();
        var page = await SignedInAsync("ada", "/admin", new() { ViewportSize = new() { Width = 390, Height = 844 } });
        foreach (var list in Lists)
        {
            await page.GotoAsync(Url + list);
            await ReadyAsync(page);
            var height = await page.EvaluateAsync<double>("document.querySelector('form.filter').getBoundingClientRect().height");
            Assert.True(height < 200, $"The filters of {list} take {height} pixels.");
        }

        await page.GotoAsync($"{Url}/admin/accounts?kind=person&enabled=true");
        await ReadyAsync(page);
        Assert.Equal(["Kind: People", "State: Enabled"], await page.Locator(".fold [data-filters] .badge").AllTextContentsAsync());
        await page.Locator(".fold summary").ClickAsync();
        await Expect(page.GetByLabel("Kind")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_long_name_stays_inside_its_message_and_beside_its_box()
    {
        var name = new string('w', 190);
        using var writer = await ServiceAsync("acme-writer");
        using var answer = await writer.PostAsJsonAsync("/api/authors", new { name }, Cancel);
        var id = JsonElement.Parse(await answer.Content.ReadAsStringAsync(Cancel)).GetProperty("id").GetGuid();
        var page = await SignedInAsync("ada", "/admin/models/authors", new() { ViewportSize = new() { Width = 390, Height = 844 } });

        var box = (await page.GetByRole(AriaRole.Checkbox, new() { Name = name }).BoundingBoxAsync())!;
        var link = (await page.GetByRole(AriaRole.Link, new() { Name = name }).BoundingBoxAsync())!;
        Assert.True(link.X + link.Width <= box.X + 1 || link.Y >= box.Y + box.Height, $"{link.X + link.Width} {box.X}");

        foreach (var width in new[] { 390, 1280 })
        {
            await page.SetViewportSizeAsync(width, 900);
            await page.GotoAsync($"{Url}/admin/models/authors/{id}/edit");
            await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
            await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("is saved");
            foreach (var path in new[] { "", "/edit", "/delete", "/history" })
            {
                await Expect(page.Locator("main h1")).ToBeVisibleAsync();
                var sticking = await page.EvaluateAsync<string[]>(
                    "[...document.querySelectorAll('main *')].filter(part => !part.closest('.unseen, .scroll, input, textarea, select')"
                        + " && getComputedStyle(part).overflow !== 'hidden' && part.scrollWidth > part.clientWidth + 1"
                        + " && part.clientWidth > 0).map(part => part.tagName + '.' + part.className)");
                Assert.True(sticking.Length == 0, $"{path} at {width}: {string.Join(' ', sticking)}");
                await page.GotoAsync($"{Url}/admin/models/authors/{id}{path}");
            }
        }
    }

    [Fact]
    public async Task What_is_done_with_selected_rows_is_in_sight_and_counts_them()
    {
        await FillAsync();
        foreach (var (width, height) in new[] { (1280, 800), (390, 844) })
        {
            var page = await SignedInAsync(
                "ada", "/admin/accounts", new() { ViewportSize = new() { Width = width, Height = height } });
            await Expect(page.Locator("[data-counts]")).ToHaveTextAsync("0 selected");
            await page.Locator("[name=ids]").Nth(1).CheckAsync();
            await page.Locator("[name=ids]").Nth(2).CheckAsync();

            await Expect(page.Locator("[data-counts]")).ToHaveTextAsync("2 selected");
            var bar = (await page.Locator(".bulk").BoundingBoxAsync())!;
            Assert.True(bar.Y >= 0 && bar.Y + bar.Height <= height + 1, $"The bar is at {bar.Y}, {bar.Height} high, on {height}.");
            await page.GetByRole(AriaRole.Checkbox, new() { Name = "All on this page" }).CheckAsync();
            await Expect(page.Locator("[data-counts]")).ToHaveTextAsync("50 selected");
            await page.GetByRole(AriaRole.Checkbox, new() { Name = "All that the filter finds" }).CheckAsync();
            await Expect(page.Locator("[data-counts]")).ToContainTextAsync("accounts selected");
        }
    }

    [Fact]
    public async Task A_second_click_does_nothing_and_the_button_says_that_it_is_busy_until_the_page_comes_back()
    {
        var page = await SignedInAsync("ada", "/admin/models/authors/new");
        await ReadyAsync(page);
        await page.GetByLabel("Name").FillAsync("Clicked Twice");
        // The answer waits until the test has looked.
        var answer = new TaskCompletionSource();
        var sent = 0;
        await page.RouteAsync("**/admin/models/authors/new", async route =>
        {
            if (route.Request.Method == "POST")
            {
                sent++;
                await answer.Task;
            }

            await route.ContinueAsync();
        });
        // In one go: with a page under way that does not come, the browser answers no other question. Last, it is shown from its memory.
        var states = await page.EvaluateAsync<string[]>(
            """
            async () => {
              const button = [...document.querySelectorAll("main form button")].find((one) => one.textContent === "Add");
              const state = () => `${button.disabled} ${button.getAttribute("aria-busy")}`;
              button.click();
              button.click();
              await new Promise((resolve) => setTimeout(resolve));
              const busy = state();
              dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
              return [busy, state()];
            }
            """);
        Assert.Equal(["true true", "false null"], states);
        answer.SetResult();

        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Clicked Twice" })).ToBeVisibleAsync();
        Assert.Equal(1, sent);
        await page.GotoAsync($"{Url}/admin/models/authors?search=Clicked");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Clicked Twice" })).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task What_is_cut_off_says_so_and_paper_has_what_is_read()
    {
        await FillAsync();
        var page = await SignedInAsync("ada", "/admin/groups/new", new() { ViewportSize = new() { Width = 390, Height = 844 } });
        await Expect(page.Locator(".scroll.cut-end").First).ToBeVisibleAsync();
        await Expect(page.GetByText("There is more to the side").First).ToBeVisibleAsync();

        await page.SetViewportSizeAsync(1920, 1000);
        await page.GotoAsync($"{Url}/admin/accounts");
        var brand = (await page.Locator(".brand").BoundingBoxAsync())!;
        var side = (await page.Locator(".side a").First.BoundingBoxAsync())!;
        Assert.InRange(brand.X - side.X, -40, 40);

        await page.EmulateMediaAsync(new() { Media = Media.Print });
        foreach (var hidden in new[] { ".top", ".side", ".filter", ".bulk", ".pager", ".exports" })
        {
            await Expect(page.Locator(hidden).First).ToBeHiddenAsync();
        }

        await Expect(page.Locator("h1")).ToBeVisibleAsync();
        await Expect(page.Locator("tbody th a").First).ToBeVisibleAsync();
    }

    [Fact]
    public async Task The_page_of_the_realm_says_once_what_it_says_of_many_clients()
    {
        await FillAsync();
        var page = await SignedInAsync("ada", "/admin/realm", new() { ViewportSize = new() { Width = 1280, Height = 900 } });

        var rows = await page.Locator("[aria-label='Clients that call'] tbody tr:not(.note)").CountAsync();
        var height = await page.EvaluateAsync<int>("document.documentElement.scrollHeight");
        Assert.True(height < 1600 + (rows * 90), $"{height} pixels for {rows} clients.");
        var notes = await page.Locator(".notes > li, .note li").AllTextContentsAsync();
        Assert.Equal(notes.Distinct(StringComparer.Ordinal), notes);
    }

    private async Task FillAsync()
    {
        var keycloak = Served.Services.GetRequiredService<IOptions<KeycloakOptions>>().Value;
        var seeder = new Seeder(Served.Services.GetRequiredService<Database>(), keycloak, TimeProvider.System);
        await seeder.SeedAsync(
            new SeedSize(Accounts: 120, Groups: 6, Mappings: 10, Audit: 100, Days: 30, Seed: 1), (_, _, _) => { }, Cancel);
    }
}

public sealed class ShapesInBrowserOnEmbeddedRealmTests(EmbeddedRealmUnderTest realm, Chromium chromium)
    : ShapesInBrowserTests(realm, chromium), IClassFixture<EmbeddedRealmUnderTest>;
