using System.Net;
using Api.Tests.Infrastructure;

namespace Api.Tests.Admin;

/// <summary>Several rows are changed at once: after a look at what would change, and each as if it were the only one.</summary>
public abstract class BulkRowsTests(ApiUnderTest api) : BookPages(api)
{
    private const string Apply = "form[action$='/bulk/apply']";

    [Fact]
    public async Task Ticked_rows_are_deleted_after_a_look_at_what_would_change()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, name) = await AddAuthorAsync(ada);
        Guid[] ids = [await AddBookAsync(ada, "One", author), await AddBookAsync(ada, "Two", author)];
        var kept = await AddBookAsync(ada, "Three", author);
        var browser = await Api.SignInAsync("grace");

        var page = await PreviewAsync(browser, $"{Books}?authorId={name}&sort=-title", "delete", ids);
        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains("2 of 2 books would change.", page.Text, StringComparison.Ordinal);
        Assert.Equal(["One", "Two"], page.Page.QuerySelectorAll("tbody th").Select(cell => cell.TextContent.Trim()));
        Assert.True(await IsThereAsync(ada, ids[0]) && await IsThereAsync(ada, ids[1]));

        page = await SendAsync(browser, page, Apply, ("_reason", "Out of print"));
        Assert.Equal(Books, page.Url.AbsolutePath);
        Assert.Contains($"authorId={Uri.EscapeDataString(name)}", page.Url.Query, StringComparison.Ordinal);
        Assert.Contains("2 books are deleted.", page.Page.QuerySelector("[role=status]")!.TextContent, StringComparison.Ordinal);
        foreach (var id in ids)
        {
            Assert.False(await IsThereAsync(ada, id));
            Assert.Equal(["Out of print", null], await ReasonsAsync(ada, "book", id));
        }

        Assert.True(await IsThereAsync(ada, kept));
    }

    [Fact]
    public async Task What_refers_to_a_row_is_shown_and_stops_that_row_alone()
    {
        var ada = await Api.PersonAsync("ada");
        var (free, _) = await AddAuthorAsync(ada);
        var (busy, name) = await AddAuthorAsync(ada);
        var book = await AddBookAsync(ada, "In the way", busy);
        var browser = await Api.SignInAsync("grace");

        var page = await PreviewAsync(browser, Authors, "delete", [busy, free]);
        Assert.Contains("1 of 2 authors would change.", page.Text, StringComparison.Ordinal);
        Assert.Equal("In the way", page.Page.QuerySelector($"td a[href='{Books}/{book}']")!.TextContent);
        Assert.Contains("referred to by 1 book", page.Page.QuerySelector("tbody tr")!.TextContent, StringComparison.Ordinal);

        page = await SendAsync(browser, page, Apply);
        Assert.Equal($"{Authors}/bulk/result", page.Url.AbsolutePath);
        Assert.Contains(
            "1 author is deleted. 1 author stayed", page.Page.QuerySelector(".warn[role=alert]")!.TextContent, StringComparison.Ordinal);
        var row = Assert.Single(page.Page.QuerySelectorAll("tbody tr"));
        Assert.Equal(name, row.QuerySelector("th")!.TextContent.Trim());
        Assert.Contains("referred to by 1 book", row.TextContent, StringComparison.Ordinal);
        // What is shown once more changes nothing.
        Assert.Single((await OpenAsync(browser, page.Url.PathAndQuery)).Page.QuerySelectorAll("tbody tr"));
        Assert.Equal(HttpStatusCode.OK, (await ada.GetAsync($"/api/authors/{busy}", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await ada.GetAsync($"/api/authors/{free}", Cancel)).StatusCode);
    }

    [Fact]
    public async Task Something_hidden_in_the_way_is_said_without_what_it_is()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, _) = await AddAuthorAsync(ada);
        await AddBookAsync(ada, "Secret title", author);
        await using var group = await GroupUnderTest.CreateAsync(ada, ["admin:view", "author:view", "author:delete"], ["book:view"]);
        await group.WithAsync(await AccountIdAsync(await Api.PersonAsync("nora")));

        var page = await PreviewAsync(await Api.SignInAsync("nora"), Authors, "delete", [author]);

        Assert.Contains("rows that you may not see", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Secret title", page.Text, StringComparison.Ordinal);
        Assert.Null(page.Page.QuerySelector("main button"));
    }

    [Fact]
    public async Task A_row_that_somebody_changed_after_the_look_stays()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, _) = await AddAuthorAsync(ada);
        var id = await AddBookAsync(ada, "As it was seen", author);
        var browser = await Api.SignInAsync("grace");
        var look = await PreviewAsync(browser, Books, "delete", [id]);
        await ReplaceAsync(ada, id, "As it is now", author);

        var page = await SendAsync(browser, look, Apply);

        Assert.Equal($"{Books}/bulk/result", page.Url.AbsolutePath);
        Assert.Contains(
            "Delete: nothing was changed. 1 book stayed as it was.",
            page.Page.QuerySelector(".bad[role=alert]")!.TextContent,
            StringComparison.Ordinal);
        Assert.Contains("Somebody has changed it", page.Page.QuerySelector("tbody td")!.TextContent, StringComparison.Ordinal);
        Assert.True(await IsThereAsync(ada, id));
    }

    [Fact]
    public async Task An_action_of_the_models_own_is_done_with_those_that_it_can_be_done_with()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, _) = await AddAuthorAsync(ada);
        Guid[] drafts =
            [await AddBookAsync(ada, "Draft A", author, publishedOn: null), await AddBookAsync(ada, "Draft B", author, publishedOn: null)];
        var published = await AddBookAsync(ada, "Out already", author);
        var browser = await Api.SignInAsync("grace");

        // What is promised is what will be done: the action has been tried.
        var look = await PreviewAsync(browser, Books, "publish", [published, .. drafts]);
        Assert.Contains("2 of 3 books would change.", look.Text, StringComparison.Ordinal);
        Assert.Contains("It was published on 2001-02-03 already", look.Text, StringComparison.Ordinal);
        foreach (var id in drafts)
        {
            Assert.Equal([null], await ReasonsAsync(ada, "book", id));
        }

        var page = await SendAsync(browser, look, Apply, ("_reason", "Autumn list"));

        Assert.Contains(
            "Publish is done with 2 books. 1 book stayed as it was.",
            page.Page.QuerySelector(".warn[role=alert]")!.TextContent,
            StringComparison.Ordinal);
        var row = Assert.Single(page.Page.QuerySelectorAll("tbody tr"));
        Assert.Contains("Out already", row.TextContent, StringComparison.Ordinal);
        Assert.Contains("It was published on 2001-02-03 already", row.TextContent, StringComparison.Ordinal);
        foreach (var id in drafts)
        {
            Assert.Equal(["Autumn list", null], await ReasonsAsync(ada, "book", id));
        }
    }

    [Fact]
    public async Task Ids_of_a_form_are_worth_no_more_than_the_callers_eyes()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, _) = await AddAuthorAsync(ada);
        var hidden = await AddBookAsync(ada, "Hidden manuscript", author, publishedOn: null);
        var shown = await AddBookAsync(ada, "Shown", author);
        await using var group = await GroupUnderTest.CreateAsync(ada, ["admin:view", "book:delete"]);
        await group.WithAsync(await AccountIdAsync(await Api.PersonAsync("nora")));
        var browser = await Api.SignInAsync("nora");

        var page = await PreviewAsync(browser, Books, "delete", [shown, hidden, shown], "no id at all");
        Assert.Single(page.Page.QuerySelectorAll("tbody tr"));
        Assert.DoesNotContain("Hidden manuscript", page.Text, StringComparison.Ordinal);
        Assert.Contains(
            "2 of the books that were selected are not there any more, or not for you to see.", page.Text, StringComparison.Ordinal);

        page = await SendAsync(browser, page, Apply, ("ids", hidden.ToString()), ($"_version.{hidden}", "1"));
        Assert.Equal($"{Books}/bulk/result", page.Url.AbsolutePath);
        Assert.DoesNotContain("Hidden manuscript", page.Text, StringComparison.Ordinal);
        Assert.Contains(
            "1 of the books that were selected is not there any more, or not for you to see.", page.Text, StringComparison.Ordinal);
        Assert.True(await IsThereAsync(ada, hidden));
    }

    [Theory]
    [InlineData("preview")]
    [InlineData("apply")]
    public async Task An_action_that_there_is_not_is_said_and_no_other_is_done(string step)
    {
        var ada = await Api.PersonAsync("ada");
        var (author, _) = await AddAuthorAsync(ada);
        var id = await AddBookAsync(ada, "Stays", author);
        var browser = await Api.SignInAsync("grace");
        var list = await OpenAsync(browser, Books);
        list.Page.QuerySelector("form:has(.bulk)")!.SetAttribute("action", $"{Books}/bulk/{step}");

        var page = await SendAsync(browser, list, "form:has(.bulk)", ("action", "shred"), ("ids", id.ToString()), ($"_version.{id}", "1"));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, page.Status);
        Assert.Contains("There is no action shred here", page.Page.QuerySelector("[role=alert]")!.TextContent, StringComparison.Ordinal);
        Assert.Null(page.Page.QuerySelector("main button"));
        Assert.True(await IsThereAsync(ada, id));
    }

    [Fact]
    public async Task Who_may_do_nothing_with_rows_has_no_boxes_and_is_refused()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, _) = await AddAuthorAsync(ada);
        var id = await AddBookAsync(ada, "Stays", author);
        await using var group = await GroupUnderTest.CreateAsync(ada, ["admin:view", "book:change"]);
        await group.WithAsync(await AccountIdAsync(await Api.PersonAsync("nora")));
        var browser = await Api.SignInAsync("nora");

        var page = await OpenAsync(browser, Books);
        Assert.Empty(page.Page.QuerySelectorAll("main [type=checkbox], main form[method=post]"));
        foreach (var step in new[] { "preview", "apply" })
        {
            page.Page.QuerySelector("form[method=post]")!.SetAttribute("action", $"{Books}/bulk/{step}");
            Assert.Equal(
                HttpStatusCode.Forbidden,
                (await SendAsync(
                    browser, page, "form[method=post]", ("action", "delete"), ("ids", id.ToString()), ($"_version.{id}", "1"))).Status);
        }

        Assert.True(await IsThereAsync(ada, id));
    }

    [Fact]
    public async Task Neither_none_nor_more_than_a_page_of_rows_is_changed()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, _) = await AddAuthorAsync(ada);
        var id = await AddBookAsync(ada, "Stays", author);
        var browser = await Api.SignInAsync("grace");

        var none = await PreviewAsync(browser, Books, "delete", []);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, none.Status);
        Assert.Contains("No book is selected", none.Text, StringComparison.Ordinal);
        var many = await PreviewAsync(browser, Books, "delete", [id, .. Enumerable.Range(0, 50).Select(_ => Guid.NewGuid())]);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, many.Status);
        Assert.Contains("At most 50 books", many.Text, StringComparison.Ordinal);
        Assert.Null(many.Page.QuerySelector("main button"));
    }

    [Fact]
    public async Task A_reason_that_is_too_long_stops_all_and_loses_nothing()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, _) = await AddAuthorAsync(ada);
        Guid[] ids = [await AddBookAsync(ada, "One", author), await AddBookAsync(ada, "Two", author)];
        var browser = await Api.SignInAsync("grace");

        var page = await SendAsync(browser, await PreviewAsync(browser, Books, "delete", ids), Apply, ("_reason", new string('x', 501)));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, page.Status);
        Assert.Contains("at most 500", Mistake(page, "_reason"), StringComparison.Ordinal);
        Assert.True(await IsThereAsync(ada, ids[0]));

        page = await SendAsync(browser, page, Apply, ("_reason", "Shorter"));
        Assert.Contains("2 books are deleted.", page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_question_or_an_answer_that_outlived_the_session_comes_back_after_the_sign_in()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, _) = await AddAuthorAsync(ada);
        await using var group = await GroupUnderTest.CreateAsync(ada, ["book:view", "book:delete", "author:view"]);
        await group.WithAsync(await AccountIdAsync(await Api.PersonAsync("linus")));
        foreach (var step in new[] { "preview", "apply" })
        {
            Guid[] ids = [await AddBookAsync(ada, "One", author), await AddBookAsync(ada, "Two", author)];
            var browser = await Api.SignInAsync("linus");
            var form = step == "preview" ? await OpenAsync(browser, Books) : await PreviewAsync(browser, Books, "delete", ids);
            var other = await Api.SignInAsync("linus");
            await other.SubmitAsync(await OpenAsync(other, "/account"), "form[action='/account/sign-out-everywhere']");

            var page = step == "preview"
                ? await SendAsync(browser, form, "form:has(.bulk)", [("action", "delete"), .. ids.Select(id => ("ids", id.ToString()))])
                : await SendAsync(browser, form, Apply, ("_reason", "Kept words"));
            Assert.Equal(HttpStatusCode.Unauthorized, page.Status);
            page = await browser.SubmitLoginAsync(
                await OpenAsync(browser, page.Page.QuerySelector("main a.button")!.GetAttribute("href")!), "linus", "linus");

            Assert.Equal($"{Books}/bulk/{step}", page.Url.AbsolutePath);
            Assert.Equal(["One", "Two"], page.Page.QuerySelectorAll("tbody th").Select(cell => cell.TextContent.Trim()));
            Assert.Equal(step == "preview" ? "" : "Kept words", Input(page, "_reason").Value);
            Assert.True(await IsThereAsync(ada, ids[0]));
            page = await SendAsync(browser, page, Apply);
            Assert.Contains("2 books are deleted.", page.Text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("preview")]
    [InlineData("apply")]
    [InlineData("result")]
    public async Task An_address_of_a_step_without_anything_to_show_leads_to_the_list(string step) =>
        Assert.Equal(
            Books, (await OpenAsync(await Api.SignInAsync("grace"), $"{Books}/bulk/{step}?draft={Guid.NewGuid()}")).Url.AbsolutePath);

    private async Task<RealmAnswer> PreviewAsync(RealmBrowser browser, string list, string action, Guid[] ids, params string[] more) =>
        await SendAsync(
            browser,
            await OpenAsync(browser, list),
            "form:has(.bulk)",
            [("action", action), .. ids.Select(id => ("ids", id.ToString())), .. more.Select(id => ("ids", id))]);

    private static async Task<bool> IsThereAsync(HttpClient client, Guid book) =>
        (await client.GetAsync($"/api/books/{book}", Cancel)).IsSuccessStatusCode;
}

public sealed class BulkRowsOnSqliteTests(ApiOnEmbeddedRealm api) : BulkRowsTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class BulkRowsOnPostgreSqlTests(ApiOnPostgreSql api) : BulkRowsTests(api), IClassFixture<ApiOnPostgreSql>;
