using System.Net;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Api.Tests.Models;

namespace Api.Tests.Admin;

/// <summary>The list of a model is taken away as a file: what the reader sees of it, and all of that.</summary>
public abstract class RowExportTests(ApiUnderTest api) : BookPages(api)
{
    private const string Samples = "/admin/models/test-samples";

    [Fact]
    public async Task An_export_holds_what_the_list_shows_on_all_its_pages_in_its_order()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, name) = await AddAuthorAsync(ada);
        for (var index = 0; index < 52; index++)
        {
            await AddBookAsync(ada, $"Volume {index:00}", author, index < 2 ? null : "2001-02-03");
        }

        var browser = await Api.SignInAsync("grace");
        var list = await OpenAsync(browser, $"{Books}?authorId={name}&sort=-title");
        var links = list.Page.QuerySelectorAll("a[download]").Select(link => link.GetAttribute("href")!).ToArray();

        var csv = await OpenAsync(browser, links[0]);
        Assert.Equal("text/csv; charset=utf-8", csv.Header("Content-Type"));
        Assert.Equal("attachment; filename=\"books.csv\"", csv.Header("Content-Disposition"));
        var lines = csv.Text.TrimStart('\uFEFF').Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("id,title,authorId,isbn,publishedOn", lines[0]);
        Assert.Equal(53, lines.Length);
        Assert.EndsWith($",Volume 51,{author},,2001-02-03", lines[1], StringComparison.Ordinal);
        Assert.EndsWith($",Volume 00,{author},,", lines[^1], StringComparison.Ordinal);

        var json = (await OpenAsync(browser, links[1])).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(52, json.Length);
        var row = JsonElement.Parse(json[0]);
        Assert.Equal("Volume 51", row.GetProperty("title").GetString());
        Assert.Equal(author, row.GetProperty("authorId").GetGuid());
        Assert.Equal(JsonValueKind.Null, JsonElement.Parse(json[^1]).GetProperty("publishedOn").ValueKind);

        // Whoever sees the published ones takes those away.
        await using var group = await GroupUnderTest.CreateAsync(ada, ["admin:view"], ["author:view"]);
        await group.WithAsync(await AccountIdAsync(await Api.PersonAsync("nora")));
        var nora = await Api.SignInAsync("nora");
        csv = await OpenAsync(nora, $"{Books}/export/csv?search=Volume&after=whatever");
        Assert.Equal(51, csv.Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
        // And no reference that the list does not show them.
        Assert.StartsWith("id,title,isbn,publishedOn", csv.Text.TrimStart('\uFEFF'), StringComparison.Ordinal);
        Assert.DoesNotContain(
            author.ToString(), csv.Text + (await OpenAsync(nora, $"{Books}/export/jsonl?search=Volume")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_rows_than_are_read_at_a_time_come_each_once()
    {
        var ada = await Api.PersonAsync("ada");
        var mark = $"m{Guid.NewGuid():N}";
        for (var index = 0; index < 503; index++)
        {
            await AddSampleAsync(ada, $"{mark}-{index}", $"{mark} {index % 3}");
        }

        var lines = (await OpenAsync(await Api.SignInAsync("ada"), $"{Samples}/export/jsonl?search={mark}&sort=-text")).Text.Split(
            '\n', StringSplitOptions.RemoveEmptyEntries);

        var ids = lines.Select(line => JsonElement.Parse(line).GetProperty("id").GetString()!).ToArray();
        Assert.Equal(503, ids.Length);
        Assert.Equal(503, ids.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task A_text_is_never_a_formula_and_a_number_stays_one()
    {
        var ada = await Api.PersonAsync("ada");
        var id = $"f{Guid.NewGuid():N}";
        await AddSampleAsync(ada, id, $"=SUM(A1) {id}", """, "count": -3, "note": "two\nlines" """);

        var csv = (await OpenAsync(await Api.SignInAsync("ada"), $"{Samples}/export/csv?search={id}")).Text;

        Assert.Contains($",'=SUM(A1) {id},\"two\nlines\",", csv, StringComparison.Ordinal);
        Assert.Contains(",-3,", csv, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_filter_that_cannot_be_exports_nothing()
    {
        var browser = await Api.SignInAsync("grace");

        foreach (var ending in new[] { "csv", "jsonl" })
        {
            var answer = await OpenAsync(browser, $"{Books}/export/{ending}?publishedOn.gte=soon");
            Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
            Assert.Contains("publishedOn.gte must be a date", answer.Text, StringComparison.Ordinal);
        }
    }

    private static async Task AddSampleAsync(HttpClient client, string id, string text, string more = "")
    {
        var body = $$"""{"id":"{{id}}","text":"{{text}}","token":"018f2b1c-7c1e-7d3a-9a52-3f1f0e6d1c11","flag":true{{more}}}""";
        using var response = await client.PostAsync(
            "/api/test-samples", new StringContent(body, Encoding.UTF8, "application/json"), Cancel);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
    }
}

public sealed class RowExportOnSqliteTests(ApiWithSamplesOnSqlite api) : RowExportTests(api), IClassFixture<ApiWithSamplesOnSqlite>;

public sealed class RowExportOnPostgreSqlTests(
    ApiWithSamplesOnPostgreSql api) : RowExportTests(api), IClassFixture<ApiWithSamplesOnPostgreSql>;
