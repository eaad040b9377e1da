using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AngleSharp.Html.Dom;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Admin;

/// <summary>Staff make, change and delete groups on pages, and see who is in them and why.</summary>
public abstract class GroupPagesTests(ApiUnderTest api) : ApiTests(api)
{
    private const string NewForm = "form[action='/admin/groups/new']";

    [Fact]
    public async Task A_group_is_made_with_what_is_granted_and_the_log_says_why()
    {
        var ada = await Api.PersonAsync("ada");
        var browser = await Api.SignInAsync("ada");
        var name = NewName();

        var page = await browser.SubmitAsync(
            await OpenAsync(browser, "/admin/groups/new"),
            NewForm,
            ("name", name),
            ("description", "For the summer"),
            ("default-group", "on"),
            ("permission.book:view", "granted"),
            ("reason", "Holiday help"));

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains($"The group {name} is added. Every account is in it", page.Text, StringComparison.Ordinal);
        var id = page.Url.Segments[^1];
        var group = await ada.GetFromJsonAsync<JsonElement>($"/api/groups/{id}", Cancel);
        Assert.Equal("""["book:view"]""", group.GetProperty("permissions").GetRawText());
        Assert.True(group.GetProperty("isDefault").GetBoolean());
        Assert.Equal("Holiday help", (await LogAsync(ada, id))[0].GetProperty("reason").GetString());
        await DeleteAsync(ada, id);
    }

