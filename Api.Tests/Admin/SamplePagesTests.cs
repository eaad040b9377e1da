using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Api.Tests.Models;

namespace Api.Tests.Admin;

/// <summary>The pages of a model with every type of a column: each has a field that takes it, and what is not touched stays.</summary>
public abstract class SamplePagesTests(ApiUnderTest api) : ApiTests(api)
{
    private const string Samples = "/admin/models/test-samples";
    private const string Token = "018f2b1c-7c1e-7d3a-9a52-3f1f0e6d1c11";

    [Fact]
    public async Task A_value_of_every_type_is_taken_from_its_field()
    {
        var ada = await Api.PersonAsync("ada");
        var browser = await Api.SignInAsync("ada");
        var id = NewId();

        var form = await OpenAsync(browser, $"{Samples}/new");
        Assert.Equal("7", form.Page.QuerySelector("[name=number]")!.GetAttribute("value"));
        var page = await browser.SubmitAsync(
            form,
            $"form[action='{Samples}/new']",
            ("id", id), ("text", "Words"), ("token", Token), ("flag", "true"), ("maybe", "false"), ("number", "12"), ("count", "-3"),
            ("big", "9223372036854775807"),
            ("price", "12.50"), ("day", "2026-05-31"), ("_zone", "Europe/Berlin"), ("at", "2026-07-01T12:00"), ("state", "inReview"),
            ("former", ""));

        Assert.True(
            page.Status == HttpStatusCode.OK && page.Url.AbsolutePath == $"{Samples}/{id}", page.Page.QuerySelector("main")!.TextContent);
        var row = await ada.GetFromJsonAsync<JsonElement>($"/api/test-samples/{id}", Cancel);
        Assert.Equal(Token, row.GetProperty("token").GetString());
        Assert.True(row.GetProperty("flag").GetBoolean());
        Assert.False(row.GetProperty("maybe").GetBoolean());
        Assert.Equal(-3, row.GetProperty("count").GetInt32());
        Assert.Equal(long.MaxValue, row.GetProperty("big").GetInt64());
        Assert.Equal("12.5", row.GetProperty("price").GetRawText());
        Assert.Equal("2026-05-31", row.GetProperty("day").GetString());
        // Noon in Berlin, in summer.
        Assert.Equal(new DateTimeOffset(2026, 7, 1, 10, 0, 0, TimeSpan.Zero), row.GetProperty("at").GetDateTimeOffset());
        Assert.Equal("inReview", row.GetProperty("state").GetString());
        Assert.Equal(JsonValueKind.Null, row.GetProperty("former").ValueKind);
    }

    [Fact]
    public async Task What_is_not_touched_stays_as_it_was_to_the_last_digit()
    {
        var ada = await Api.PersonAsync("ada");
        var id = NewId();
        var body = $$"""
            {"id":"{{id}}","text":"Before","note":"Two\nlines","token":"{{Token}}","flag":true,
            "at":"2026-05-31T14:00:00.123456+02:00","until":"2026-10-25T00:30:00.5Z","price":0.1}
            """;
        Assert.Equal(
            HttpStatusCode.Created,
            (await ada.PostAsync("/api/test-samples", new StringContent(body, Encoding.UTF8, "application/json"), Cancel)).StatusCode);
        var before = await ada.GetFromJsonAsync<JsonElement>($"/api/test-samples/{id}", Cancel);
        var browser = await Api.SignInAsync("ada");

        var page = await browser.SubmitAsync(
            await OpenAsync(browser, $"{Samples}/{id}/edit"), $"form[action='{Samples}/{id}/edit']", ("text", "After"));

        Assert.Equal($"{Samples}/{id}", page.Url.AbsolutePath);
        var after = await ada.GetFromJsonAsync<JsonElement>($"/api/test-samples/{id}", Cancel);
        Assert.Equal(
            ["text", "version"],
            after.EnumerateObject()
                .Where(field => field.Value.GetRawText() != before.GetProperty(field.Name).GetRawText())
                .Select(field => field.Name));
    }

    [Fact]
    public async Task An_address_fills_in_a_value_of_every_type_and_only_what_a_form_may_carry()
    {
        var browser = await Api.SignInAsync("ada");
        browser.Cookies.Set(Api.BaseAddress, "zone", "Europe%2FBerlin");

        var page = await OpenAsync(
            browser,
            $"{Samples}/new?flag=true&maybe=false&number=many&count=-3&price=12.5&day=2026-05-31&at=2026-07-01T10:00:00Z&"
                + $"until=2026-07-01T12:00&state=inReview&stamp=forged&token={Token}");

        var form = page.Page.QuerySelector($"form[action='{Samples}/new']")!;
        Assert.True(form.QuerySelector("[name=flag]")!.HasAttribute("checked"));
        Assert.Equal("false", form.QuerySelector("[name=maybe] [selected]")!.GetAttribute("value"));
        Assert.Equal("inReview", form.QuerySelector("[name=state] [selected]")!.GetAttribute("value"));
        // What cannot be is as in an empty form.
        string[] expected = ["7", "-3", "12.5", "2026-05-31", "2026-07-01T12:00:00", "2026-07-01T12:00:00", Token];
        Assert.Equal(
            expected,
            new[] { "number", "count", "price", "day", "at", "until", "token" }.Select(name =>
                form.QuerySelector($"[name={name}]")!.GetAttribute("value")));
        Assert.Null(form.QuerySelector("[name=stamp]"));
        Assert.Contains("for Number cannot be", page.Page.QuerySelector(".banner.warn")!.TextContent, StringComparison.Ordinal);
        Assert.False((await OpenAsync(browser, $"{Samples}/new?flag=false")).Page.QuerySelector("[name=flag]")!.HasAttribute("checked"));
    }

