using System.Net;
using System.Text.Json;
using Api.Tests.Infrastructure;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Admin;

/// <summary>The audit log is read on pages, filtered, and taken away as a file.</summary>
public abstract class AuditPagesTests(ApiUnderTest api) : ApiTests(api)
{
    private string Url => Api.Realm.ApiUrl;

    [Fact]
    public async Task A_change_is_found_by_who_made_it_and_shown_before_and_after()
    {
        var ada = await Api.PersonAsync("ada");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["book:view"]);
        using var change = new HttpRequestMessage(HttpMethod.Put, $"/api/groups/{group.Id}")
        {
            Content = JsonBody($$"""{"name":"{{group.Name}}","permissions":["author:view"]}"""),
        };
        change.Headers.IfMatch.ParseAdd("*");
        Assert.Equal(HttpStatusCode.OK, (await ada.SendAsync(change, Cancel)).StatusCode);
        var pages = await Api.SignInAsync("ada");

        var list = await pages.GetAsync($"{Url}/admin/audit?account=ada&model=group&row={group.Id}&action=change");

        var row = Assert.Single(list.Page.QuerySelectorAll("#results tbody tr"));
        Assert.Contains("permissions + author:view, − book:view", row.TextContent, StringComparison.Ordinal);
        var page = await pages.GetAsync(new Uri(new Uri(Url), row.QuerySelector("a")!.GetAttribute("href")!).AbsoluteUri);
        Assert.Equal("book:view", page.Page.QuerySelector("del")!.TextContent);
        Assert.Equal("author:view", page.Page.QuerySelector("ins")!.TextContent);
    }

    [Fact]
    public async Task Of_a_set_only_what_came_and_went_is_marked()
    {
        var ada = await Api.PersonAsync("ada");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["author:view", "book:add", "book:view"]);
        using var change = new HttpRequestMessage(HttpMethod.Put, $"/api/groups/{group.Id}")
        {
            Content = JsonBody($$"""{"name":"{{group.Name}}","permissions":["author:view","book:change","book:view"]}"""),
        };
        change.Headers.IfMatch.ParseAdd("*");
        Assert.Equal(HttpStatusCode.OK, (await ada.SendAsync(change, Cancel)).StatusCode);

        var page = await NewestAsync(await Api.SignInAsync("ada"), $"model=group&row={group.Id}&action=change");

        Assert.Equal("book:add", Assert.Single(page.Page.QuerySelectorAll("del")).TextContent);
        Assert.Equal("book:change", Assert.Single(page.Page.QuerySelectorAll("ins")).TextContent);
        Assert.Contains(
            "author:view, book:change, book:view", Words(page.Page.QuerySelector("main")!.TextContent), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mapping_says_its_kind_and_its_group_and_no_field_is_called_as_in_the_log()
    {
        var ada = await Api.PersonAsync("ada");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["book:view"]);
        await group.WithRoleAsync("client-role", "book-clerk", "acme-api");
        var created = await ada.PostAsync("/api/authors", JsonBody("""{"name":"Somebody Named"}"""), Cancel);
        var author = (await JsonAsync(created)).GetProperty("id").GetGuid();
        var book = await ada.PostAsync("/api/books", JsonBody($$"""{"title":"Named","authorId":"{{author}}"}"""), Cancel);
        var id = (await JsonAsync(book)).GetProperty("id").GetGuid();
        var pages = await Api.SignInAsync("ada");

        var mapping = await NewestAsync(pages, "model=role-mapping&action=add");
        Assert.Contains(
            $"added role mapping client role acme-api / book-clerk → {group.Name}"[..70],
            mapping.Page.QuerySelector(".lead")!.TextContent,
            StringComparison.Ordinal);
        Assert.Equal(["Kind", "Client", "Name", "Group"], FieldsOf(mapping));
        var added = await NewestAsync(pages, $"model=book&row={id}&action=add");
        Assert.Equal(["Author", "Id", "Title"], FieldsOf(added).Order(StringComparer.Ordinal));
        Assert.Contains("Somebody Named", added.Page.QuerySelector("ins")!.Closest("table")!.TextContent, StringComparison.Ordinal);

        // Where a link gives an id, the field has the name, and finds the same.
        var ids = await AccountIdAsync(ada);
        var list = await pages.GetAsync($"{Url}/admin/audit?account={ids}");
        Assert.Equal("ada", list.Page.QuerySelector("[name=account]")!.GetAttribute("value"));
        var access = await pages.GetAsync($"{Url}/admin/access?account={ids}&permission=book:view");
        Assert.Equal("ada", access.Page.QuerySelector("[name=account]")!.GetAttribute("value"));
        var books = await pages.GetAsync($"{Url}/admin/models/books?authorId={author}");
        Assert.Equal("Somebody Named", books.Page.QuerySelector("[name=authorId]")!.GetAttribute("value"));

        static string[] FieldsOf(RealmAnswer page) =>
            [.. page.Page.QuerySelectorAll("[aria-label='Before and after'] tbody th").Select(field => field.TextContent)];
    }

    [Theory]
    [InlineData("a, b, c", "a, c", "b", "")]
    [InlineData("a, b", "a, b, c", "", "c")]
    [InlineData("one two three", "one 2 three", "two", "2")]
    [InlineData("", "new", "", "new")]
    [InlineData("old", "", "old", "")]
    [InlineData("same", "same", "", "")]
    [InlineData("a b c", "x y", "a b c", "x y")]
    public void Words_that_came_and_went_are_told_from_those_that_stayed(string before, string after, string went, string came)
    {
        var (old, now) = TextChange.Compare(before, after);

        Assert.Equal(before, string.Concat(old.Select(part => part.Text)));
        Assert.Equal(after, string.Concat(now.Select(part => part.Text)));
        Assert.Equal(went, string.Join('|', old.Where(part => part.IsChanged).Select(part => part.Text)));
        Assert.Equal(came, string.Join('|', now.Where(part => part.IsChanged).Select(part => part.Text)));
    }

    [Fact]
    public async Task A_change_leads_to_what_it_is_about_where_the_reader_may_open_it()
    {
        var ada = await Api.PersonAsync("ada");
        var created = await ada.PostAsync("/api/authors", JsonBody("""{"name":"Somebody to look up"}"""), Cancel);
        var author = (await JsonAsync(created)).GetProperty("id").GetGuid();
        var group = await GroupUnderTest.CreateAsync(ada, ["book:view"]);
        await using var readers = await GroupUnderTest.CreateAsync(ada, ["admin:view", "audit:view"], ["author:view"]);
        var nora = await AccountIdAsync(await Api.PersonAsync("nora"));
        await readers.WithAsync(nora);
        var pages = await Api.SignInAsync("ada");

        Assert.Contains($"/admin/models/authors/{author}", await LinksAsync(pages, "author", author));
        Assert.Contains($"/admin/groups/{group.Id}", await LinksAsync(pages, "group", group.Id));
        Assert.Contains($"/admin/accounts/{nora}", await LinksAsync(pages, "account", nora));
        var others = await Api.SignInAsync("nora");
        // Of what the reader may not look at, the log shows them nothing.
        foreach (var (model, row) in new[] { ("author", author), ("account", nora) })
        {
            var found = await others.GetAsync($"{Url}/admin/audit?model={model}&row={row}");
            Assert.Contains("Nothing matches.", found.Text, StringComparison.Ordinal);
        }

        // What is gone has no page any more.
        await group.DisposeAsync();
        Assert.All(
            await LinksAsync(pages, "group", group.Id), link => Assert.DoesNotContain("/admin/groups", link, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_refusal_is_found_among_refusals_alone()
    {
        await (await Api.ServiceAsync("acme-nobody")).GetAsync("/api/books", Cancel);
        var pages = await Api.SignInAsync("ada");
        RealmAnswer list;
        var attempts = 0;
        do
        {
            // It is written off the request path.
            await Task.Delay(200, Cancel);
            list = await pages.GetAsync($"{Url}/admin/audit?kind=denied-request&account=acme-nobody&permission=book:view");
        }
        while (list.Page.QuerySelector("#results tbody tr") is null && ++attempts < 25);

        Assert.All(list.Page.QuerySelectorAll("#results tbody .badge"), badge => Assert.Equal("refused", badge.TextContent));
        Assert.Contains("book:view at GET /api/books/", list.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("account=nobody-of-this-name", "Nobody of the name nobody-of-this-name")]
    [InlineData("row=1", "choose the model too")]
    [InlineData("permission=book", "A permission is written model:action")]
    [InlineData("from=yesterday", "From must be a date")]
    [InlineData("from=2026-05-31T12:00&to=2026-05-31T12:00", "Until must be later")]
    public async Task A_filter_that_cannot_be_is_explained_and_exports_nothing(string filter, string expected)
    {
        var pages = await Api.SignInAsync("ada");

        var list = await pages.GetAsync($"{Url}/admin/audit?{filter}");

        Assert.Equal(HttpStatusCode.OK, list.Status);
        Assert.Contains(expected, list.Page.QuerySelector("[role=alert]")!.TextContent, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await pages.GetAsync($"{Url}/admin/audit/export.csv?{filter}")).Status);
    }

    [Fact]
    public async Task Times_are_of_the_readers_zone()
    {
        var at = new DateTimeOffset(2101, 7, 1, 10, 0, 0, TimeSpan.Zero);
        await AddAsync(Row("in-july", at));
        var pages = await Api.SignInAsync("ada");
        pages.Cookies.Set(new Uri(Url), "zone", "Europe%2FBerlin");

        var list = await pages.GetAsync($"{Url}/admin/audit?from=2101-07-01T12:00&to=2101-07-01T12:01");

        var time = Assert.Single(list.Page.QuerySelectorAll("#results tbody time"));
        Assert.Equal("2101-07-01 12:00", time.TextContent);
        Assert.Equal("2101-07-01 10:00:00.000 UTC", time.GetAttribute("title"));
        Assert.Equal("2101-07-01T10:00:00.000Z", time.GetAttribute("datetime"));
    }

    [Fact]
    public async Task A_time_that_no_clock_of_the_reader_shows_is_explained()
    {
        var pages = await Api.SignInAsync("ada");
        pages.Cookies.Set(new Uri(Url), "zone", "Asia%2FTokyo");

        var list = await pages.GetAsync($"{Url}/admin/audit?from=0001-01-01");

        Assert.Equal(HttpStatusCode.OK, list.Status);
        Assert.Contains("From must be a date", list.Page.QuerySelector("[role=alert]")!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_export_holds_every_row_that_the_filter_finds_the_newest_first()
    {
        var start = new DateTimeOffset(2102, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await AddAsync([.. Enumerable.Range(0, 1201).Select(index => Row($"export-{index}", start.AddSeconds(index)))]);
        var pages = await Api.SignInAsync("ada");

        var lines = (await pages.GetAsync($"{Url}/admin/audit/export.jsonl?from=2102-01-01&to=2102-01-02")).Text.Split(
            '\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(1201, lines.Length);
        Assert.Equal("export-1200", JsonElement.Parse(lines[0]).GetProperty("account").GetString());
        Assert.Equal("export-0", JsonElement.Parse(lines[^1]).GetProperty("account").GetString());
        var csv = await pages.GetAsync($"{Url}/admin/audit/export.csv?from=2102-01-01&to=2102-01-02");
        Assert.Equal("text/csv; charset=utf-8", csv.Header("Content-Type"));
        Assert.Equal("attachment; filename=\"audit.csv\"", csv.Header("Content-Disposition"));
        Assert.Equal(1202, csv.Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task A_cell_of_an_export_is_never_a_formula_and_keeps_quotes_commas_and_lines()
    {
        await AddAsync(
            Row(
                "=HYPERLINK(\"http://evil.test\")",
                new DateTimeOffset(2103, 1, 1, 0, 0, 0, TimeSpan.Zero)) with
            { Reason = "one, \"two\"\nthree" });
        await AddAsync(
            Row(
                "x;=1+1;@y",
                new DateTimeOffset(2103, 1, 1, 0, 0, 0, TimeSpan.Zero)) with
            { Reason = "x;=HYPERLINK(\"a\")\n-2;plain-text a=b" });
        await AddAsync(Row("\tindented", new DateTimeOffset(2103, 1, 1, 0, 0, 0, TimeSpan.Zero)));
        var pages = await Api.SignInAsync("ada");

        var csv = (await pages.GetAsync($"{Url}/admin/audit/export.csv?from=2103-01-01&to=2103-01-02")).Text;

        Assert.Contains("\"'=HYPERLINK(\"\"http://evil.test\"\")\"", csv, StringComparison.Ordinal);
        Assert.Contains("\"one, \"\"two\"\"\nthree\"", csv, StringComparison.Ordinal);
        Assert.Contains(",'\tindented,", csv, StringComparison.Ordinal);
        // Where cells end at semicolons, these would begin some.
        Assert.Contains(",x;'=1+1;'@y,", csv, StringComparison.Ordinal);
        Assert.Contains("\"x;'=HYPERLINK(\"\"a\"\")\n'-2;plain-text a=b\"", csv, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_filter_that_is_too_long_is_cut_between_characters()
    {
        var pages = await Api.SignInAsync("ada");

        Assert.Equal(
            HttpStatusCode.OK, (await pages.GetAsync($"{Url}/admin/audit?model=book&row={new string('a', 299)}%F0%9F%98%80")).Status);
    }

    [Fact]
    public async Task Without_the_permission_the_log_is_neither_shown_nor_exported()
    {
        var pages = await Api.SignInAsync("linus");

        foreach (var path in new[] { "/admin/audit", "/admin/audit/export.csv", "/admin/audit/export.jsonl" })
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await pages.GetAsync(Url + path)).Status);
        }
    }

    private static string Words(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private async Task<RealmAnswer> NewestAsync(RealmBrowser pages, string filter)
    {
        var list = await pages.GetAsync($"{Url}/admin/audit?kind=change&{filter}");
        return await pages.GetAsync(Url + list.Page.QuerySelector("#results tbody td a")!.GetAttribute("href"));
    }

    // Where the page of the newest row about it leads.
    private async Task<string[]> LinksAsync(RealmBrowser pages, string model, Guid row)
    {
        var list = await pages.GetAsync($"{Url}/admin/audit?kind=change&model={model}&row={row}");
        var page = await pages.GetAsync(Url + list.Page.QuerySelector("#results tbody td a")!.GetAttribute("href"));
        return [.. page.Page.QuerySelectorAll("main dl a").Select(link => link.GetAttribute("href")!)];
    }

    // Of a year to come: what is older than the log is kept may be deleted in the middle of a test.
    private static AuditRow Row(string account, DateTimeOffset at) => new()
    {
        Id = Guid.CreateVersion7(at),
        At = at,
        Kind = AuditRow.ChangeKind,
        Account = account,
        Method = Actor.CommandLine,
        Model = "sample",
        RowId = "1",
        Action = "change",
        NewValues = """{"name":"sample"}""",
    };

    private async Task AddAsync(params AuditRow[] rows)
    {
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        await using var transaction = await Database.BeginWriteAsync(connection, Cancel);
        await AuditLog.InsertAsync(connection, transaction, rows, Cancel);
        await transaction.CommitAsync(Cancel);
    }
}

public sealed class AuditPagesOnSqliteTests(ApiOnEmbeddedRealm api) : AuditPagesTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class AuditPagesOnPostgreSqlTests(ApiOnPostgreSql api) : AuditPagesTests(api), IClassFixture<ApiOnPostgreSql>;
