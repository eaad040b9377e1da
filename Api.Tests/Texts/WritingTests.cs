using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;
using KeycloakAccess.Texts;

namespace Api.Tests.Texts;

/// <summary>What one may write: by the API, on the pages and in documents of rules, into rows, groups, mappings and reasons.</summary>
public abstract class WritingTests(ApiUnderTest api) : ApiTests(api)
{
    /// <summary>What no text may hold, with what is said of it.</summary>
    public static TheoryData<string, string> Refused { get; } = new()
    {
        { "a\u001b[31mb", "U+001B, which controls a terminal" },
        { "a\u0007b", "U+0007" },
        { "a\u0085b", "U+0085" },
        { "a\u009bb", "U+009B" },
        { "a\u202eb", "U+202E, which changes the direction of text" },
        { "a\u202ab", "U+202A" },
        { "a\u2066b", "U+2066" },
        { "a\u2069b", "U+2069" },
        { "a\u2028b", "U+2028" },
        { "a\ufffeb", "U+FFFE, which is no character" },
        { "a\ufdd0b", "U+FDD0, which is no character" },
        { "a\U0001FFFFb", "U+1FFFF, which is no character" },
        { "a\U0010FFFEb", "U+10FFFE, which is no character" },
        { "a\ue000b", "U+E000, which means something else on every machine" },
        { "a\U000F0000b", "U+F0000" },
        { "a\U000E0041b", "U+E0041, which nobody sees" },
        { "a\ufeffb", "U+FEFF" },
        { "a\ufff9b", "U+FFF9" },
    };

    /// <summary>Texts in which nothing can be seen.</summary>
    public static TheoryData<string> Blank { get; } =
        ["", " ", "\t", "\u00a0", "\u3000", "\u200b", "\u200d\u200c", "\u2060", "\u00ad", "\u3164", "\u2800", "\u0301"];

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_no_text_may_hold_is_refused_with_the_reason(string text, string expected)
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var ada = await Api.PersonAsync("ada");

        await AssertRefusedAsync(await writer.PostAsync("/api/authors", Body(new { name = text }), Cancel), "name", expected);
        await AssertRefusedAsync(
            await ada.PostAsync(
                "/api/groups", Body(new { name = "texts", description = text, permissions = Array.Empty<string>() }), Cancel),
            "description",
            expected);
        await AssertRefusedAsync(
            await ada.PostAsync(
                "/api/role-mappings", Body(new { kind = "realm-role", name = text, groupId = Guid.NewGuid() }), Cancel),
            "name",
            expected.Split(',')[0]);
        await AssertRefusedAsync(
            await writer.PostAsync($"/api/authors?reason={Uri.EscapeDataString(text)}", Body(new { name = "x" }), Cancel),
            "reason",
            expected);
        var document = await ada.PostAsync(
            "/api/access/preview", Body(new { groups = new { texts = new { description = text } } }), Cancel);
        Assert.Contains(expected, await TextAsync(document), StringComparison.Ordinal);

        var browser = await Api.SignInAsync("ada");
        var sent = await browser.SubmitAsync(
            await browser.GetAsync($"{Api.Realm.ApiUrl}/admin/models/authors/new"), "main form[method=post]", ("name", text));
        if (text.ReplaceLineEndings("\n") != text)
        {
            // In a form, whatever ends a line becomes a line end.
            Assert.Equal(HttpStatusCode.OK, sent.Status);
            return;
        }

