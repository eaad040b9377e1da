using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AngleSharp.Html.Dom;
using Api.Tests.Infrastructure;

namespace Api.Tests.Admin;

/// <summary>The forms of a row: why it is changed, where the buttons lead, and what an address fills in.</summary>
public sealed class RowFormsTests(ApiOnEmbeddedRealm api) : BookPages(api), IClassFixture<ApiOnEmbeddedRealm>
{
    private static readonly string TooLong = new('x', 501);

    [Fact]
    public async Task A_reason_goes_into_the_audit_log_with_every_change()
    {
        var ada = await Api.PersonAsync("ada");
        var (_, name) = await AddAuthorAsync(ada);
        var browser = await Api.SignInAsync("grace");

        var page = await browser.SubmitAsync(
            await OpenAsync(browser, $"{Books}/new"), NewBook, ("title", "First"), ("authorId", name), ("_reason", "It was missing"));
        var id = Guid.Parse(page.Url.Segments[^1]);
        await browser.SubmitAsync(
            await OpenAsync(browser, $"{Books}/{id}/edit"), Edit(id), ("title", "Second"), ("_reason", "It had a mistake"));
        await browser.SubmitAsync(await OpenAsync(browser, $"{Books}/{id}"), Publish(id), ("_reason", "The day has come"));
        await browser.SubmitAsync(await OpenAsync(browser, $"{Books}/{id}/delete"), Delete(id), ("_reason", "It was a test"));

        Assert.Equal(["It was a test", "The day has come", "It had a mistake", "It was missing"], await ReasonsAsync(ada, "book", id));
    }

