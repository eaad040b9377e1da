using System.Net.Http.Json;
using System.Text.Json;
using Api.Tests.Infrastructure;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Audit;

/// <summary>The audit log shows no more of rows than their model and its row-level rule would.</summary>
public abstract class AuditVisibilityTests(ApiUnderTest api) : ApiTests(api)
{
    private string Url => Api.Realm.ApiUrl;

    [Theory]
    // What nora holds besides audit:view | the books of which she finds rows: one is a draft, one published, one of each is gone
    [InlineData("", "")]
    [InlineData("book:view", "published, gone-published")]
    [InlineData("book:view book:change", "draft, published, gone-draft, gone-published")]
    [InlineData("author:view account:view", "")]
    public async Task Every_place_shows_the_same_rows(string permissions, string expected)
    {
        var ada = await Api.PersonAsync("ada");
        var books = await AddBooksAsync(ada);
        var nora = await Api.PersonAsync("nora");
        // By a role nora may view books and authors.
        string[] held = permissions.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        await using var readers = await GroupUnderTest.CreateAsync(
            ada, ["admin:view", "audit:view", .. held], new[] { "book:view", "author:view" }.Except(held));
        await readers.WithAsync(await AccountIdAsync(nora));
        var pages = await Api.SignInAsync("nora");
        var visible = expected.Split(", ", StringSplitOptions.RemoveEmptyEntries);

        // The API: the list, the list of one row, one row.
        var rows = (await ListAsync(nora, "/api/audit")).Where(row => Text(row, "model") == "book").ToArray();
        Assert.Equal(visible.Order(), Named(rows.Select(row => Text(row, "rowId")), books));
        foreach (var (name, id, _) in books)
        {
            var ofRow = await nora.GetFromJsonAsync<JsonElement>($"/api/audit?model=book&row={id}&kind=change", Cancel);
            Assert.Equal(visible.Contains(name), ofRow.GetProperty("items").GetArrayLength() > 0);
            var all = await ada.GetFromJsonAsync<JsonElement>($"/api/audit?model=book&row={id}&kind=change", Cancel);
            foreach (var row in all.GetProperty("items").EnumerateArray())
            {
                using var answer = await nora.GetAsync($"/api/audit/{Text(row, "id")}", Cancel);
                Assert.Equal(visible.Contains(name) ? 200 : 404, (int)answer.StatusCode);
                var page = await pages.GetAsync($"{Url}/admin/audit/{Text(row, "id")}");
                Assert.Equal(visible.Contains(name) ? 200 : 404, (int)page.Status);
            }

            // The history of a row is where the row is.
            var history = await pages.GetAsync($"{Url}/admin/models/books/{id}/history");
            Assert.Equal(visible.Contains(name) && !name.StartsWith("gone", StringComparison.Ordinal), (int)history.Status == 200);
        }

        // The pages, the exports, and what an account did.
        var account = await AccountIdAsync(ada);
        string[] places =
        [
            (await pages.GetAsync($"{Url}/admin/audit?model=book")).Text,
            (await pages.GetAsync($"{Url}/admin/audit?account=ada")).Text,
            (await pages.GetAsync($"{Url}/admin/audit/export.csv?model=book")).Text,
            (await pages.GetAsync($"{Url}/admin/audit/export.jsonl?model=book")).Text,
            held.Contains("account:view") ? (await pages.GetAsync($"{Url}/admin/accounts/{account}")).Text : "",
            (await pages.GetAsync($"{Url}/admin")).Text,
        ];
        Assert.All(books.Where(book => !visible.Contains(book.Name)), book =>
            Assert.All(places, place => Assert.DoesNotContain(book.Title, place, StringComparison.Ordinal)));
        Assert.All(books.Where(book => visible.Contains(book.Name)), book =>
            Assert.All(places[..1].Concat(places[2..4]), place => Assert.Contains(book.Title, place, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Of_accounts_groups_mappings_and_sessions_their_own_permission_is_asked()
    {
        var ada = await Api.PersonAsync("ada");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["book:view"]);
        await group.WithRoleAsync("realm-role", $"r-{Guid.NewGuid():N}");
        var browser = await Api.SignInAsync("ada");
        await browser.SubmitAsync(await browser.GetAsync($"{Url}/account"), "form[action='/account/sessions/end']");
        var nora = await Api.PersonAsync("nora");
        var id = await AccountIdAsync(nora);
        foreach (var model in new[] { "account", "group", "role-mapping", "session" })
        {
            await using var readers = await GroupUnderTest.CreateAsync(ada, ["audit:view", $"{model}:view"]);
            await readers.WithAsync(id);

            var models = (await ListAsync(nora, "/api/audit"))
                .Where(row => Text(row, "kind") == "change")
                .Select(row => Text(row, "model"))
                .Distinct();

            Assert.Equal([model], models.Except(["author", "book"]));
        }
    }

    [Fact]
    public async Task A_refusal_is_shown_without_the_row_that_the_reader_does_not_see()
    {
        var ada = await Api.PersonAsync("ada");
        var books = await AddBooksAsync(ada);
        var nora = await Api.PersonAsync("nora");
        await using var readers = await GroupUnderTest.CreateAsync(ada, ["audit:view", "book:view"]);
        await readers.WithAsync(await AccountIdAsync(nora));
        var nobody = await Api.ServiceAsync("acme-nobody");
        foreach (var book in books)
        {
            await AssertProblemAsync(await nobody.GetAsync($"/api/books/{book.Id}", Cancel), 403);
            // Written apart, since refusals of one kind are one row.
            await Api.Services.GetRequiredService<DeniedRequestLog>().FlushAsync(Cancel);
        }

        var refused = (await ListAsync(nora, "/api/audit"))
            .Where(row => Text(row, "kind") == "denied-request" && Text(row, "account") == "acme-nobody")
            .ToArray();

        Assert.Equal(books.Length, refused.Length);
        Assert.Equal(["published"], Named(refused.Select(row => Text(row, "rowId")), books));
        foreach (var (name, book, _) in books)
        {
            var found = await nora.GetFromJsonAsync<JsonElement>($"/api/audit?kind=denied-request&model=book&row={book}", Cancel);
            Assert.Equal(name == "published" ? 1 : 0, found.GetProperty("items").GetArrayLength());
        }
    }

    [Fact]
    public async Task Whoever_sees_few_of_many_turns_pages_until_the_end()
    {
        var ada = await Api.PersonAsync("ada");
        var author = await AddAsync(ada, "/api/authors", new { name = "Somebody" });
        for (var number = 0; number < 30; number++)
        {
            await AddAsync(ada, "/api/books", new { title = $"Draft {number}", authorId = author });
        }

        var last = await AddAsync(ada, "/api/books", new { title = "Out", authorId = author, publishedOn = "2026-05-31" });
        var nora = await Api.PersonAsync("nora");
        await using var readers = await GroupUnderTest.CreateAsync(ada, ["audit:view", "book:view"]);
        await readers.WithAsync(await AccountIdAsync(nora));

        var seen = await ListAsync(nora, "/api/audit", limit: 1);

        Assert.Contains(seen, row => Text(row, "rowId") == $"{last}");
        Assert.Equal(seen.Length, seen.Select(row => Text(row, "id")).Distinct().Count());
        Assert.DoesNotContain(seen, row => row.GetRawText().Contains("Draft ", StringComparison.Ordinal));
    }

    private static async Task<(string Name, Guid Id, string Title)[]> AddBooksAsync(HttpClient ada)
    {
        var author = await AddAsync(ada, "/api/authors", new { name = "Somebody" });
        var books = new List<(string Name, Guid Id, string Title)>();
        foreach (var name in new[] { "draft", "published", "gone-draft", "gone-published" })
        {
            var title = $"Title {Guid.NewGuid():N}";
            var published = name.EndsWith("published", StringComparison.Ordinal) ? "2026-05-31" : null;
            var id = await AddAsync(ada, "/api/books", new { title, authorId = author, publishedOn = published });
            books.Add((name, id, title));
            if (name.StartsWith("gone", StringComparison.Ordinal))
            {
                using var request = new HttpRequestMessage(HttpMethod.Delete, $"/api/books/{id}");
                request.Headers.IfMatch.ParseAdd("*");
                Assert.Equal(204, (int)(await ada.SendAsync(request, Cancel)).StatusCode);
            }
        }

        return [.. books];
    }

    private static async Task<Guid> AddAsync(HttpClient client, string path, object body)
    {
        using var response = await client.PostAsJsonAsync(path, body, Cancel);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancel));
        return (await JsonAsync(response)).GetProperty("id").GetGuid();
    }

    private static string? Text(JsonElement row, string member) => row.GetProperty(member).GetString();

    private static IEnumerable<string> Named(IEnumerable<string?> ids, IEnumerable<(string Name, Guid Id, string Title)> books) =>
        books.Where(book => ids.Contains($"{book.Id}")).Select(book => book.Name).Order();
}

public sealed class AuditVisibilityOnSqliteTests(ApiOnEmbeddedRealm api) : AuditVisibilityTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class AuditVisibilityOnPostgreSqlTests(ApiOnPostgreSql api) : AuditVisibilityTests(api), IClassFixture<ApiOnPostgreSql>;
