using System.Net;
using System.Net.Http.Json;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Admin;

/// <summary>Staff ask whether somebody may do something, and who may.</summary>
public sealed class AccessPagesTests(ApiOnEmbeddedRealm api) : ApiTests(api), IClassFixture<ApiOnEmbeddedRealm>
{
    private string Url => Api.Realm.ApiUrl;

    [Fact]
    public async Task An_answer_comes_with_the_grant_path_drawn_and_written_out()
    {
        await (await Api.ServiceAsync("acme-writer")).GetAsync("/api/me", Cancel);
        var pages = await Api.SignInAsync("ada");

        var page = await pages.GetAsync($"{Url}/admin/access?account=acme-writer&permission=book:change");

        Assert.Contains("Allowed.", page.Page.QuerySelector("[role=status]")!.TextContent, StringComparison.Ordinal);
        Assert.Equal(
            ["acme-api / book-editor", "book-editor", "book-editors", "book:change"],
            page.Page.QuerySelector(".grant-path")!.QuerySelectorAll("li > :last-child").Select(step => step.TextContent));
        Assert.Equal(4, page.Page.QuerySelectorAll(".graph .node").Length);
        Assert.Equal(3, page.Page.QuerySelectorAll(".graph .edge").Length);
        Assert.Equal(
            "1 grant path grants, 0 deny. Each is written out below.", page.Page.QuerySelector(".graph svg")!.GetAttribute("aria-label"));
    }

    [Fact]
    public async Task A_refusal_says_what_it_would_take()
    {
        await (await Api.ServiceAsync("acme-nobody")).GetAsync("/api/me", Cancel);
        var pages = await Api.SignInAsync("ada");

        var page = await pages.GetAsync($"{Url}/admin/access?account=acme-nobody&permission=book:change");

        Assert.Contains("Refused.", page.Page.QuerySelector("[role=status]")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("book-editors", page.Page.QuerySelector("main ul")!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_denial_is_drawn_beside_what_it_wins_over()
    {
        var ada = await Api.PersonAsync("ada");
        var writer = await Api.ServiceAsync("acme-writer");
        await using var denying = await GroupUnderTest.CreateAsync(ada, granted: [], denied: ["book:*"]);
        await denying.WithAsync(await AccountIdAsync(writer));
        var pages = await Api.SignInAsync("ada");

        var page = await pages.GetAsync($"{Url}/admin/access?account=acme-writer&permission=book:change");

        Assert.Contains("Refused.", page.Page.QuerySelector("[role=status]")!.TextContent, StringComparison.Ordinal);
        Assert.Single(page.Page.QuerySelectorAll(".grant-path.bad"));
        Assert.NotEmpty(page.Page.QuerySelectorAll(".edge.bad"));
        Assert.NotEmpty(page.Page.QuerySelectorAll(".edge:not(.bad)"));
    }

    [Fact]
    public async Task Somebody_who_was_never_seen_is_said_to_be_unknown()
    {
        var pages = await Api.SignInAsync("ada");

        var page = await pages.GetAsync($"{Url}/admin/access?account=%3Cb%3Ewho&permission=book:change");

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains("Nobody of the name <b>who", page.Page.QuerySelector("[role=alert]")!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_several_accounts_of_one_name_one_is_chosen_before_anything_is_answered()
    {
        var name = $"twice-{Guid.NewGuid():N}";
        var now = DateTimeOffset.UtcNow;
        Guid[] ids = [Guid.CreateVersion7(now), Guid.CreateVersion7(now.AddSeconds(1))];
        await using (var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel))
        {
            foreach (var (id, kind) in ids.Zip(["person", "service"]))
            {
                await connection.ExecuteAsync(
                    """
                    INSERT INTO accounts (id, issuer, subject, kind, username, enabled, created_at, last_seen_at)
                    VALUES (@id, @issuer, @subject, @kind, @name, @enabled, @now, @now)
                    """,
                    new { id, issuer = Api.Realm.Issuer, subject = $"sub-{id}", kind, name, enabled = true, now });
            }
        }

        var pages = await Api.SignInAsync("ada");
        var page = await pages.GetAsync($"{Url}/admin/access?account={name}&permission=book:change&row=7");

        Assert.Contains("2 accounts have had the name", page.Page.QuerySelector("[role=alert]")!.TextContent, StringComparison.Ordinal);
        Assert.Null(page.Page.QuerySelector("main [role=status]"));
        var choices = page.Page.QuerySelectorAll("main ul a").Select(link => link.GetAttribute("href")!).ToArray();
        Assert.Equal(ids.Select(id => $"/admin/access?account={id}&permission=book:change&row=7"), choices.Select(Uri.UnescapeDataString));
        page = await pages.GetAsync(new Uri(new Uri(Url), choices[1]).AbsoluteUri);
        Assert.Contains("Refused.", page.Page.QuerySelector("main [role=status]")!.TextContent, StringComparison.Ordinal);
        Assert.Equal($"/admin/accounts/{ids[1]}", page.Page.QuerySelector("main p.actions a")!.GetAttribute("href"));
    }

    [Fact]
    public async Task Turned_round_a_question_is_about_the_same_row()
    {
        var ada = await Api.PersonAsync("ada");
        await (await Api.ServiceAsync("acme-writer")).GetAsync("/api/me", Cancel);
        var author = await JsonAsync(await ada.PostAsJsonAsync("/api/authors", new { name = "Somebody" }, Cancel));
        var book = (await JsonAsync(await ada.PostAsJsonAsync(
            "/api/books",
            new { title = "Something", authorId = author.GetProperty("id").GetGuid() },
            Cancel))).GetProperty("id").GetString();
        var pages = await Api.SignInAsync("ada");

        var page = await pages.GetAsync($"{Url}/admin/access?account=acme-writer&permission=book:change&row={book}");
        var turned = await pages.GetAsync(
            new Uri(new Uri(Url), page.Page.QuerySelectorAll("main p.actions a")[^1].GetAttribute("href")!).AbsoluteUri);

        Assert.Equal(book, turned.Page.QuerySelector("form.filter [name=row]")!.GetAttribute("value"));
        var row = turned.Page.QuerySelectorAll("#results tbody tr").Single(row => row.QuerySelector("th")!.TextContent == "acme-writer");
        Assert.Contains($"row={book}", row.QuerySelector("td a")!.GetAttribute("href")!, StringComparison.Ordinal);
        var nowhere = await pages.GetAsync($"{Url}/admin/access/who?permission=book:change&row={Guid.NewGuid()}");
        Assert.Contains(
            "Nobody: there is no such row", nowhere.Page.QuerySelector("#results .empty")!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Turned_round_exactly_those_are_listed_who_may()
    {
        await (await Api.ServiceAsync("acme-nobody")).GetAsync("/api/me", Cancel);
        foreach (var person in new[] { "ada", "linus", "grace" })
        {
            await (await Api.PersonAsync(person)).GetAsync("/api/me", Cancel);
        }

        var pages = await Api.SignInAsync("ada");
        Assert.Equal(["ada", "linus"], Names(await pages.GetAsync($"{Url}/admin/access/who?permission=account:change")));

        // A default group leads to everybody.
        var ada = await Api.PersonAsync("ada");
        await using var everybody = await GroupUnderTest.CreateAsync(ada, ["access:view"], isDefault: true);
        Assert.Contains("acme-nobody", Names(await pages.GetAsync($"{Url}/admin/access/who?permission=access:view")));

        static string[] Names(RealmAnswer page) =>
            [.. page.Page.QuerySelectorAll("#results tbody th a").Select(link => link.TextContent).Order(StringComparer.Ordinal)];
    }
}
