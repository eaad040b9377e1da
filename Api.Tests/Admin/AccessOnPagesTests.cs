using System.Net;
using Api.Tests.Infrastructure;

namespace Api.Tests.Admin;

/// <summary>Who may do what is shown on pages to those alone who may ask the API for it: with access:view about everybody.</summary>
public sealed class AccessOnPagesTests(ApiOnEmbeddedRealm api) : ApiTests(api)
{
    [Fact]
    public async Task Whoever_may_do_everything_but_look_at_access_learns_on_no_page_who_may_do_what()
    {
        var ada = await Api.PersonAsync("ada");
        var grace = await AccountIdAsync(await Api.PersonAsync("grace"));
        var linus = await AccountIdAsync(await Api.PersonAsync("linus"));
        await using var group = await GroupUnderTest.CreateAsync(ada, ["realm:view"]);
        await group.WithAsync(linus);
        await group.WithRoleAsync("keycloak-group", "/operations/lea*");
        var mapping = (await ListAsync(ada, "/api/role-mappings"))
            .Single(mapping => mapping.GetProperty("groupId").GetGuid() == group.Id).GetProperty("id").GetString();
        await using var everything = await (await GroupUnderTest.CreateAsync(ada, ["*:*"])).WithAsync(grace);
        await using var denying = await (await GroupUnderTest.CreateAsync(ada, [], ["access:view"])).WithAsync(grace);
        (string Section, string Path, string Marker)[] table =
        [
            ("the groups of an account", $"/admin/accounts/{linus}", $"#groups ~ * a[href='/admin/groups/{group.Id}']"),
            ("the roles of an account", $"/admin/accounts/{linus}", "#roles ~ .chips code"),
            ("what an account may do, and why", $"/admin/accounts/{linus}", ".permissions .grant-path"),
            ("the members of a group", $"/admin/groups/{group.Id}", $"a[href='/admin/accounts/{linus}']"),
            ("who loses a group", $"/admin/groups/{group.Id}/delete", $"a[href='/admin/accounts/{linus}']"),
            ("whom a mapping concerns", $"/admin/role-mappings/{mapping}", "#preview p.soft, #preview .empty:not(:empty)"),
            (
                "whom a new mapping would concern",
                $"/admin/role-mappings/new?kind=keycloak-group&name=/operations/lea*&group=book-editors",
                $"#preview a[href='/admin/accounts/{linus}']"),
            (
                "whom the live preview names",
                $"/admin/role-mappings/preview?kind=keycloak-group&name=/operations/lea*&group=book-editors",
                $"#preview a[href='/admin/accounts/{linus}']"),
            (
                "whom a changed mapping would concern",
                $"/admin/role-mappings/{mapping}/replace",
                "#preview p.soft, #preview .empty:not(:empty)"),
            ("who loses a mapping", $"/admin/role-mappings/{mapping}/delete", "#preview p.soft, #preview .empty:not(:empty)"),
            ("who is found by a group", $"/admin/accounts?group={group.Name}", $"#results a[href='/admin/accounts/{linus}']"),
            ("the filter by a group", "/admin/accounts", "form.filter [name=group]"),
        ];
        var browser = await Api.SignInAsync("grace");

        var without = await ShownAsync();
        await denying.WithoutAsync(grace);
        var with = await ShownAsync();

        Assert.Empty(without);
        Assert.Equal(table.Select(row => row.Section), with);

        async Task<IReadOnlyList<string>> ShownAsync()
        {
            var shown = new List<string>();
            foreach (var (section, path, marker) in table)
            {
                var page = await browser.GetAsync(new Uri(Api.BaseAddress, path).AbsoluteUri);
                Assert.True(page.Status == HttpStatusCode.OK, $"{path}: {page.Status}");
                if (page.Page.QuerySelector(marker) is not null)
                {
                    shown.Add(section);
                }
            }

            return shown;
        }
    }

