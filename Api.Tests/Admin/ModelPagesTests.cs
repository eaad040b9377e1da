using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Api.Tests.Infrastructure;

namespace Api.Tests.Admin;

/// <summary>Every declared model has pages: rows are found, added, changed, acted upon and deleted there, by whoever may.</summary>
public abstract class ModelPagesTests(ApiUnderTest api) : BookPages(api)
{
    [Fact]
    public async Task A_book_is_added_with_its_author_by_name()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, name) = await AddAuthorAsync(ada);
        var browser = await Api.SignInAsync("grace");

        var page = await browser.SubmitAsync(
            await OpenAsync(browser, $"{Books}/new"), NewBook, ("title", "The Dispossessed"), ("authorId", name), ("isbn", "9780141439518"),
            ("publishedOn", "1974-05-01"));

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains("The Dispossessed was added.", page.Text, StringComparison.Ordinal);
        Assert.Equal(name, page.Page.QuerySelector($"dd a[href='/admin/models/authors/{author}']")!.TextContent);
        var book = await ada.GetFromJsonAsync<JsonElement>($"/api/books/{page.Url.Segments[^1]}", Cancel);
        Assert.Equal(author, book.GetProperty("authorId").GetGuid());
        Assert.Equal("1974-05-01", book.GetProperty("publishedOn").GetString());
    }

    [Fact]
    public async Task Mistakes_stand_beside_their_fields_and_nothing_typed_is_lost()
    {
        var browser = await Api.SignInAsync("grace");

        var page = await browser.SubmitAsync(
            await OpenAsync(browser, $"{Books}/new"), NewBook, ("title", ""), ("authorId", "Nobody of that name"), ("isbn", "12"),
            ("publishedOn", "yesterday"));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, page.Status);
        Assert.Contains("required", Mistake(page, "title"), StringComparison.Ordinal);
        Assert.Contains("There is no author Nobody of that name", Mistake(page, "authorId"), StringComparison.Ordinal);
        Assert.Contains("10 or 13 digits", Mistake(page, "isbn"), StringComparison.Ordinal);
        Assert.Contains("must be a date", Mistake(page, "publishedOn"), StringComparison.Ordinal);
        Assert.Equal("Nobody of that name", Input(page, "authorId").Value);
        Assert.Equal("yesterday", Input(page, "publishedOn").GetAttribute("value"));
    }

    [Fact]
    public async Task Of_two_authors_of_one_name_the_one_that_is_meant_is_named_by_id()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, name) = await AddAuthorAsync(ada);
        await AddAuthorAsync(ada, name);
        var browser = await Api.SignInAsync("grace");

        var page = await browser.SubmitAsync(await OpenAsync(browser, $"{Books}/new"), NewBook, ("title", "Homonym"), ("authorId", name));
        Assert.Contains($"Several are called {name}", Mistake(page, "authorId"), StringComparison.Ordinal);
        var suggested = (await OpenAsync(browser, $"/admin/models/authors/names?authorId={name}")).Page.QuerySelectorAll("option")
            .Select(option => option.GetAttribute("value")!)
            .ToArray();
        Assert.Equal(2, suggested.Length);
        var meant = Assert.Single(suggested, text => text == $"{name} [{author}]");

        page = await browser.SubmitAsync(page, NewBook, ("authorId", meant));
        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.NotNull(page.Page.QuerySelector($"dd a[href='/admin/models/authors/{author}']"));
        Assert.Equal(meant, Input(await OpenAsync(browser, page.Url.AbsolutePath + "/edit"), "authorId").Value);
    }

    [Fact]
    public async Task Who_comes_too_late_sees_both_versions_and_chooses()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, name) = await AddAuthorAsync(ada);
        var (other, otherName) = await AddAuthorAsync(ada);
        var id = await AddBookAsync(ada, "As it was", author);
        var browser = await Api.SignInAsync("grace");
        var form = await OpenAsync(browser, $"{Books}/{id}/edit");
        await ReplaceAsync(ada, id, "Theirs", other);

        var page = await browser.SubmitAsync(form, Edit(id), ("title", "Mine"));

        Assert.Equal(HttpStatusCode.Conflict, page.Status);
        var differing = page.Page.QuerySelectorAll("tr:has(mark)")
            .Select(row => string.Join('|', row.QuerySelectorAll("th, td").Take(3).Select(cell => cell.TextContent.Trim())));
        Assert.Equal(["Title|Mine|Theirs", $"Author|{name}|{otherName}"], differing);
        Assert.Equal("Mine", Input(page, "title").Value);
        Assert.Equal("Theirs", await TitleAsync());

        page = await browser.SubmitAsync(page, Edit(id));
        Assert.Equal($"{Books}/{id}", page.Url.AbsolutePath);
        Assert.Equal("Mine", await TitleAsync());

        async Task<string> TitleAsync() =>
            (await ada.GetFromJsonAsync<JsonElement>($"/api/books/{id}", Cancel)).GetProperty("title").GetString()!;
    }

    [Fact]
    public async Task What_was_typed_for_a_row_that_is_deleted_meanwhile_makes_a_new_one()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, name) = await AddAuthorAsync(ada);
        var id = await AddBookAsync(ada, "As it was", author);
        var browser = await Api.SignInAsync("ada");
        var form = await OpenAsync(browser, $"{Books}/{id}/edit");
        using (var request = new HttpRequestMessage(HttpMethod.Delete, $"/api/books/{id}"))
        {
            request.Headers.IfMatch.ParseAdd("*");
            Assert.Equal(HttpStatusCode.NoContent, (await ada.SendAsync(request, Cancel)).StatusCode);
        }

        var page = await browser.SubmitAsync(form, Edit(id), ("title", "Typed with care"));

        Assert.Equal(HttpStatusCode.NotFound, page.Status);
        Assert.Contains("is not there any more", page.Page.QuerySelector("[role=alert]")!.TextContent, StringComparison.Ordinal);
        page = await browser.SubmitAsync(page, NewBook);
        Assert.NotEqual($"{Books}/{id}", page.Url.AbsolutePath);
        Assert.Contains("Typed with care was added.", page.Text, StringComparison.Ordinal);
        Assert.Contains(name, page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_may_not_add_rows_is_told_that_a_row_is_gone_and_no_more()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, _) = await AddAuthorAsync(ada);
        var id = await AddBookAsync(ada, "As it was", author);
        var nora = await AccountIdAsync(await Api.PersonAsync("nora"));
        await using var group = await GroupUnderTest.CreateAsync(ada, ["admin:view", "author:view", "book:view", "book:change"]);
        await group.WithAsync(nora);
        var browser = await Api.SignInAsync("nora");
        var form = await OpenAsync(browser, $"{Books}/{id}/edit");

        // Any row that is not there, or not for them, is the same to them.
        var text = form.Page.QuerySelector(Edit(id))!.GetAttribute("action")!;
        form.Page.QuerySelector(Edit(id))!.SetAttribute(
            "action", text.Replace(id.ToString(), Guid.NewGuid().ToString(), StringComparison.Ordinal));
        var page = await browser.SubmitAsync(form, "main form[method=post]", ("title", "Mine"));

        Assert.Equal(HttpStatusCode.NotFound, page.Status);
        Assert.Null(page.Page.QuerySelector(NewBook));
    }

    [Fact]
    public async Task An_action_of_the_models_own_is_a_button_and_a_refusal_is_explained()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, _) = await AddAuthorAsync(ada);
        var id = await AddBookAsync(ada, "Unpublished", author, publishedOn: null);
        var browser = await Api.SignInAsync("grace");
        var publish = $"form[action='{Books}/{id}/actions/publish']";
        var old = await OpenAsync(browser, $"{Books}/{id}");

        var page = await browser.SubmitAsync(old, publish);
        Assert.Contains("publish is done", page.Text, StringComparison.Ordinal);

        page = await browser.SubmitAsync(page, publish);
        Assert.Equal(HttpStatusCode.Conflict, page.Status);
        Assert.Contains("already", page.Page.QuerySelector(".banner.bad")!.TextContent, StringComparison.Ordinal);
        page = await browser.SubmitAsync(old.Anew(), publish);
        Assert.Equal(HttpStatusCode.Conflict, page.Status);
        Assert.Contains("Somebody has changed it", page.Page.QuerySelector(".banner.bad")!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_referred_to_is_not_deleted_and_the_page_says_by_what()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, _) = await AddAuthorAsync(ada);
        var book = await AddBookAsync(ada, "In the way", author);
        var browser = await Api.SignInAsync("grace");
        var deletion = $"form[action='/admin/models/authors/{author}/delete']";

        var page = await OpenAsync(browser, $"/admin/models/authors/{author}/delete");
        Assert.Equal("In the way", page.Page.QuerySelector($"a[href='{Books}/{book}']")!.TextContent);
        Assert.Null(page.Page.QuerySelector("button.danger"));
        var refused = await browser.SubmitAsync(page, deletion);
        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        Assert.Contains("referred to by 1 book", refused.Text, StringComparison.Ordinal);

        var gone = await browser.SubmitAsync(await OpenAsync(browser, $"{Books}/{book}/delete"), $"form[action='{Books}/{book}/delete']");
        Assert.Equal(Books, gone.Url.AbsolutePath);
        gone = await browser.SubmitAsync(page, deletion);
        Assert.Equal("/admin/models/authors", gone.Url.AbsolutePath);
        Assert.Equal(HttpStatusCode.NotFound, (await ada.GetAsync($"/api/authors/{author}", Cancel)).StatusCode);
    }

    [Fact]
    public async Task Nobody_sees_more_rows_or_buttons_than_they_may()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, name) = await AddAuthorAsync(ada);
        var hidden = await AddBookAsync(ada, "Hidden", author, publishedOn: null);
        var shown = await AddBookAsync(ada, "Shown", author);
        await using var group = await GroupUnderTest.CreateAsync(ada, ["admin:view"]);
        await group.WithAsync(await AccountIdAsync(await Api.PersonAsync("nora")));
        var browser = await Api.SignInAsync("nora");

        var page = await OpenAsync(browser, $"{Books}?authorId={name}");
        Assert.Equal(["Shown"], page.Page.QuerySelectorAll("tbody th").Select(cell => cell.TextContent.Trim()));
        Assert.Empty(page.Page.QuerySelectorAll("main .title .actions a"));
        Assert.Equal(HttpStatusCode.NotFound, (await OpenAsync(browser, $"{Books}/{hidden}")).Status);
        page = await OpenAsync(browser, $"{Books}/{shown}");
        Assert.Empty(page.Page.QuerySelectorAll("main .actions a, main form"));
        Assert.Equal(HttpStatusCode.Forbidden, (await OpenAsync(browser, $"{Books}/{shown}/edit")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await OpenAsync(browser, $"{Books}/{shown}/history")).Status);
    }

    [Fact]
    public async Task Who_adds_what_they_may_not_see_is_told_so()
    {
        var ada = await Api.PersonAsync("ada");
        var (_, name) = await AddAuthorAsync(ada);
        await using var group = await GroupUnderTest.CreateAsync(ada, ["admin:view", "book:add"]);
        await group.WithAsync(await AccountIdAsync(await Api.PersonAsync("nora")));
        var browser = await Api.SignInAsync("nora");

        var page = await browser.SubmitAsync(
            await OpenAsync(browser, $"{Books}/new"), NewBook, ("title", "Manuscript"), ("authorId", name));

        Assert.Equal(Books, page.Url.AbsolutePath);
        Assert.Contains("Manuscript was added. As it is now, it is not for you to see.", page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reference_that_somebody_may_not_look_at_is_not_shown_and_stays_as_it_is()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, name) = await AddAuthorAsync(ada);
        var id = await AddBookAsync(ada, "By somebody", author);
        await using var group = await GroupUnderTest.CreateAsync(ada, ["admin:view", "book:change"], ["author:view"]);
        await group.WithAsync(await AccountIdAsync(await Api.PersonAsync("nora")));
        var browser = await Api.SignInAsync("nora");

        var page = await OpenAsync(browser, $"{Books}/{id}");
        Assert.DoesNotContain(name, page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(author.ToString(), page.Text, StringComparison.Ordinal);
        page = await OpenAsync(browser, Books);
        Assert.DoesNotContain("Author", page.Page.QuerySelectorAll("thead th").Select(cell => cell.TextContent.Trim()));

        page = await OpenAsync(browser, $"{Books}/{id}/edit");
        Assert.Null(page.Page.QuerySelector("[name=authorId]"));
        page = await browser.SubmitAsync(page, Edit(id), ("title", "By somebody else"), ("authorId", "whoever"));
        Assert.Equal($"{Books}/{id}", page.Url.AbsolutePath);
        Assert.Equal(author, (await ada.GetFromJsonAsync<JsonElement>($"/api/books/{id}", Cancel)).GetProperty("authorId").GetGuid());
    }

    [Fact]
    public async Task Rows_are_searched_filtered_sorted_and_listed_a_page_at_a_time()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, name) = await AddAuthorAsync(ada);
        for (var index = 0; index < 51; index++)
        {
            await AddBookAsync(ada, $"Volume {index:00}", author, index == 7 ? null : $"20{index:00}-01-01");
        }

        var browser = await Api.SignInAsync("grace");
        var page = await OpenAsync(browser, $"{Books}?authorId={author}");
        Assert.Equal(Enumerable.Range(0, 50).Select(Volume), Titles());
        Assert.Equal("ascending", page.Page.QuerySelector("thead th[aria-sort]")!.GetAttribute("aria-sort"));
        page = await OpenAsync(browser, page.Page.QuerySelector("a[rel=next]")!.GetAttribute("href")!);
        Assert.Equal([Volume(50)], Titles());

        page = await OpenAsync(browser, $"{Books}?authorId={name}&search=&sort=-title&isbn=");
        Assert.Equal(Volume(50), Titles()[0]);
        Assert.Equal("descending", page.Page.QuerySelector("thead th[aria-sort]")!.GetAttribute("aria-sort"));
        page = await OpenAsync(browser, $"{Books}?authorId={name}&search=UME+1");
        Assert.Equal(Enumerable.Range(10, 10).Select(Volume), Titles());
        page = await OpenAsync(browser, $"{Books}?authorId={name}&publishedOn.gte=2048-01-01&publishedOn.lte=2049-12-31");
        Assert.Equal([Volume(48), Volume(49)], Titles());
        page = await OpenAsync(browser, $"{Books}?authorId={name}&publishedOn.null=true");
        Assert.Equal([Volume(7)], Titles());
        Assert.Equal(name, Input(page, "authorId").Value);

        page = await OpenAsync(browser, $"{Books}?authorId=Nobody+at+all&publishedOn.gte=soon&sort=colour&after=nonsense");
        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Equal(5, page.Page.QuerySelector(".banner.warn")!.ChildElementCount);
        page = await OpenAsync(browser, $"{Books}?search=no+such+title+anywhere");
        Assert.Contains("Nothing matches", page.Page.QuerySelector(".empty")!.TextContent, StringComparison.Ordinal);

        string[] Titles() => [.. page.Page.QuerySelectorAll("tbody th").Select(cell => cell.TextContent.Trim())];
        static string Volume(int index) => $"Volume {index:00}";
    }

    [Fact]
    public async Task The_history_shows_what_was_before_and_after()
    {
        var ada = await Api.PersonAsync("ada");
        var (author, name) = await AddAuthorAsync(ada);
        var (other, otherName) = await AddAuthorAsync(ada);
        var id = await AddBookAsync(ada, "First title", author);
        await ReplaceAsync(ada, id, "Second title", other);
        var browser = await Api.SignInAsync("ada");

        var page = await OpenAsync(browser, $"{Books}/{id}/history");

        var cards = page.Page.QuerySelectorAll("main .card").ToArray();
        Assert.Equal(2, cards.Length);
        Assert.Contains("ada changed it", Words(cards[0].QuerySelector("p")!.TextContent), StringComparison.Ordinal);
        Assert.Equal(
            ["Title|First title|Second title", $"Author|{name}|{otherName}"],
            cards[0].QuerySelectorAll("tbody tr").Select(row => string.Join('|', row.Children.Select(cell => cell.TextContent.Trim()))));
        Assert.Contains("ada added it", Words(cards[1].QuerySelector("p")!.TextContent), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_that_outlived_its_session_comes_back_after_the_sign_in()
    {
        var ada = await Api.PersonAsync("ada");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["book:view", "book:add", "author:view"]);
        await group.WithAsync(await AccountIdAsync(await Api.PersonAsync("linus")));
        var browser = await Api.SignInAsync("linus");
        var form = await OpenAsync(browser, $"{Books}/new");
        var other = await Api.SignInAsync("linus");
        await other.SubmitAsync(await OpenAsync(other, "/account"), "form[action='/account/sign-out-everywhere']");

        var page = await browser.SubmitAsync(form, NewBook, ("title", "Kept"), ("authorId", "whoever"));

        Assert.Equal(HttpStatusCode.Unauthorized, page.Status);
        page = await browser.SubmitLoginAsync(
            await OpenAsync(browser, page.Page.QuerySelector("main a.button")!.GetAttribute("href")!), "linus", "linus");
        Assert.Equal($"{Books}/new", page.Url.AbsolutePath);
        Assert.Equal("Kept", Input(page, "title").Value);
        Assert.Equal("whoever", Input(page, "authorId").Value);
    }
}

public sealed class ModelPagesOnEmbeddedRealmTests(ApiOnEmbeddedRealm api) : ModelPagesTests(api), IClassFixture<ApiOnEmbeddedRealm>;
