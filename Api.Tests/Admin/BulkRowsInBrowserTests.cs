using System.Net;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Api.Tests.Admin;

/// <summary>Several rows of a model are ticked and changed in a real Chromium, with script and without.</summary>
public abstract class BulkRowsInBrowserTests(RealmUnderTest realm, Chromium chromium) : PagesInBrowserTests(realm, chromium)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ticked_rows_are_deleted_and_what_stayed_is_explained(bool script)
    {
        using var writer = await ServiceAsync("acme-writer");
        var busy = await AddAsync(writer, "authors", """{"name":"Busy Author"}""");
        await AddAsync(writer, "authors", """{"name":"Idle Author"}""");
        await AddAsync(writer, "books", $$"""{"title":"In the way","authorId":"{{busy}}"}""");
        var page = await SignedInAsync(
            "ada", "/admin/models/authors", new() { JavaScriptEnabled = script, ViewportSize = new() { Width = 390, Height = 844 } });

        if (script)
        {
            await page.GetByRole(AriaRole.Checkbox, new() { Name = "All on this page" }).CheckAsync();
        }
        else
        {
            await page.GetByRole(AriaRole.Checkbox, new() { Name = "Busy Author" }).CheckAsync();
            await page.GetByRole(AriaRole.Checkbox, new() { Name = "Idle Author" }).CheckAsync();
        }

        await page.GetByRole(AriaRole.Button, new() { Name = "Preview" }).ClickAsync();
        await Expect(page.GetByText("1 of 2 authors would change.")).ToBeVisibleAsync();
        await LookAtAsync(page, script);
        await page.GetByLabel("Reason").FillAsync("Tidying up");
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();

        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("1 author is deleted. 1 author stayed as it was.");
        await Expect(page.GetByRole(AriaRole.Row, new() { Name = "Busy Author" })).ToContainTextAsync("It is referred to by 1 book.");
        await LookAtAsync(page, script);
        await page.GetByRole(AriaRole.Link, new() { Name = "Back to the authors" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Idle Author" })).ToHaveCountAsync(0);
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Busy Author" })).ToHaveCountAsync(1);
    }

    // Without a violation that axe finds, which needs script, and without anything that sticks out on a phone.
    private static async Task LookAtAsync(IPage page, bool script)
    {
        if (script)
        {
            Assert.Empty(await Axe.FindViolationsAsync(page));
            Assert.True(
                await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page.Url);
        }
    }

    private static async Task<Guid> AddAsync(HttpClient client, string models, string json)
    {
        using var response = await client.PostAsync($"/api/{models}", new StringContent(json, Encoding.UTF8, "application/json"), Cancel);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return JsonElement.Parse(await response.Content.ReadAsStringAsync(Cancel)).GetProperty("id").GetGuid();
    }
}

public sealed class BulkRowsInBrowserOnEmbeddedRealmTests(EmbeddedRealmUnderTest realm, Chromium chromium)
    : BulkRowsInBrowserTests(realm, chromium), IClassFixture<EmbeddedRealmUnderTest>;
