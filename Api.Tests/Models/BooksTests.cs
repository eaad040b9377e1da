using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Models;

/// <summary>
/// Books and their authors: what a declared model does, with preconditions, relations, a row-level rule and clear errors.
/// </summary>
public abstract class BooksTests(ApiUnderTest api) : ApiTests(api)
{
    [Fact]
    public async Task A_book_lives_from_creation_to_deletion()
    {
        var writer = await Api.ServiceAsync("acme-writer");

        var author = await AuthorAsync(writer, "Frank Herbert");
        var created = await writer.PostAsync(
            "/api/books",
            Json($$"""{"title":"Dune","authorId":"{{author}}","isbn":"978-0-441-17271-9","publishedOn":"1965-08-01"}"""),
            Cancel);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var url = created.Headers.Location!.AbsolutePath;
        Assert.Equal("\"1\"", created.Headers.ETag?.Tag);

        var got = await writer.GetAsync(url, Cancel);
        Assert.Equal("\"1\"", got.Headers.ETag?.Tag);
        var book = await JsonAsync(got);
        Assert.Equal("Dune", book.GetProperty("title").GetString());
        Assert.Equal("1965-08-01", book.GetProperty("publishedOn").GetString());
        Assert.Equal(author, book.GetProperty("authorId").GetGuid());
        Assert.Equal(["id", "title", "authorId", "isbn", "publishedOn"], book.EnumerateObject().Select(field => field.Name));

        var replaced = await PutAsync(writer, url, "\"1\"", Body("Dune Messiah", author));
        Assert.Equal(HttpStatusCode.OK, replaced.StatusCode);
        Assert.Equal("\"2\"", replaced.Headers.ETag?.Tag);
        Assert.Equal(JsonValueKind.Null, (await JsonAsync(replaced)).GetProperty("isbn").ValueKind);

        Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(writer, url, "\"2\"")).StatusCode);
        await AssertProblemAsync(await writer.GetAsync(url, Cancel), 404);
    }

    [Fact]
    public async Task Nobodys_change_is_overwritten_unseen()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var author = await AuthorAsync(writer, "A");
        var url = await CreateAsync(writer, "Two editors", author);

        await AssertProblemAsync(await PutAsync(writer, url, null, Body("x", author)), 428, "precondition_missing");
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(writer, url, "\"1\"", Body("First", author))).StatusCode);
        await AssertProblemAsync(await PutAsync(writer, url, "\"1\"", Body("Second", author)), 412, "precondition_failed");
        await AssertProblemAsync(await PutAsync(writer, url, "\"other\"", Body("x", author)), 412, "precondition_failed");
        await AssertProblemAsync(await PutAsync(writer, url, "W/\"2\"", Body("x", author)), 412, "precondition_failed");
        await AssertProblemAsync(await PutAsync(writer, url, "\"0\", \"1\"", Body("x", author)), 412, "precondition_failed");
        await AssertProblemAsync(await PutAsync(writer, url, "\"1\" \"2\"", Body("x", author)), 400, "precondition_malformed");
        await AssertProblemAsync(await DeleteAsync(writer, url, null), 428, "precondition_missing");
        await AssertProblemAsync(await DeleteAsync(writer, url, "\"1\""), 412, "precondition_failed");
        Assert.Equal("First", (await JsonAsync(await writer.GetAsync(url, Cancel))).GetProperty("title").GetString());
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(writer, url, "*", Body("Any", author))).StatusCode);
        await AssertProblemAsync(await PutAsync(writer, $"/api/books/{Guid.NewGuid()}", "\"1\"", Body("x", author)), 404);
    }

    [Fact]
    public async Task Of_many_who_replace_the_same_version_at_once_one_wins()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var author = await AuthorAsync(writer, "A");
        var url = await CreateAsync(writer, "Contended", author);

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => PutAsync(writer, url, "\"1\"", Body($"{i}", author))));

        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        Assert.All(
            answers.Where(answer => answer.StatusCode != HttpStatusCode.OK),
            answer => Assert.Equal(HttpStatusCode.PreconditionFailed, answer.StatusCode));
        Assert.Equal("\"2\"", (await writer.GetAsync(url, Cancel)).Headers.ETag?.Tag);
    }

    [Theory]
    [InlineData("title", "ABCDEFG")]
    [InlineData("-title", "GFEDCBA")]
    [InlineData("publishedOn", "BDFACEG")]
    [InlineData("-publishedOn", "GECAFDB")]
    public async Task Pages_follow_each_other_in_every_order_without_gaps(string sort, string expected)
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var mark = Guid.NewGuid().ToString("N");
        var author = await AuthorAsync(writer, "A");
        for (var i = 0; i < expected.Length; i++)
        {
            var published = i % 2 == 0 ? $",\"publishedOn\":\"200{i}-01-01\"" : "";
            await CreateAsync(writer, $"{(char)('A' + i)} {mark}", author, published);
        }

        var seen = new StringBuilder();
        string? after = null;
        do
        {
            var page = await writer.GetFromJsonAsync<JsonElement>(
                $"/api/books?search={mark}&sort={sort}&limit=3" + (after is null ? "" : $"&after={after}"), Cancel);
            Assert.InRange(page.GetProperty("items").GetArrayLength(), 1, 3);
            foreach (var book in page.GetProperty("items").EnumerateArray())
            {
                seen.Append(book.GetProperty("title").GetString()![0]);
            }

            after = page.GetProperty("next").GetString();
        }
        while (after is not null);

        // Books without a date come first, in the order of their ids, which is that of their creation.
        Assert.Equal(expected, seen.ToString());
    }

    [Fact]
    public async Task A_search_takes_every_character_for_itself_and_no_case_for_another()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var mark = Guid.NewGuid().ToString("N");
        var author = await AuthorAsync(writer, "O'Brien");
        await CreateAsync(writer, $"100% {mark}", author);
        await CreateAsync(writer, $"1000 {mark}", author);
        await CreateAsync(writer, $"a_b\\ {mark}", author);
        await CreateAsync(writer, $"Ärger {mark}'; DROP TABLE books;--", author);

        Assert.Equal(1, await CountAsync(writer, $"search={Uri.EscapeDataString($"100% {mark}")}"));
        Assert.Equal(4, await CountAsync(writer, $"search={mark.ToUpperInvariant()}"));
        Assert.Equal(1, await CountAsync(writer, $"search={Uri.EscapeDataString($"A_B\\ {mark}")}"));
        Assert.Equal(1, await CountAsync(writer, $"search={Uri.EscapeDataString($"Ärger {mark}'; drop table")}"));
        Assert.Equal(1, await CountAsync(writer, $"title={Uri.EscapeDataString($"100% {mark}")}"));
        Assert.Equal(0, await CountAsync(writer, $"title={mark}"));
    }

    [Theory]
    [InlineData("sort=price", "sort", "title, publishedOn")]
    [InlineData("sort=title;drop", "sort", "title, publishedOn")]
    [InlineData("limit=0", "limit", "between 1 and 100")]
    [InlineData("limit=101", "limit", "between 1 and 100")]
    [InlineData("after=garbage", "after", "the next of a page")]
    [InlineData("limit=many", "limit", "between 1 and 100")]
    [InlineData(
        "filter=x",
        "filter",
        "Known: search, id, title, authorId, isbn, isbn.null, publishedOn, publishedOn.gt, publishedOn.gte, publishedOn.lt, "
            + "publishedOn.lte, publishedOn.null, sort, limit, after.")]
    [InlineData("author=x", "author", "There is no query parameter author")]
    [InlineData("title.gt=x", "title.gt", "There is no query parameter title.gt")]
    [InlineData("sort=title&sort=publishedOn", "sort", "Give it once")]
    [InlineData("authorId=me", "authorId", "must be a UUID")]
    [InlineData("authorId=", "authorId", "must be a UUID")]
    [InlineData("publishedOn=2000", "publishedOn", "must be a date, as in 2026-05-31")]
    [InlineData("publishedOn.gte=31.5.2026", "publishedOn.gte", "must be a date, as in 2026-05-31")]
    [InlineData("publishedOn.null=maybe", "publishedOn.null", "must be true or false")]
    [InlineData("publishedOn.null=%00", "publishedOn.null", "NUL")]
    public async Task A_query_that_means_nothing_is_refused_by_name(string query, string field, string expected)
    {
        var problem = await AssertProblemAsync(await (await Api.ServiceAsync("acme-reader")).GetAsync($"/api/books?{query}", Cancel), 400);

        Assert.Contains(expected, problem.GetProperty("errors").GetProperty(field)[0].GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"title\":\"\"", "title", "required")]
    [InlineData("\"title\":\"T\",\"isbn\":\"12\"", "isbn", "10 or 13 digits")]
    [InlineData("\"title\":\"T\",\"isbn\":\"----------\"", "isbn", "10 or 13 digits")]
    [InlineData("\"title\":\"T\",\"publishedOn\":\"yesterday\"", "publishedOn", "a date, as in 2026-05-31, or null")]
    [InlineData("\"title\":1", "title", "must be a text")]
    [InlineData("\"title\":null", "title", "must be a text")]
    [InlineData("\"title\":\"\\u0000\"", "title", "without the character NUL")]
    [InlineData("\"title\":\"T\",\"title\":\"U\"", "title", "stand once")]
    [InlineData(
        "\"title\":\"T\",\"id\":\"00000000-0000-0000-0000-000000000000\"",
        "id",
        "There is no field id here. Known: title, authorId, isbn, publishedOn.")]
    [InlineData("\"titel\":\"T\"", "titel", "There is no field titel here")]
    [InlineData("\"title\":\"T\",\"version\":1", "version", "There is no field version here")]
    public async Task A_body_that_breaks_a_rule_names_the_field(string fields, string field, string expected)
    {
        var author = await AuthorAsync(await Api.ServiceAsync("acme-writer"), "A");
        var body = $"{{\"authorId\":\"{author}\",{fields}}}";
        var problem = await AssertProblemAsync(
            await (await Api.ServiceAsync("acme-writer")).PostAsync("/api/books", Json(body), Cancel), 400);

        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out var mistakes), problem.ToString());
        Assert.Contains(expected, mistakes[0].GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Api.", problem.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"title":"T"}""")]
    [InlineData("""{"title":"T" "x"}""")]
    [InlineData("""{"title":tru}""")]
    [InlineData("""{"a.b":"T"}""")]
    public async Task A_body_that_cannot_be_read_is_400_and_says_why(string body)
    {
        var problem = await AssertProblemAsync(
            await (await Api.ServiceAsync("acme-writer")).PostAsync("/api/books", Json(body), Cancel), 400);

        var detail = problem.GetProperty("detail").GetString()!;
        Assert.NotEmpty(detail);
        // An answer does not tell the names of the program's types.
        Assert.DoesNotContain("Api.", detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_of_another_type_is_415()
    {
        var writer = await Api.ServiceAsync("acme-writer");

        await AssertProblemAsync(
            await writer.PostAsync("/api/books", new StringContent("title=T", Encoding.UTF8, "text/plain"), Cancel), 415);
    }

    [Fact]
    public async Task A_list_is_narrowed_by_what_its_rows_hold()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var author = await AuthorAsync(writer, "Prolific");
        await CreateAsync(writer, "1", author, ",\"publishedOn\":\"2001-01-01\",\"isbn\":\"0-306-40615-2\"");
        await CreateAsync(writer, "2", author, ",\"publishedOn\":\"2002-02-02\"");
        await CreateAsync(writer, "3", author, ",\"publishedOn\":\"2003-03-03\"");
        await CreateAsync(writer, "4", author);

        Assert.Equal(4, await CountAsync(writer, $"authorId={author}"));
        Assert.Equal(4, await CountAsync(writer, $"AUTHORID={author.ToString().ToUpperInvariant()}"));
        Assert.Equal(1, await CountAsync(writer, $"authorId={author}&publishedOn=2002-02-02"));
        Assert.Equal(2, await CountAsync(writer, $"authorId={author}&publishedOn.gte=2002-02-02"));
        Assert.Equal(1, await CountAsync(writer, $"authorId={author}&publishedOn.gt=2002-02-02"));
        Assert.Equal(1, await CountAsync(writer, $"authorId={author}&publishedOn.lt=2002-02-02"));
        Assert.Equal(1, await CountAsync(writer, $"authorId={author}&publishedOn.lte=2002-02-02&publishedOn.gt=2001-01-01"));
        Assert.Equal(1, await CountAsync(writer, $"authorId={author}&publishedOn.null=true"));
        Assert.Equal(3, await CountAsync(writer, $"authorId={author}&publishedOn.null=false"));
        Assert.Equal(1, await CountAsync(writer, $"authorId={author}&isbn.null=false"));
        Assert.Equal(1, await CountAsync(writer, $"authorId={author}&isbn=0-306-40615-2&title=1"));
        Assert.Equal(0, await CountAsync(writer, $"authorId={Guid.NewGuid()}"));
    }

    [Fact]
    public async Task A_cursor_is_taken_in_its_own_order_only()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var author = await AuthorAsync(writer, "A");
        await CreateAsync(writer, "1", author);
        await CreateAsync(writer, "2", author);
        var next = (await writer.GetFromJsonAsync<JsonElement>(
            $"/api/books?authorId={author}&limit=1", Cancel)).GetProperty("next").GetString();

        Assert.Equal(1, await CountAsync(writer, $"authorId={author}&after={next}"));
        await AssertProblemAsync(await writer.GetAsync($"/api/books?sort=-title&after={next}", Cancel), 400, "invalid_request");
        await AssertProblemAsync(await writer.GetAsync($"/api/books?sort=publishedOn&after={next}", Cancel), 400, "invalid_request");
        foreach (var forged in new[]
        {
            """{"Sort":"title","Keys":[null,"x"]}""",
            """{"Sort":"title","Keys":["a","x"]}""",
            """{"Sort":"title","Keys":["a",null]}""",
            """{"Sort":"title","Keys":["a"]}""",
            """{"Sort":"title","Keys":null}""",
            """{"Sort":"title"}""",
            "null",
            "[]",
        })
        {
            await AssertProblemAsync(
                await writer.GetAsync($"/api/books?after={Base64Url.EncodeToString(Encoding.UTF8.GetBytes(forged))}", Cancel),
                400,
                "invalid_request");
        }
    }

    [Fact]
    public async Task An_author_who_is_not_there_is_refused_by_name_with_the_remedy()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var url = await CreateAsync(writer, "Known", await AuthorAsync(writer, "A"));

        foreach (var refused in new[]
        {
            await writer.PostAsync("/api/books", Json(Body("T", Guid.NewGuid())), Cancel),
            await PutAsync(writer, url, "\"1\"", Body("T", Guid.NewGuid())),
        })
        {
            var problem = await AssertProblemAsync(refused, 400, "invalid_request");
            Assert.Contains(
                "POST /api/authors", problem.GetProperty("errors").GetProperty("authorId")[0].GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_author_with_books_is_not_deleted_and_the_answer_counts_them()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var author = await AuthorAsync(writer, "Loved");
        var books = new[] { await CreateAsync(writer, "1", author), await CreateAsync(writer, "2", author) };

        var problem = await AssertProblemAsync(await DeleteAsync(writer, $"/api/authors/{author}", "*"), 409, "conflict");
        Assert.Contains("2 books", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(2, problem.GetProperty("dependants").GetProperty("book").GetInt64());

        foreach (var book in books)
        {
            Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(writer, book, "*")).StatusCode);
        }

        Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(writer, $"/api/authors/{author}", "*")).StatusCode);
    }

    [Fact]
    public async Task Whoever_may_not_see_authors_learns_of_none_by_referring_to_one_and_hidden_books_are_not_counted()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var author = await AuthorAsync(writer, "Hidden");
        var book = await CreateAsync(writer, "1", author);
        var nobody = await Api.ServiceAsync("acme-nobody");
        await using (var group = await GroupUnderTest.CreateAsync(await Api.PersonAsync("ada"), ["book:add", "author:delete"]))
        {
            await group.WithAsync(await AccountIdAsync(nobody));

            foreach (var id in new[] { author, Guid.NewGuid() })
            {
                var problem = await AssertProblemAsync(
                    await nobody.PostAsync("/api/books", Json(Body("T", id)), Cancel), 400, "invalid_request");
                Assert.Contains(
                    "author:view", problem.GetProperty("errors").GetProperty("authorId")[0].GetString(), StringComparison.Ordinal);
            }
        }

        await using (var group = await GroupUnderTest.CreateAsync(await Api.PersonAsync("ada"), ["author:view", "author:delete"]))
        {
            await group.WithAsync(await AccountIdAsync(nobody));

            var problem = await AssertProblemAsync(await DeleteAsync(nobody, $"/api/authors/{author}", "*"), 409, "conflict");
            Assert.Contains("rows that you may not see", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
            Assert.False(problem.TryGetProperty("dependants", out _));
        }

        Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(writer, book, "*")).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(writer, $"/api/authors/{author}", "*")).StatusCode);
    }

    [Fact]
    public async Task Of_a_book_and_the_deletion_of_its_author_at_once_one_is_refused()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        for (var i = 0; i < 10; i++)
        {
            var author = await AuthorAsync(writer, "Fleeting");

            var answers = await Task.WhenAll(
                writer.PostAsync("/api/books", Json(Body("T", author)), Cancel),
                DeleteAsync(writer, $"/api/authors/{author}", "*"));

            Assert.Contains((int)answers[0].StatusCode, new[] { 201, 400, 409 });
            Assert.Equal(
                answers[0].StatusCode == HttpStatusCode.Created ? HttpStatusCode.Conflict : HttpStatusCode.NoContent,
                answers[1].StatusCode);
        }
    }

    [Fact]
    public async Task A_book_is_published_once_by_whoever_may()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var url = await CreateAsync(writer, "Fresh", await AuthorAsync(writer, "A"));

        await AssertProblemAsync(
            await SendAsync(await Api.ServiceAsync("acme-reader"), HttpMethod.Post, $"{url}/publish", "*", null),
            403,
            "permission_missing");
        await AssertProblemAsync(await SendAsync(writer, HttpMethod.Post, $"{url}/publish", null, null), 428, "precondition_missing");
        await AssertProblemAsync(await SendAsync(writer, HttpMethod.Post, $"{url}/publish", "\"7\"", null), 412, "precondition_failed");
        await AssertProblemAsync(await SendAsync(writer, HttpMethod.Post, $"/api/books/{Guid.NewGuid()}/publish", "*", null), 404);

        var published = await SendAsync(writer, HttpMethod.Post, $"{url}/publish", "\"1\"", null);
        Assert.Equal(HttpStatusCode.OK, published.StatusCode);
        Assert.Equal("\"2\"", published.Headers.ETag?.Tag);
        Assert.InRange(
            DateOnly.Parse((await JsonAsync(published)).GetProperty("publishedOn").GetString()!, CultureInfo.InvariantCulture).DayNumber,
            Today - 1,
            Today + 1);

        var problem = await AssertProblemAsync(await SendAsync(writer, HttpMethod.Post, $"{url}/publish", "\"2\"", null), 409, "conflict");
        Assert.Contains("already", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_book_that_is_not_published_is_there_only_for_those_who_may_change_or_publish_it()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var reader = await Api.ServiceAsync("acme-reader");
        // Scopes narrow: who may only read with this token does not see more than a reader.
        var narrowed = await Api.ServiceAsync("acme-writer", "books:read");
        var author = await AuthorAsync(writer, "A");
        var url = await CreateAsync(writer, "Secret", author);

        foreach (var client in new[] { reader, narrowed })
        {
            Assert.Equal(0, await CountAsync(client, $"authorId={author}"));
            await AssertProblemAsync(await client.GetAsync(url, Cancel), 404, "not_found");
        }

        Assert.Equal(1, await CountAsync(writer, $"authorId={author}"));
        await SendAsync(writer, HttpMethod.Post, $"{url}/publish", "*", null);
        Assert.Equal(1, await CountAsync(reader, $"authorId={author}"));
        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync(url, Cancel)).StatusCode);
    }

    [Fact]
    public async Task What_was_done_stands_in_the_audit_log_and_what_was_refused_does_not()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var author = await AuthorAsync(writer, "A");
        var url = await CreateAsync(writer, "First", author);
        await PutAsync(writer, url, "\"9\"", Body("Outdated", author));
        await PutAsync(writer, url, "\"1\"", Body("Unknown", Guid.NewGuid()));
        await PutAsync(writer, url + "?reason=Misprint", "\"1\"", Body("Second", author));
        await SendAsync(writer, HttpMethod.Post, $"{url}/publish?reason=The%20day%20has%20come", "*", null);
        await SendAsync(writer, HttpMethod.Post, $"{url}/publish", "*", null);
        await DeleteAsync(writer, $"/api/authors/{author}", "*");
        await DeleteAsync(writer, url + "?reason=%20", "*");

        var id = url.Split('/')[^1];
        var rows = await AuditAsync(id);

        Assert.Equal(["add", "change", "publish", "delete"], rows.Select(row => row.Action));
        Assert.All(rows, row => Assert.Equal(("book", "acme-writer", "bearer"), (row.Model, row.Account, row.Method)));
        Assert.Equal([null, "Misprint", "The day has come", null], rows.Select(row => row.Reason));
        Assert.Equal([null, "First", "Second", "Second"], rows.Select(row => Title(row.OldValues)));
        Assert.Equal(["First", "Second", "Second", null], rows.Select(row => Title(row.NewValues)));
        Assert.Equal(
            ["id", "title", "authorId", "isbn", "publishedOn"],
            JsonElement.Parse(rows[0].NewValues!).EnumerateObject().Select(value => value.Name));
        Assert.Single(await AuditAsync(author.ToString()));

        static string? Title(string? values) => values is null ? null : JsonElement.Parse(values).GetProperty("title").GetString();
    }

    [Fact]
    public async Task Whoever_asks_about_rows_by_the_name_of_their_model_sees_with_the_eyes_of_the_subject()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var author = await AuthorAsync(writer, "A");
        var hidden = (await CreateAsync(writer, "Hidden", author)).Split('/')[^1];
        var shown = (await CreateAsync(writer, "Shown", author, ",\"publishedOn\":\"2001-01-01\"")).Split('/')[^1];
        var rows = Api.Services.GetRequiredService<RowCatalogue>();
        var books = rows.Find("book")!;
        var reader = new RowSubject(Guid.NewGuid(), IsService: false, (model, action) => (model, action) is ("book", "view"));
        var editor = reader with { May = (model, action) => (model, action) is ("book", "change") };

        Assert.Null(rows.Find("audit"));
        Assert.True(await books.ExistsAsync(shown, reader, Cancel));
        Assert.False(await books.ExistsAsync(hidden, reader, Cancel));
        Assert.True(await books.ExistsAsync(hidden, editor, Cancel));
        Assert.False(await books.ExistsAsync("no id", editor, Cancel));
        Assert.False(await books.ExistsAsync($"{Guid.NewGuid()}", editor, Cancel));
        Assert.DoesNotContain(hidden, await AllAsync(reader));
        Assert.Contains(shown, await AllAsync(reader));
        Assert.Contains(hidden, await AllAsync(editor));
        Assert.Empty((await books.ListIdsAsync(editor, 10, "no id", Cancel)).Ids);

        async Task<List<string>> AllAsync(RowSubject subject)
        {
            var all = new List<string>();
            string? after = null;
            do
            {
                (var ids, after) = await books.ListIdsAsync(subject, 2, after, Cancel);
                all.AddRange(ids);
            }
            while (after is not null);

            Assert.Equal(all.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal), all);
            return all;
        }
    }

    private static int Today => DateOnly.FromDateTime(DateTime.UtcNow).DayNumber;

    private async Task<AuditEntry[]> AuditAsync(string id)
    {
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        return [.. await connection.QueryAsync<AuditEntry>(
            """
            SELECT model, account, method, action, old_values, new_values, reason
            FROM audit_log WHERE row_id = @id ORDER BY at, id
            """,
            new { id })];
    }

    private static async Task<Guid> AuthorAsync(HttpClient client, string name) =>
        (await JsonAsync(await client.PostAsync(
            "/api/authors", Json($$"""{"name":{{JsonSerializer.Serialize(name)}}}"""), Cancel))).GetProperty("id").GetGuid();

    private static string Body(string title, Guid author) => $$"""{"title":{{JsonSerializer.Serialize(title)}},"authorId":"{{author}}"}""";

    private static async Task<int> CountAsync(HttpClient client, string query) =>
        (await client.GetFromJsonAsync<JsonElement>($"/api/books?{query}", Cancel)).GetProperty("items").GetArrayLength();

    private static async Task<string> CreateAsync(HttpClient client, string title, Guid author, string more = "")
    {
        var body = $"{{\"title\":{JsonSerializer.Serialize(title)},\"authorId\":\"{author}\"{more}}}";
        var response = await client.PostAsync("/api/books", Json(body), Cancel);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return response.Headers.Location!.AbsolutePath;
    }

    private static Task<HttpResponseMessage> PutAsync(HttpClient client, string url, string? tag, string body) =>
        SendAsync(client, HttpMethod.Put, url, tag, Json(body));

    private static Task<HttpResponseMessage> DeleteAsync(HttpClient client, string url, string? tag) =>
        SendAsync(client, HttpMethod.Delete, url, tag, null);

    private static async Task<HttpResponseMessage> SendAsync(
        HttpClient client, HttpMethod method, string url, string? tag, HttpContent? content)
    {
        using var request = new HttpRequestMessage(method, url) { Content = content };
        if (tag is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", tag);
        }

        return await client.SendAsync(request, Cancel);
    }

    private static StringContent Json(string json) => new(json, new MediaTypeHeaderValue("application/json"));

    private sealed record AuditEntry
    {
        public required string Model { get; init; }

        public required string Account { get; init; }

        public required string Method { get; init; }

        public required string Action { get; init; }

        public string? OldValues { get; init; }

        public string? NewValues { get; init; }

        public string? Reason { get; init; }
    }
}

public sealed class BooksOnSqliteTests(ApiOnEmbeddedRealm api) : BooksTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class BooksOnPostgreSqlTests(ApiOnPostgreSql api) : BooksTests(api), IClassFixture<ApiOnPostgreSql>;
