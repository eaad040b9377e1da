using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;

namespace Api.Tests.Models;

/// <summary>Books: list, get, create, replace and delete, with preconditions and clear errors.</summary>
public abstract class BooksTests(ApiUnderTest api) : ApiTests(api)
{
    [Fact]
    public async Task A_book_lives_from_creation_to_deletion()
    {
        var writer = await Api.ServiceAsync("acme-writer");

        var created = await writer.PostAsync("/api/books", Json("""{"title":"Dune","author":"Frank Herbert","isbn":"978-0-441-17271-9","publishedOn":"1965-08-01"}"""), Cancel);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var url = created.Headers.Location!.AbsolutePath;
        Assert.Equal("\"1\"", created.Headers.ETag?.Tag);

        var got = await writer.GetAsync(url, Cancel);
        Assert.Equal("\"1\"", got.Headers.ETag?.Tag);
        var book = await JsonAsync(got);
        Assert.Equal("Dune", book.GetProperty("title").GetString());
        Assert.Equal("1965-08-01", book.GetProperty("publishedOn").GetString());

        var replaced = await PutAsync(writer, url, "\"1\"", """{"title":"Dune Messiah","author":"Frank Herbert"}""");
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
        var url = await CreateAsync(writer, "Two editors", "A");

        await AssertProblemAsync(await PutAsync(writer, url, null, """{"title":"x","author":"A"}"""), 428, "precondition_missing");
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(writer, url, "\"1\"", """{"title":"First","author":"A"}""")).StatusCode);
        await AssertProblemAsync(await PutAsync(writer, url, "\"1\"", """{"title":"Second","author":"A"}"""), 412, "precondition_failed");
        await AssertProblemAsync(await PutAsync(writer, url, "\"other\"", """{"title":"x","author":"A"}"""), 412, "precondition_failed");
        await AssertProblemAsync(await PutAsync(writer, url, "W/\"2\"", """{"title":"x","author":"A"}"""), 412, "precondition_failed");
        await AssertProblemAsync(await PutAsync(writer, url, "\"1\", \"2\"", """{"title":"x","author":"A"}"""), 400, "precondition_malformed");
        await AssertProblemAsync(await DeleteAsync(writer, url, null), 428, "precondition_missing");
        await AssertProblemAsync(await DeleteAsync(writer, url, "\"1\""), 412, "precondition_failed");
        Assert.Equal("First", (await JsonAsync(await writer.GetAsync(url, Cancel))).GetProperty("title").GetString());
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(writer, url, "*", """{"title":"Any","author":"A"}""")).StatusCode);
        await AssertProblemAsync(await PutAsync(writer, $"/api/books/{Guid.NewGuid()}", "\"1\"", """{"title":"x","author":"A"}"""), 404);
    }

    [Fact]
    public async Task Of_many_who_replace_the_same_version_at_once_one_wins()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var url = await CreateAsync(writer, "Contended", "A");

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => PutAsync(writer, url, "\"1\"", $$"""{"title":"{{i}}","author":"A"}""")));

        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        Assert.All(answers.Where(answer => answer.StatusCode != HttpStatusCode.OK), answer => Assert.Equal(HttpStatusCode.PreconditionFailed, answer.StatusCode));
        Assert.Equal("\"2\"", (await writer.GetAsync(url, Cancel)).Headers.ETag?.Tag);
    }

    [Theory]
    [InlineData("title", "ABCDEFG")]
    [InlineData("-title", "GFEDCBA")]
    [InlineData("author", "GFEDCBA")]
    [InlineData("publishedOn", "BDFACEG")]
    [InlineData("-publishedOn", "GECAFDB")]
    public async Task Pages_follow_each_other_in_every_order_without_gaps(string sort, string expected)
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var mark = Guid.NewGuid().ToString("N");
        for (var i = 0; i < expected.Length; i++)
        {
            var published = i % 2 == 0 ? $",\"publishedOn\":\"200{i}-01-01\"" : "";
            var author = (char)('G' - i);
            await CreateAsync(writer, $"{(char)('A' + i)} {mark}", author.ToString(), published);
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
        await CreateAsync(writer, $"100% {mark}", "O'Brien; DROP TABLE books;--");
        await CreateAsync(writer, $"1000 {mark}", "B");
        await CreateAsync(writer, $"a_b\\ {mark}", "C");

        Assert.Equal(1, await CountAsync(writer, $"search={Uri.EscapeDataString($"100% {mark}")}"));
        Assert.Equal(3, await CountAsync(writer, $"search={mark.ToUpperInvariant()}"));
        Assert.Equal(1, await CountAsync(writer, $"search={Uri.EscapeDataString($"A_B\\ {mark}")}"));
        Assert.Equal(1, await CountAsync(writer, $"search={mark}&author={Uri.EscapeDataString("O'Brien; DROP TABLE books;--")}"));
        Assert.Equal(0, await CountAsync(writer, $"search={mark}&author=b"));
    }

    [Theory]
    [InlineData("sort=price", "sort", "title, author, publishedOn")]
    [InlineData("sort=title;drop", "sort", "title, author, publishedOn")]
    [InlineData("limit=0", "limit", "between 1 and 100")]
    [InlineData("limit=101", "limit", "between 1 and 100")]
    [InlineData("after=garbage", "after", "the next of a page")]
    [InlineData("filter=x", "filter", "Known: search, author, sort, limit, after")]
    [InlineData("sort=title&sort=author", "sort", "Give it once")]
    public async Task A_query_that_means_nothing_is_refused_by_name(string query, string field, string expected)
    {
        var problem = await AssertProblemAsync(await (await Api.ServiceAsync("acme-reader")).GetAsync($"/api/books?{query}", Cancel), 400);

        Assert.Contains(expected, problem.GetProperty("errors").GetProperty(field)[0].GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"title":"","author":"A"}""", "title")]
    [InlineData("""{"title":"T","author":"A","isbn":"12"}""", "isbn")]
    [InlineData("""{"title":"T","author":"A","isbn":"----------"}""", "isbn")]
    public async Task A_body_that_breaks_a_rule_names_the_field(string body, string field)
    {
        var problem = await AssertProblemAsync(await (await Api.ServiceAsync("acme-writer")).PostAsync("/api/books", Json(body), Cancel), 400);

        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"title":"T"}""")]
    [InlineData("""{"title":"T","author":"A","publishedOn":"yesterday"}""")]
    [InlineData("""{"title":1,"author":"A"}""")]
    public async Task A_body_that_cannot_be_read_is_400_and_says_why(string body)
    {
        var problem = await AssertProblemAsync(await (await Api.ServiceAsync("acme-writer")).PostAsync("/api/books", Json(body), Cancel), 400);

        var detail = problem.GetProperty("detail").GetString()!;
        Assert.NotEmpty(detail);
        // The names of the program's types are nobody's business.
        Assert.DoesNotContain("Api.", detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_of_another_type_is_415()
    {
        var writer = await Api.ServiceAsync("acme-writer");

        await AssertProblemAsync(await writer.PostAsync("/api/books", new StringContent("title=T", Encoding.UTF8, "text/plain"), Cancel), 415);
    }

    private static async Task<int> CountAsync(HttpClient client, string query) =>
        (await client.GetFromJsonAsync<JsonElement>($"/api/books?{query}", Cancel)).GetProperty("items").GetArrayLength();

    private static async Task<string> CreateAsync(HttpClient client, string title, string author, string more = "")
    {
        var body = $"{{\"title\":{JsonSerializer.Serialize(title)},\"author\":{JsonSerializer.Serialize(author)}{more}}}";
        var response = await client.PostAsync("/api/books", Json(body), Cancel);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return response.Headers.Location!.AbsolutePath;
    }

    private static Task<HttpResponseMessage> PutAsync(HttpClient client, string url, string? tag, string body) =>
        SendAsync(client, HttpMethod.Put, url, tag, Json(body));

    private static Task<HttpResponseMessage> DeleteAsync(HttpClient client, string url, string? tag) =>
        SendAsync(client, HttpMethod.Delete, url, tag, null);

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, HttpMethod method, string url, string? tag, HttpContent? content)
    {
        using var request = new HttpRequestMessage(method, url) { Content = content };
        if (tag is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", tag);
        }

        return await client.SendAsync(request, Cancel);
    }

    private static StringContent Json(string json) => new(json, new MediaTypeHeaderValue("application/json"));
}

public sealed class BooksOnSqliteTests(ApiOnEmbeddedRealm api) : BooksTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class BooksOnPostgreSqlTests(ApiOnPostgreSql api) : BooksTests(api), IClassFixture<ApiOnPostgreSql>;