        Assert.Equal(HttpStatusCode.UnprocessableEntity, sent.Status);
        Assert.Contains(expected, sent.Page.Body!.TextContent, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Blank))]
    public async Task A_text_in_which_nothing_can_be_seen_is_none(string text)
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var created = await writer.PostAsync("/api/authors", Body(new { name = "A" }), Cancel);
        var author = (await JsonAsync(created)).GetProperty("id").GetGuid();

        foreach (var (path, body, field) in new (string, object, string)[]
        {
            ("/api/authors", new { name = text }, "name"),
            ("/api/authors", new { name = "A", website = text }, "website"),
            ("/api/books", new { title = "A", authorId = author, isbn = text }, "isbn"),
        })
        {
            var problem = await AssertProblemAsync(await writer.PostAsync(path, Body(body), Cancel), 400);
            Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), field);
        }
    }

    [Theory]
    [InlineData("Ada\u200dLovelace")]
    [InlineData("می‌خواهم")]
    [InlineData("שלום\u200f!")]
    [InlineData("👩‍👩‍👧‍👦 🇺🇦")]
    [InlineData("two\nlines\tand more")]
    [InlineData("नमस्ते")]
    public async Task What_people_write_is_kept_as_it_is(string text)
    {
        var writer = await Api.ServiceAsync("acme-writer");

        var created = await writer.PostAsync($"/api/authors?reason={Uri.EscapeDataString(text)}", Body(new { name = text }), Cancel);

        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var read = await writer.GetFromJsonAsync<JsonElement>(created.Headers.Location!.AbsolutePath, Cancel);
        Assert.Equal(text, read.GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_text_is_kept_in_one_spelling_and_found_in_either()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        var mark = Guid.NewGuid().ToString("N");

        var created = await writer.PostAsync("/api/authors", Body(new { name = $"Zoe\u0308 {mark}" }), Cancel);

        Assert.Equal($"Zoë {mark}", (await JsonAsync(created)).GetProperty("name").GetString());
        foreach (var written in new[] { $"Zoë {mark}", $"Zoe\u0308 {mark}" })
        {
            var found = await writer.GetFromJsonAsync<JsonElement>($"/api/authors?search={Uri.EscapeDataString(written)}", Cancel);
            Assert.Equal(1, found.GetProperty("items").GetArrayLength());
        }
    }

    [Theory]
    [InlineData("http://x y", false)]
    [InlineData("http://", false)]
    [InlineData("https:///path", false)]
    [InlineData("example.com", false)]
    [InlineData("//example.com", false)]
    [InlineData("ftp://example.com", false)]
    [InlineData("javascript:alert(1)", false)]
    [InlineData("http://example.com/a b", false)]
    [InlineData("http://example.com/\n", false)]
    [InlineData("http://exa\\mple.com", false)]
    [InlineData("http://example.com/<b>", false)]
    [InlineData("http://[::1", false)]
    [InlineData("http://example.com:99999/", false)]
    [InlineData("https://example.com", true)]
    [InlineData("HTTP://EXAMPLE.COM/a?b=c#d", true)]
    [InlineData("https://de.wikipedia.org/wiki/Köln", true)]
    [InlineData("https://пример.рф/", true)]
    [InlineData("http://[::1]:8080/", true)]
    public async Task An_address_is_one(string text, bool isOne)
    {
        var writer = await Api.ServiceAsync("acme-writer");

        var answer = await writer.PostAsync("/api/authors", Body(new { name = "A", website = text }), Cancel);

        if (isOne)
        {
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        }
        else
        {
            await AssertRefusedAsync(answer, "website", "website ");
        }
    }

    [Theory]
    [InlineData("a", 200, true)]
    [InlineData("a", 201, false)]
    [InlineData("é", 200, true)]
    [InlineData("e\u0301", 200, true)]
    [InlineData("👍", 200, true)]
    [InlineData("👍🏽", 200, true)]
    [InlineData("🇺🇦", 201, false)]
    [InlineData("한", 200, true)]
    [InlineData("नि", 200, true)]
    [InlineData("Z\u0300\u0301\u0302\u0303\u0304", 200, false)]
    public async Task Lengths_are_those_that_people_count(string character, int times, bool fits)
    {
        var writer = await Api.ServiceAsync("acme-writer");

        var answer = await writer.PostAsync(
            "/api/authors", Body(new { name = string.Concat(Enumerable.Repeat(character, times)) }), Cancel);

        if (fits)
        {
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        }
        else
        {
            await AssertRefusedAsync(answer, "name", "name must have 1 to 200 characters, and");
        }
    }

    [Fact]
    public async Task What_the_description_says_of_lengths_is_true_of_all_that_is_kept()
    {
        var document = await Api.NewClient().GetFromJsonAsync<JsonElement>("/openapi/v1.json", Cancel);
        var schemas = document.GetProperty("components").GetProperty("schemas");

        int Longest(string schema, string property) =>
            schemas.GetProperty(schema).GetProperty("properties").GetProperty(property).GetProperty("maxLength").GetInt32();

        Assert.Equal(200 * PlainText.MostInOne, Longest("AuthorRequest", "name"));
        Assert.Equal(200 * PlainText.MostInOne, Longest("BookRequest", "title"));
        Assert.Equal(2000 * PlainText.MostInOne, Longest("AuthorRequest", "website"));
        Assert.Equal(500 * PlainText.MostInOne, Longest("GroupRequest", "description"));
    }

    [Fact]
    public async Task Half_a_character_is_refused()
    {
        var writer = await Api.ServiceAsync("acme-writer");

        var answer = await writer.PostAsync(
            "/api/authors", new StringContent("""{"name":"a\ud800b"}""", Encoding.UTF8, "application/json"), Cancel);

        await AssertProblemAsync(answer, 400);
    }

    private static async Task AssertRefusedAsync(HttpResponseMessage answer, string field, string expected)
    {
        var problem = await AssertProblemAsync(answer, 400);
        Assert.Contains(
            problem.GetProperty("errors").GetProperty(field).EnumerateArray(),
            message => message.GetString()!.Contains(expected, StringComparison.Ordinal));
    }

    private static async Task<string> TextAsync(HttpResponseMessage answer)
    {
        var problem = await JsonAsync(answer);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        // Without the escapes of JSON.
        return string.Join('\n', Texts(problem));

        static IEnumerable<string> Texts(JsonElement element) => element.ValueKind switch
        {
            JsonValueKind.String => [element.GetString()!],
            JsonValueKind.Array => element.EnumerateArray().SelectMany(Texts),
            JsonValueKind.Object => element.EnumerateObject().SelectMany(member => Texts(member.Value)),
            _ => [],
        };
    }

    private static JsonContent Body(object body) => JsonContent.Create(body);
}

public sealed class WritingOnSqliteTests(ApiOnEmbeddedRealm api) : WritingTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class WritingOnPostgreSqlTests(ApiOnPostgreSql api) : WritingTests(api), IClassFixture<ApiOnPostgreSql>;