    [Fact]
    public async Task A_mistake_stands_beside_its_field_and_nothing_typed_is_lost()
    {
        var browser = await Api.SignInAsync("ada");

        var page = await browser.SubmitAsync(
            await OpenAsync(browser, "/admin/groups/new"),
            NewForm,
            ("name", "Not a name"),
            ("description", "Kept"),
            ("permission.author:add", "denied"));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, page.Status);
        var field = page.Page.QuerySelector(".field.wrong")!;
        Assert.Equal("Not a name", Input(page, "name").Value);
        Assert.Contains("lower-case letters", field.TextContent, StringComparison.Ordinal);
        Assert.Equal(field.QuerySelector(".mistake")!.Id, Input(page, "name").GetAttribute("aria-describedby")!.Split(' ')[0]);
        Assert.Equal("Kept", Input(page, "description").Value);
        Assert.Equal("denied", Chosen(page, "author:add"));
    }

    [Fact]
    public async Task A_name_that_is_taken_is_said_beside_the_name()
    {
        var browser = await Api.SignInAsync("ada");

        var page = await browser.SubmitAsync(await OpenAsync(browser, "/admin/groups/new"), NewForm, ("name", "staff"));

        Assert.Equal(HttpStatusCode.Conflict, page.Status);
        Assert.Contains(
            "There is a group staff already.", page.Page.QuerySelector(".field.wrong .mistake")!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_may_have_a_field_for_each_of_very_many_permissions()
    {
        var browser = await Api.SignInAsync("ada");

        var page = await browser.SubmitAsync(
            await OpenAsync(browser, "/admin/groups/new"),
            NewForm,
            [("name", "Not a name"), .. Enumerable.Range(0, 1000).Select(index => ($"permission.model-{index}:view", "none"))]);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, page.Status);
    }

    [Fact]
    public async Task What_does_not_exist_is_a_mistake_and_no_refusal_that_the_log_would_hold()
    {
        var browser = await Api.SignInAsync("linus");
        var name = $"nothing-like-it-{Guid.NewGuid():N}";

        var page = await browser.SubmitAsync(
            await OpenAsync(browser, "/admin/groups/new"), NewForm, ("name", NewName()), ($"permission.{name}:view", "granted"));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, page.Status);
        // Refusals are written after a while, in the order in which they came.
        var later = Guid.NewGuid().ToString();
        Assert.Equal(
            HttpStatusCode.Forbidden, (await (await Api.ServiceAsync("acme-nobody")).GetAsync($"/api/books/{later}", Cancel)).StatusCode);
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        while (await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM audit_log WHERE row_id = @later", new { later }) == 0)
        {
            await Task.Delay(100, Cancel);
        }

        Assert.Empty(await connection.QueryAsync<string>(
            "SELECT missing_permissions FROM audit_log WHERE missing_permissions LIKE @like", new { like = $"%{name}%" }));
    }

    [Fact]
    public async Task What_somebody_does_not_hold_they_cannot_hand_out()
    {
        var ada = await Api.PersonAsync("ada");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["book:publish"]);
        var browser = await Api.SignInAsync("linus");

        var page = await OpenAsync(browser, "/admin/groups/new");
        Assert.True(Input(page, "permission.book:publish").IsDisabled);
        Assert.False(Input(page, "permission.account:view").IsDisabled);

        // The server says the same to whoever sends it anyway.
        page = await browser.SubmitAsync(page, NewForm, ("name", NewName()), ("permission.book:publish", "granted"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, page.Status);
        Assert.Contains("You lack book:publish", page.Page.QuerySelector("#matrix-mistake")!.TextContent, StringComparison.Ordinal);

        page = await OpenAsync(browser, $"/admin/groups/{group.Id}");
        Assert.Contains("You cannot change this group", page.Text, StringComparison.Ordinal);
        Assert.Null(page.Page.QuerySelector($"a[href='/admin/groups/{group.Id}/edit']"));
        page = await OpenAsync(browser, $"/admin/groups/{group.Id}/edit");
        page = await browser.SubmitAsync(page, $"form[action='/admin/groups/{group.Id}/edit']", ("permission.book:publish", "none"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, page.Status);
        page = await browser.SubmitAsync(
            await OpenAsync(browser, $"/admin/groups/{group.Id}/delete"), $"form[action='/admin/groups/{group.Id}/delete']");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, page.Status);
        Assert.Equal(HttpStatusCode.OK, (await ada.GetAsync($"/api/groups/{group.Id}", Cancel)).StatusCode);
    }

    [Fact]
    public async Task What_a_group_grants_and_denies_is_drawn_as_a_matrix_wildcards_and_all()
    {
        var ada = await Api.PersonAsync("ada");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["book:*", "author:view"], denied: ["book:delete"]);
        var browser = await Api.SignInAsync("ada");

        var page = (await OpenAsync(browser, $"/admin/groups/{group.Id}")).Page;

        Assert.Equal(["Authors", "Books"], page.QuerySelectorAll(".matrix tbody th").Select(row => row.FirstChild!.TextContent.Trim()));
        Assert.Equal("granted", StateOf("author:view"));
        Assert.Equal("neither", StateOf("author:delete"));
        Assert.Equal("granted", StateOf("book:publish"));
        Assert.Equal("denied", StateOf("book:delete"));

        string StateOf(string permission) =>
            page.QuerySelectorAll(".matrix .sign")
                .Single(sign => sign.GetAttribute("title")!.Split(' ')[0] == permission)
                .QuerySelector(".unseen")!.TextContent;
    }

    [Fact]
    public async Task A_group_is_edited()
    {
        var ada = await Api.PersonAsync("ada");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["book:view", "author:*"]);
        var browser = await Api.SignInAsync("ada");

        var form = await OpenAsync(browser, $"/admin/groups/{group.Id}/edit");
        Assert.Equal("granted", Chosen(form, "author:*"));
        Assert.Equal("none", Chosen(form, "author:view"));
        var page = await browser.SubmitAsync(form, Edit(group), ("permission.author:*", "none"), ("permission.book:view", "denied"));

        Assert.Equal($"/admin/groups/{group.Id}", page.Url.AbsolutePath);
        var changed = await ada.GetFromJsonAsync<JsonElement>($"/api/groups/{group.Id}", Cancel);
        Assert.Equal("[]", changed.GetProperty("permissions").GetRawText());
        Assert.Equal("""["book:view"]""", changed.GetProperty("denied").GetRawText());
    }

    [Fact]
    public async Task Who_comes_too_late_sees_both_versions_and_chooses()
    {
        var ada = await Api.PersonAsync("ada");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["book:view"]);
        var browser = await Api.SignInAsync("ada");
        var form = await OpenAsync(browser, $"/admin/groups/{group.Id}/edit");
        await ReplaceAsync(ada, group, "theirs");

        var page = await browser.SubmitAsync(form, Edit(group), ("description", "mine"), ("permission.author:view", "granted"));

        Assert.Equal(HttpStatusCode.Conflict, page.Status);
        var differing = page.Page.QuerySelectorAll("tr:has(mark)")
            .Select(row => string.Join('|', row.QuerySelectorAll("th, td").Take(3).Select(cell => cell.TextContent.Trim())));
        Assert.Equal(["What for|mine|theirs", "Granted|author:view, book:view|book:view"], differing);
        Assert.Equal("mine", Input(page, "description").Value);
        Assert.Equal("theirs", await DescriptionAsync());

        page = await browser.SubmitAsync(page, Edit(group));
        Assert.Equal($"/admin/groups/{group.Id}", page.Url.AbsolutePath);
        Assert.Equal("mine", await DescriptionAsync());

        async Task<string> DescriptionAsync() =>
            (await ada.GetFromJsonAsync<JsonElement>($"/api/groups/{group.Id}", Cancel)).GetProperty("description").GetString()!;
    }

    [Fact]
    public async Task What_was_typed_for_a_group_that_is_deleted_meanwhile_makes_a_new_one()
    {
        var ada = await Api.PersonAsync("ada");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["book:view"]);
        var browser = await Api.SignInAsync("ada");
        var form = await OpenAsync(browser, $"/admin/groups/{group.Id}/edit");
        await DeleteAsync(ada, group.Id.ToString());

        var page = await browser.SubmitAsync(form, Edit(group), ("description", "Typed with care"), ("permission.author:view", "granted"));

        Assert.Equal(HttpStatusCode.NotFound, page.Status);
        Assert.Contains("Somebody has deleted this group", page.Page.QuerySelector("[role=alert]")!.TextContent, StringComparison.Ordinal);
        page = await browser.SubmitAsync(page, NewForm);
        try
        {
            Assert.Contains("Typed with care", page.Text, StringComparison.Ordinal);
            var made = await ada.GetFromJsonAsync<JsonElement>($"/api{page.Url.AbsolutePath["/admin".Length..]}", Cancel);
            Assert.Equal(group.Name, made.GetProperty("name").GetString());
            Assert.Equal(
                ["author:view", "book:view"],
                made.GetProperty("permissions").EnumerateArray().Select(permission => permission.GetString()!));
        }
        finally
        {
            await DeleteAsync(ada, page.Url.Segments[^1]);
        }
    }

    [Fact]
    public async Task A_form_that_asks_for_what_is_done_already_says_so()
    {
        var ada = await Api.PersonAsync("ada");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["book:view"]);
        var nora = await AccountIdAsync(await Api.PersonAsync("nora"));
        await group.WithAsync(nora);
        var browser = await Api.SignInAsync("ada");
        var (leave, leaveAgain) = (await OpenAsync(browser, LeavePath()), await OpenAsync(browser, LeavePath()));
        var delete = await OpenAsync(browser, $"/admin/groups/{group.Id}/delete");
        var deleteAgain = await OpenAsync(browser, $"/admin/groups/{group.Id}/delete");

        Assert.Contains($"Removed from the group {group.Name}.", await SubmitAsync(leave), StringComparison.Ordinal);
        Assert.Contains(
            $"It was not in the group {group.Name} directly any more.", await SubmitAsync(leaveAgain), StringComparison.Ordinal);
        Assert.Contains($"The group {group.Name} is deleted", await SubmitAsync(delete), StringComparison.Ordinal);
        Assert.Contains("That group was deleted already.", await SubmitAsync(deleteAgain), StringComparison.Ordinal);

        string LeavePath() => $"/admin/accounts/{nora}/groups/{group.Id}/leave?from=group";

        async Task<string> SubmitAsync(RealmAnswer form) =>
            (await browser.SubmitAsync(form, "main form[method=post]")).Page.QuerySelector("[role=status]")!.TextContent;
    }

    [Fact]
    public async Task What_goes_with_a_group_is_said_before_it_is_deleted()
    {
        var ada = await Api.PersonAsync("ada");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["book:view"]);
        await group.WithRoleAsync("realm-role", $"r-{group.Name}");
        await group.WithAsync(await AccountIdAsync(await Api.PersonAsync("nora")));
        var browser = await Api.SignInAsync("ada");

        var form = await OpenAsync(browser, $"/admin/groups/{group.Id}/delete");
        Assert.Contains($"r-{group.Name}", form.Text, StringComparison.Ordinal);
        Assert.NotNull(
            form.Page.QuerySelector("table a:contains('nora')")
                ?? form.Page.QuerySelectorAll("table a").FirstOrDefault(link => link.TextContent == "nora"));

        await ReplaceAsync(ada, group, "changed since");
        var page = await browser.SubmitAsync(form, $"form[action='/admin/groups/{group.Id}/delete']");
        Assert.Equal(HttpStatusCode.Conflict, page.Status);

        page = await browser.SubmitAsync(page, $"form[action='/admin/groups/{group.Id}/delete']", ("reason", "No longer needed"));
        Assert.Equal("/admin/groups", page.Url.AbsolutePath);
        Assert.Equal(HttpStatusCode.NotFound, (await ada.GetAsync($"/api/groups/{group.Id}", Cancel)).StatusCode);
        Assert.All(
            (await LogAsync(ada, group.Id.ToString())).Where(row => row.GetProperty("action").GetString() == "delete"),
            row => Assert.Equal("No longer needed", row.GetProperty("reason").GetString()));
    }

    [Fact]
    public async Task Members_are_shown_with_their_reasons_put_in_and_taken_out()
    {
        var ada = await Api.PersonAsync("ada");
        await AccountIdAsync(await Api.PersonAsync("grace"));
        var nora = await AccountIdAsync(await Api.PersonAsync("nora"));
        await using var group = await GroupUnderTest.CreateAsync(ada, ["book:view"]);
        await group.WithRoleAsync("realm-role", "sta*");
        var browser = await Api.SignInAsync("ada");
        var form = $"form[action='/admin/groups/{group.Id}/members']";

        var page = await browser.SubmitAsync(
            await OpenAsync(browser, $"/admin/groups/{group.Id}"), form, ("account", "nobody-of-that-name"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, page.Status);
        Assert.Contains("There is no account nobody-of-that-name.", page.Text, StringComparison.Ordinal);

        page = await browser.SubmitAsync(page, form, ("account", "nora"), ("reason", "Stands in"));
        Assert.Contains($"nora is in the group {group.Name}", page.Text, StringComparison.Ordinal);
        Assert.Equal("realm role staff (as sta*)", Because("grace"));
        Assert.Equal("direct member", Because("nora"));
        Assert.Single(page.Page.QuerySelectorAll("td a.danger"));

        page = await OpenAsync(browser, page.Page.QuerySelector("td a.danger")!.GetAttribute("href")!);
        page = await browser.SubmitAsync(page, $"form[action='/admin/accounts/{nora}/groups/{group.Id}/leave']");
        Assert.Equal($"/admin/groups/{group.Id}", page.Url.AbsolutePath);
        Assert.Null(Because("nora"));
        Assert.Equal(
            "Stands in",
            (await LogAsync(ada, group.Id.ToString()))
                .First(row => row.GetProperty("action").GetString() == "add-member")
                .GetProperty("reason")
                .GetString());

        string? Because(string username) => page.Page.QuerySelectorAll("#members ~ div tr, #members ~ .scroll tr")
            .FirstOrDefault(row => row.QuerySelector("th")?.TextContent.Trim() == username)?.QuerySelector("td")!.TextContent.Trim();
    }

    [Fact]
    public async Task Groups_are_found_by_part_of_their_name_a_page_at_a_time()
    {
        var ada = await Api.PersonAsync("ada");
        var mark = $"{Guid.NewGuid():N}"[..12];
        var ids = new List<string>();
        for (var index = 0; index < 51; index++)
        {
            var created = await ada.PostAsJsonAsync(
                "/api/groups", new { name = $"g-{mark}-{index:00}", permissions = new[] { "book:view" } }, Cancel);
            ids.Add((await JsonAsync(created)).GetProperty("id").GetString()!);
        }

        var browser = await Api.SignInAsync("ada");
        var page = await OpenAsync(browser, $"/admin/groups?search={mark[1..].ToUpperInvariant()}");
        Assert.Equal(50, page.Page.QuerySelectorAll("tbody tr").Length);
        Assert.Equal($"g-{mark}-00", page.Page.QuerySelector("tbody a")!.TextContent);

        page = await OpenAsync(browser, page.Page.QuerySelector("a[rel=next]")!.GetAttribute("href")!);
        Assert.Equal($"g-{mark}-50", Assert.Single(page.Page.QuerySelectorAll("tbody a")).TextContent);
        Assert.Null(page.Page.QuerySelector("a[rel=next]"));

        page = await OpenAsync(browser, $"/admin/groups?search={mark}-nothing");
        Assert.Contains("No group has", page.Page.QuerySelector(".empty")!.TextContent, StringComparison.Ordinal);
        Assert.Contains(
            "\"g-",
            await (await ada.GetAsync($"/api/groups/{ids[0]}", Cancel)).Content.ReadAsStringAsync(Cancel),
            StringComparison.Ordinal);
        foreach (var id in ids)
        {
            await DeleteAsync(ada, id);
        }
    }

    [Fact]
    public async Task A_form_that_outlived_its_session_comes_back_after_the_sign_in()
    {
        var browser = await Api.SignInAsync("linus");
        var form = await OpenAsync(browser, "/admin/groups/new");
        var other = await Api.SignInAsync("linus");
        await other.SubmitAsync(await OpenAsync(other, "/account"), "form[action='/account/sign-out-everywhere']");

        var page = await browser.SubmitAsync(form, NewForm, ("name", "kept-for-later"), ("permission.account:view", "granted"));

        Assert.Equal(HttpStatusCode.Unauthorized, page.Status);
        var login = await OpenAsync(browser, page.Page.QuerySelector("main a.button")!.GetAttribute("href")!);
        page = await browser.SubmitLoginAsync(login, "linus", "linus");
        Assert.Equal("/admin/groups/new", page.Url.AbsolutePath);
        Assert.Contains("You have signed in again.", page.Text, StringComparison.Ordinal);
        Assert.Equal("kept-for-later", Input(page, "name").Value);
        Assert.Equal("granted", Chosen(page, "account:view"));
    }

    [Fact]
    public async Task Only_what_somebody_may_do_is_offered()
    {
        var ada = await Api.PersonAsync("ada");
        var grace = await AccountIdAsync(await Api.PersonAsync("grace"));
        await using var group = await GroupUnderTest.CreateAsync(ada, ["group:view"]);
        await group.WithAsync(grace);
        var browser = await Api.SignInAsync("grace");

        var page = await OpenAsync(browser, "/admin/groups");
        Assert.Null(page.Page.QuerySelector("a[href='/admin/groups/new']"));
        page = await OpenAsync(browser, $"/admin/groups/{group.Id}");
        Assert.Empty(page.Page.QuerySelectorAll("main .actions a, main form, main table:not(.matrix)"));
        Assert.Contains("you lack access:view", page.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await OpenAsync(browser, $"/admin/groups/{group.Id}/edit")).Status);
    }

    private static string NewName() => $"p-{Guid.NewGuid():N}";

    private static string Edit(GroupUnderTest group) => $"form[action='/admin/groups/{group.Id}/edit']";

    private Task<RealmAnswer> OpenAsync(RealmBrowser browser, string path) => browser.GetAsync(new Uri(Api.BaseAddress, path).AbsoluteUri);

    private static IHtmlInputElement Input(RealmAnswer page, string name) =>
        (IHtmlInputElement)page.Page.QuerySelector($"main [name='{name}']")!;

    private static string Chosen(RealmAnswer page, string permission) =>
        ((IHtmlInputElement)page.Page.QuerySelector($"[name='permission.{permission}'][checked]")!).Value;

    private static async Task<JsonElement[]> LogAsync(HttpClient client, string row) =>
        [.. (await client.GetFromJsonAsync<JsonElement>($"/api/audit?model=group&row={row}", Cancel))
            .GetProperty("items").EnumerateArray()];

    private static async Task ReplaceAsync(HttpClient client, GroupUnderTest group, string description)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/groups/{group.Id}")
        {
            Content = JsonContent.Create(new { name = group.Name, description, permissions = new[] { "book:view" } }),
        };
        request.Headers.IfMatch.ParseAdd("*");
        Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(request, Cancel)).StatusCode);
    }

    private static async Task DeleteAsync(HttpClient client, string id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"/api/groups/{id}");
        request.Headers.IfMatch.ParseAdd("*");
        Assert.Equal(HttpStatusCode.NoContent, (await client.SendAsync(request, Cancel)).StatusCode);
    }
}

public sealed class GroupPagesOnEmbeddedRealmTests(ApiOnEmbeddedRealm api) : GroupPagesTests(api), IClassFixture<ApiOnEmbeddedRealm>;