    [Fact]
    public async Task Without_a_reason_there_is_none()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, _) = await AddAuthorAsync(ada);
        var id = await AddBookAsync(ada, "Untold", author);
        var browser = await Api.SignInAsync("grace");

        await browser.SubmitAsync(await OpenAsync(browser, $"{Books}/{id}/edit"), Edit(id), ("title", "Untold still"));

        Assert.Equal([null, null], await ReasonsAsync(ada, "book", id));
    }

    [Theory]
    [InlineData("new", "_reason")]
    [InlineData("edit", "_reason")]
    [InlineData("delete", "_reason")]
    [InlineData("actions/publish", "publish-_reason")]
    public async Task A_reason_that_is_too_long_is_said_beside_its_field_and_nothing_typed_is_lost(string form, string field)
    {
        var ada = await Api.PersonAsync("ada");
        var (author, name) = await AddAuthorAsync(ada);
        var id = await AddBookAsync(ada, "As it was", author, publishedOn: null);
        var browser = await Api.SignInAsync("grace");
        var isOnPage = form is "actions/publish";
        var path = form == "new" ? $"{Books}/new" : $"{Books}/{id}/{form}";

        var page = await browser.SubmitAsync(
            await OpenAsync(browser, isOnPage ? $"{Books}/{id}" : path),
            $"form[action='{path}']",
            ("_reason", TooLong),
            ("title", "Typed"),
            ("authorId", name));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, page.Status);
        Assert.Contains("at most 500", Mistake(page, field), StringComparison.Ordinal);
        Assert.Equal(TooLong, Input(page, "_reason").Value);
        if (form is "new" or "edit")
        {
            Assert.Equal("Typed", Input(page, "title").Value);
        }

        var book = await ada.GetFromJsonAsync<JsonElement>($"/api/books/{id}", Cancel);
        Assert.Equal("As it was", book.GetProperty("title").GetString());
        Assert.Equal(JsonValueKind.Null, book.GetProperty("publishedOn").ValueKind);
    }

    [Fact]
    public async Task A_refused_action_keeps_the_reason_in_its_own_form()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, _) = await AddAuthorAsync(ada);
        var id = await AddBookAsync(ada, "Published", author);
        var browser = await Api.SignInAsync("grace");

        var page = await browser.SubmitAsync(await OpenAsync(browser, $"{Books}/{id}"), Publish(id), ("_reason", "Once more"));

        Assert.Equal(HttpStatusCode.Conflict, page.Status);
        Assert.Equal("Once more", ((IHtmlInputElement)page.Page.QuerySelector($"{Publish(id)} [name=_reason]")!).Value);
    }

    [Fact]
    public async Task A_form_is_saved_by_the_first_button_and_the_others_lead_elsewhere()
    {
        var ada = await Api.PersonAsync("ada");
        var (_, name) = await AddAuthorAsync(ada);
        var browser = await Api.SignInAsync("grace");
        var form = await OpenAsync(browser, $"{Books}/new");
        Assert.Equal(
            [null, "another", "edit"],
            form.Page.QuerySelectorAll($"{NewBook} button")
                .Select(button => button.GetAttribute("name") is null ? null : button.GetAttribute("value")));

        var page = await browser.SubmitAsync(form, NewBook, ("title", "One of many"), ("authorId", name), ("_then", "another"));
        Assert.Equal($"{Books}/new", page.Url.AbsolutePath);
        Assert.Contains("One of many was added.", page.Page.QuerySelector("[role=status]")!.TextContent, StringComparison.Ordinal);
        Assert.Equal("", Input(page, "title").Value);

        page = await browser.SubmitAsync(page, NewBook, ("title", "Another"), ("authorId", name), ("_then", "edit"));
        Assert.EndsWith("/edit", page.Url.AbsolutePath, StringComparison.Ordinal);
        Assert.Contains("Another was added.", page.Page.QuerySelector("[role=status]")!.TextContent, StringComparison.Ordinal);

        var edit = $"form[action='{page.Url.AbsolutePath}']";
        page = await browser.SubmitAsync(page, edit, ("title", "Another still"), ("_then", "edit"));
        Assert.Contains("Another still is saved.", page.Page.QuerySelector("[role=status]")!.TextContent, StringComparison.Ordinal);
        Assert.Equal("Another still", Input(page, "title").Value);
        page = await browser.SubmitAsync(page, edit, ("_then", "another"));
        Assert.Equal($"{Books}/new", page.Url.AbsolutePath);
    }

    [Fact]
    public async Task No_button_leads_where_somebody_may_not_go()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, _) = await AddAuthorAsync(ada);
        var id = await AddBookAsync(ada, "Only to change", author);
        await using var group = await GroupUnderTest.CreateAsync(ada, ["admin:view", "book:change"]);
        await group.WithAsync(await AccountIdAsync(await Api.PersonAsync("nora")));
        var browser = await Api.SignInAsync("nora");

        var form = await OpenAsync(browser, $"{Books}/{id}/edit");
        Assert.Equal(
            [null, "edit"],
            form.Page.QuerySelectorAll($"{Edit(id)} button")
                .Select(button => button.GetAttribute("name") is null ? null : button.GetAttribute("value")));
        var page = await browser.SubmitAsync(form, Edit(id), ("_then", "another"));

        Assert.Equal($"{Books}/{id}", page.Url.AbsolutePath);
    }

    [Fact]
    public async Task An_address_fills_in_what_it_says_and_leaves_out_what_cannot_be()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, name) = await AddAuthorAsync(ada);
        var browser = await Api.SignInAsync("grace");

        var page = await OpenAsync(browser, $"{Books}/new?authorId={author}&title=Filled&publishedOn=2001-02-03&isbn=nonsense&colour=red");
        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Equal(name, Input(page, "authorId").Value);
        Assert.Equal("Filled", Input(page, "title").Value);
        Assert.Equal("2001-02-03", Input(page, "publishedOn").Value);
        Assert.Equal("", Input(page, "isbn").Value);
        Assert.Contains(
            "What the address says for ISBN cannot be", page.Page.QuerySelector(".banner.warn")!.TextContent, StringComparison.Ordinal);

        page = await OpenAsync(browser, $"{Books}/new?authorId={Guid.NewGuid()}&publishedOn=soon");
        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Equal(["", "", ""], new[] { "authorId", "publishedOn", "title" }.Select(field => Input(page, field).Value));
        Assert.Contains(
            "for Author, Published on cannot be", page.Page.QuerySelector(".banner.warn")!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_leads_to_the_form_for_one_that_refers_to_it()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, name) = await AddAuthorAsync(ada);
        var browser = await Api.SignInAsync("grace");

        var link = (await OpenAsync(browser, $"{Authors}/{author}")).Page.QuerySelectorAll("main a")
            .Single(link => link.TextContent.Trim() == "Add a book");
        Assert.Equal(name, Input(await OpenAsync(browser, link.GetAttribute("href")!), "authorId").Value);

        await using var group = await GroupUnderTest.CreateAsync(ada, ["admin:view"]);
        await group.WithAsync(await AccountIdAsync(await Api.PersonAsync("nora")));
        var page = await OpenAsync(await Api.SignInAsync("nora"), $"{Authors}/{author}");
        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.DoesNotContain("Add a book", page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_done_to_a_row_tells_no_more_than_the_row()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, _) = await AddAuthorAsync(ada);
        var (other, _) = await AddAuthorAsync(ada);
        var id = await AddBookAsync(ada, "By somebody", author);
        await ReplaceAsync(ada, id, "By somebody", other);
        await using var group = await GroupUnderTest.CreateAsync(ada, ["admin:view", "audit:view"], ["author:view"]);
        await group.WithAsync(await AccountIdAsync(await Api.PersonAsync("nora")));
        var browser = await Api.SignInAsync("nora");

        var page = await OpenAsync(browser, $"{Books}/{id}");

        Assert.Contains("changed book By somebody", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(author.ToString(), page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(other.ToString(), page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_done_to_a_row_names_what_it_refers_to_as_far_as_that_is_to_be_seen()
    {
        var ada = await Api.PersonAsync("ada");
        var (gone, _) = await AddAuthorAsync(ada);
        var (other, otherName) = await AddAuthorAsync(ada);
        var id = await AddBookAsync(ada, "Handed on", gone);
        await ReplaceAsync(ada, id, "Handed on", other);
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"/api/authors/{gone}");
        request.Headers.IfMatch.ParseAdd("*");
        Assert.Equal(HttpStatusCode.NoContent, (await ada.SendAsync(request, Cancel)).StatusCode);
        var browser = await Api.SignInAsync("ada");

        var page = await OpenAsync(browser, $"{Books}/{id}");
        Assert.Contains(
            $"author one that is gone, or not for you to see → {otherName}",
            page.Page.QuerySelector("tbody")!.TextContent,
            StringComparison.Ordinal);
        Assert.DoesNotContain(gone.ToString(), page.Text, StringComparison.Ordinal);
        page = await OpenAsync(browser, $"{Books}/{id}/history");
        Assert.Equal("one that is gone, or not for you to see", page.Page.QuerySelector("del")!.TextContent);
        Assert.Equal(otherName, page.Page.QuerySelector("ins")!.TextContent);
    }

    [Fact]
    public async Task A_reason_that_outlived_its_session_comes_back_after_the_sign_in()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, _) = await AddAuthorAsync(ada);
        var id = await AddBookAsync(ada, "To come", author, publishedOn: null);
        await using var group = await GroupUnderTest.CreateAsync(
            ada, ["book:view", "book:change", "book:delete", "book:publish", "author:view"]);
        await group.WithAsync(await AccountIdAsync(await Api.PersonAsync("linus")));
        foreach (var (path, form) in new[] { ("", "actions/publish"), ("/edit", "edit"), ("/delete", "delete") })
        {
            var browser = await Api.SignInAsync("linus");
            var open = await OpenAsync(browser, $"{Books}/{id}{path}");
            var other = await Api.SignInAsync("linus");
            await other.SubmitAsync(await OpenAsync(other, "/account"), "form[action='/account/sign-out-everywhere']");

            var page = await browser.SubmitAsync(open, $"form[action='{Books}/{id}/{form}']", ("_reason", "Kept words"));
            page = await browser.SubmitLoginAsync(
                await OpenAsync(browser, page.Page.QuerySelector("main a.button")!.GetAttribute("href")!), "linus", "linus");

            Assert.Equal($"{Books}/{id}/{form}", page.Url.AbsolutePath);
            Assert.Equal(
                "Kept words", ((IHtmlInputElement)page.Page.QuerySelector($"form[action='{Books}/{id}/{form}'] [name=_reason]")!).Value);
        }
    }

    private static string Publish(Guid id) => $"form[action='{Books}/{id}/actions/publish']";

    private static string Delete(Guid id) => $"form[action='{Books}/{id}/delete']";
}

/// <summary>Lists in which there is nothing yet.</summary>
public sealed class EmptyListTests(ApiOnEmbeddedRealm api) : BookPages(api), IClassFixture<ApiOnEmbeddedRealm>
{
    [Fact]
    public async Task An_empty_list_says_what_to_do()
    {
        var page = await OpenAsync(await Api.SignInAsync("grace"), Authors);
        Assert.Equal($"{Authors}/new", page.Page.QuerySelector(".empty a.button")!.GetAttribute("href"));

        var ada = await Api.PersonAsync("ada");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["admin:view"]);
        await group.WithAsync(await AccountIdAsync(await Api.PersonAsync("nora")));
        page = await OpenAsync(await Api.SignInAsync("nora"), Authors);
        Assert.Null(page.Page.QuerySelector(".empty a"));
        Assert.Contains("permission author:add", page.Page.QuerySelector(".empty")!.TextContent, StringComparison.Ordinal);
    }
}