    [Theory]
    [InlineData("id", "no/such id", "stands in addresses")]
    [InlineData("token", "not-a-uuid", "must be a UUID")]
    [InlineData("number", "1e3", "whole number")]
    [InlineData("number", "1001", "between 0 and 1000")]
    [InlineData("at", "2026-03-29T02:30", "a clock there shows")]
    [InlineData("state", "gone", "one of done, draft, inReview")]
    [InlineData("lastDay", "1999-12-31", "must not lie before day")]
    public async Task What_cannot_be_is_said_beside_its_field(string field, string value, string says)
    {
        var browser = await Api.SignInAsync("ada");

        var page = await browser.SubmitAsync(
            await OpenAsync(browser, $"{Samples}/new"), $"form[action='{Samples}/new']", ("id", NewId()), ("text", "Words"),
            ("token", Token), ("_zone", "Europe/Berlin"), (field, value));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, page.Status);
        Assert.Contains(says, page.Page.QuerySelector($"#field-{field}-mistake")!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_id_that_is_taken_is_said()
    {
        var browser = await Api.SignInAsync("ada");
        var form = await OpenAsync(browser, $"{Samples}/new");
        (string, string)[] fields = [("id", NewId()), ("text", "Words"), ("token", Token)];
        Assert.Equal(HttpStatusCode.OK, (await browser.SubmitAsync(form, $"form[action='{Samples}/new']", fields)).Status);

        var page = await browser.SubmitAsync(form.Anew(), $"form[action='{Samples}/new']", fields);

        Assert.Equal(HttpStatusCode.Conflict, page.Status);
        Assert.Contains("is taken", page.Page.QuerySelector(".banner.bad")!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Instants_are_filtered_by_the_readers_clock()
    {
        var ada = await Api.PersonAsync("ada");
        var id = NewId();
        var body = $$"""{"id":"{{id}}","text":"t-{{id}}","token":"{{Token}}","flag":true,"at":"2026-07-01T10:30:00Z"}""";
        Assert.Equal(
            HttpStatusCode.Created,
            (await ada.PostAsync("/api/test-samples", new StringContent(body, Encoding.UTF8, "application/json"), Cancel)).StatusCode);
        var browser = await Api.SignInAsync("ada");

        // Without a zone, that is UTC.
        Assert.Single(
            (await OpenAsync(
                browser, $"{Samples}?search=t-{id}&at.gte=2026-07-01T10:30&at.lte=2026-07-01T10:31")).Page.QuerySelectorAll("tbody tr"));
        Assert.Empty((await OpenAsync(browser, $"{Samples}?search=t-{id}&at.gte=2026-07-01T12:00")).Page.QuerySelectorAll("tbody tr"));
    }

    [Fact]
    public async Task Nothing_is_filtered_by_a_reference_that_is_not_for_the_reader_to_see_not_even_by_whether_it_is_there()
    {
        var ada = await Api.PersonAsync("ada");
        var nora = await AccountIdAsync(await Api.PersonAsync("nora"));
        await using var group = await GroupUnderTest.CreateAsync(ada, ["admin:view", "test-sample:view"], denied: ["author:view"]);
        await group.WithAsync(nora);
        var browser = await Api.SignInAsync("nora");

        foreach (var filter in new[] { "authorId.null=true", "authorId=somebody" })
        {
            Assert.Contains(
                "is not for you to see",
                (await OpenAsync(browser, $"{Samples}?{filter}")).Page.QuerySelector("[role=alert]")!.TextContent,
                StringComparison.Ordinal);
        }
    }

    private static string NewId() => $"s-{Guid.NewGuid():N}";

    private Task<RealmAnswer> OpenAsync(RealmBrowser browser, string path) => browser.GetAsync(new Uri(Api.BaseAddress, path).AbsoluteUri);
}

public sealed class SamplePagesOnSqliteTests(ApiWithSamplesOnSqlite api) : SamplePagesTests(api), IClassFixture<ApiWithSamplesOnSqlite>;

public sealed class SamplePagesOnPostgreSqlTests(
    ApiWithSamplesOnPostgreSql api) : SamplePagesTests(api), IClassFixture<ApiWithSamplesOnPostgreSql>;