    [Fact]
    public async Task A_page_says_what_is_missing_and_offers_what_may_be_done_without_it()
    {
        var ada = await Api.PersonAsync("ada");
        var grace = await AccountIdAsync(await Api.PersonAsync("grace"));
        var nobody = await AccountIdAsync(await Api.ServiceAsync("acme-nobody"));
        await using var group = await (await GroupUnderTest.CreateAsync(
            ada, ["account:view", "group:view", "group:change"])).WithAsync(grace);
        await group.WithAsync(nobody);
        var browser = await Api.SignInAsync("grace");

        var account = await OpenAsync($"/admin/accounts/{nobody}");
        Assert.Equal(
            2,
            account.Page.QuerySelectorAll(".empty")
                .Count(empty => empty.TextContent.Contains("you lack access:view", StringComparison.Ordinal)));
        Assert.Contains(
            "you lack access:view",
            (await OpenAsync($"/admin/groups/{group.Id}")).Page.QuerySelector("#members + .empty")!.TextContent,
            StringComparison.Ordinal);
        var filtered = await OpenAsync($"/admin/accounts?group={group.Name}");
        Assert.Contains(
            "you lack access:view", filtered.Page.QuerySelector("#results [role=alert]")!.TextContent, StringComparison.Ordinal);
        Assert.Empty(filtered.Page.QuerySelectorAll("#results tbody tr"));

        // One that somebody may put in can be taken out by them too: by the name of the group, from the list.
        var list = await OpenAsync(account.Page.QuerySelector("#groups + .empty a")!.GetAttribute("href")!);
        var ask = await browser.SubmitAsync(
            list, "form[action='/admin/accounts/bulk']", ("action", "leave"), ("group", group.Name), ("ids", nobody.ToString()));
        Assert.DoesNotContain("in the group directly", ask.Page.QuerySelector("tbody")!.TextContent, StringComparison.Ordinal);
        await browser.SubmitAsync(ask, "form[action='/admin/accounts/bulk/apply']");
        Assert.DoesNotContain(group.Name, await GroupsOfAsync("acme-nobody"));
        // About oneself anybody may ask, here as well.
        Assert.NotNull((await OpenAsync($"/admin/accounts/{grace}")).Page.QuerySelector(".permissions .grant-path"));

        Task<RealmAnswer> OpenAsync(string path) => browser.GetAsync(new Uri(Api.BaseAddress, path).AbsoluteUri);

        async Task<string> GroupsOfAsync(string service) =>
            (await JsonAsync(await (await Api.ServiceAsync(service)).GetAsync("/api/me", Cancel))).GetProperty("groups").GetRawText();
    }

    [Fact]
    public async Task What_a_group_holds_is_said_beside_a_mapping_to_those_alone_who_may_look_at_groups()
    {
        var ada = await Api.PersonAsync("ada");
        var grace = await AccountIdAsync(await Api.PersonAsync("grace"));
        await using var group = await (await GroupUnderTest.CreateAsync(ada, ["role-mapping:*"])).WithAsync(grace);
        var browser = await Api.SignInAsync("grace");
        var mapping = (await ListAsync(ada, "/api/role-mappings"))
            .Single(mapping => mapping.GetProperty("groupName").GetString() == "superusers").GetProperty("id").GetString();
        string[] paths = [$"/admin/role-mappings/{mapping}", $"/admin/role-mappings/{mapping}/delete"];

        foreach (var path in paths)
        {
            var page = (await browser.GetAsync(new Uri(Api.BaseAddress, path).AbsoluteUri)).Page.QuerySelector("main")!.TextContent;
            Assert.Contains("you lack group:view", page, StringComparison.Ordinal);
            Assert.DoesNotContain("*:*", page, StringComparison.Ordinal);
        }

        await using var more = await (await GroupUnderTest.CreateAsync(ada, ["group:view"])).WithAsync(grace);
        foreach (var path in paths)
        {
            Assert.Contains(
                "You lack *:*", (await browser.GetAsync(new Uri(Api.BaseAddress, path).AbsoluteUri)).Text, StringComparison.Ordinal);
        }
    }
}
