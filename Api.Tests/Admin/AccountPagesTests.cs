using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Accounts;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Admin;

/// <summary>Staff find accounts, switch them, and put them into groups, one or many at a time.</summary>
public abstract class AccountPagesTests(ApiUnderTest api) : ApiTests(api)
{
    private string Url => Api.Realm.ApiUrl;

    [Theory]
    [InlineData("NOR", "nora")]
    [InlineData("lovel", "ada")]
    [InlineData("hop", "grace")]
    [InlineData("acme-no", "acme-nobody")]
    [InlineData("ovelac", "ada")]
    [InlineData("ME-NOB", "acme-nobody")]
    public async Task A_search_finds_parts_of_names_in_any_case(string search, string expected)
    {
        await ProvisionEverybodyAsync();
        var pages = await Api.SignInAsync("ada");

        Assert.Equal([expected], Names(await pages.GetAsync($"{Url}/admin/accounts?search={search}")));
    }

    [Fact]
    public async Task Filters_leave_out_what_does_not_fit()
    {
        await ProvisionEverybodyAsync();
        var pages = await Api.SignInAsync("ada");

        var services = Names(await pages.GetAsync($"{Url}/admin/accounts?kind=service"));
        Assert.Contains("acme-writer", services);
        Assert.DoesNotContain("ada", services);
        Assert.Equal(["linus"], Names(await pages.GetAsync($"{Url}/admin/accounts?group=account-managers")));
        Assert.Empty(Names(await pages.GetAsync($"{Url}/admin/accounts?group=account-managers&kind=service")));
        var seen = Names(await pages.GetAsync($"{Url}/admin/accounts?kind=service&seen=1&enabled=true&sort=-seen"));
        Assert.Contains("acme-writer", seen);
        var unknown = await pages.GetAsync($"{Url}/admin/accounts?group=no-such-group");
        Assert.Contains("There is no group no-such-group", unknown.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_has_not_been_seen_for_long_is_found_with_a_search_and_without()
    {
        var word = "i" + Guid.NewGuid().ToString("N")[..8];
        await AddAccountsAsync($"{word}-new", 1);
        await AddAccountsAsync($"{word}-old", 2, daysAgo: 60);
        var pages = await Api.SignInAsync("ada");

        Assert.All(
            Names(await pages.GetAsync($"{Url}/admin/accounts?seen=not-30")),
            name => Assert.Contains("-old", name, StringComparison.Ordinal));
        Assert.Equal(2, Names(await pages.GetAsync($"{Url}/admin/accounts?seen=not-30&search={word}")).Length);
        Assert.Empty(Names(await pages.GetAsync($"{Url}/admin/accounts?seen=not-90&search={word}")));
    }

    [Fact]
    public async Task Who_is_in_no_group_is_found_and_nobody_else()
    {
        await ProvisionEverybodyAsync();
        var word = "k" + Guid.NewGuid().ToString("N")[..8];
        var ids = await AddAccountsAsync(word, 2);
        var ada = await Api.PersonAsync("ada");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["book:view"]);
        await group.WithAsync(ids[0]);
        var pages = await Api.SignInAsync("ada");

        Assert.Equal([$"{word}-001"], Names(await pages.GetAsync($"{Url}/admin/accounts?nogroup=on&search={word}")));
        Assert.Equal(["acme-nobody"], Names(await pages.GetAsync($"{Url}/admin/accounts?nogroup=on&search=acme")));
        Assert.Empty(Names(await pages.GetAsync($"{Url}/admin/accounts?nogroup=on&group=book-readers")));
    }

    [Fact]
    public async Task Pages_of_a_list_hold_every_account_once_in_each_order()
    {
        var word = "w" + Guid.NewGuid().ToString("N")[..8];
        await AddAccountsAsync(word, 120);
        var search = Api.Services.GetRequiredService<AccountSearch>();
        foreach (var (text, sort) in new[] { (word, ""), ("", AccountSearch.ByUsername), ("", AccountSearch.ByLastSeen) })
        {
            var names = new List<string>();
            var order = AccountSearch.OrderOf(sort);
            Cursor? after = null;
            do
            {
                var (accounts, next) = await search.ListAsync(
                    new AccountQuery { Search = text, Sort = order, Limit = 50, After = after }, Cancel);
                names.AddRange(accounts.Select(account => account.Username));
                after = AccountSearch.ParseCursor(next?.ToString(), order);
            }
            while (after is not null);

            Assert.Equal(120, names.Count(name => name.StartsWith(word, StringComparison.Ordinal)));
            Assert.Equal(names.Count, names.Distinct(StringComparer.Ordinal).Count());
        }
    }

    [Fact]
    public async Task A_search_with_a_filter_finds_the_rare_ones_at_once()
    {
        var word = "r" + Guid.NewGuid().ToString("N")[..8];
        var ids = await AddAccountsAsync(word, 420);
        var database = Api.Services.GetRequiredService<Database>();
        await using (var connection = await database.OpenToWriteAsync(Cancel))
        {
            await connection.ExecuteAsync("UPDATE accounts SET enabled = @enabled WHERE id = @id", new { enabled = false, id = ids[410] });
        }

        var pages = await Api.SignInAsync("ada");
        var first = await pages.GetAsync($"{Url}/admin/accounts?search={word}&enabled=false&kind=person");

        Assert.Equal([$"{word}-410"], Names(first));
        Assert.Null(first.Page.QuerySelector("a[rel=next]"));
    }

    [Fact]
    public async Task A_search_among_services_finds_the_first_of_them_at_once_however_many_people_are_called_so()
    {
        var word = "s" + Guid.NewGuid().ToString("N")[..8];
        await AddAccountsAsync(word, 450);
        await AddAccountsAsync(word + "-x", 2, "service");
        var pages = await Api.SignInAsync("ada");

        var first = await pages.GetAsync($"{Url}/admin/accounts?search={word}&kind=service");

        Assert.Equal([$"{word}-x-000", $"{word}-x-001"], Names(first));
        Assert.Null(first.Page.QuerySelector("a[rel=next]"));
    }

    [Fact]
    public async Task A_page_of_one_account_says_what_it_may_do_and_why()
    {
        var id = await AccountIdAsync(await Api.PersonAsync("linus"));
        var pages = await Api.SignInAsync("ada");

        var page = await pages.GetAsync($"{Url}/admin/accounts/{id}");

        Assert.Contains("Keycloak group /operations/leads", page.Text, StringComparison.Ordinal);
        var account = page.Page.QuerySelectorAll(".permissions > li").Single(row => row.QuerySelector("strong")!.TextContent == "account");
        Assert.Equal(["view allowed", "change allowed"], account.QuerySelectorAll(".badge").Select(badge => badge.TextContent));
        Assert.Contains(
            "/operations/leads|/operations/leads|account-managers|account:view, account:change",
            account.QuerySelectorAll(".grant-path")
                .Select(grantPath => string.Join('|', grantPath.QuerySelectorAll("li > :last-child").Select(step => step.TextContent))));
    }

    [Fact]
    public async Task Disabling_takes_a_reason_into_the_audit_log_and_says_what_was_done_once()
    {
        var nora = await Api.PersonAsync("nora");
        var id = await AccountIdAsync(nora);
        var pages = await Api.SignInAsync("ada");
        var page = await pages.GetAsync($"{Url}/admin/accounts/{id}");

        var off = await pages.SubmitAsync(page, $"form[action='/admin/accounts/{id}/disable']", ("reason", "On leave"));
        try
        {
            Assert.Contains("nora is disabled", off.Page.QuerySelector("[role=status]")!.TextContent, StringComparison.Ordinal);
            Assert.Contains("“On leave”", off.Text, StringComparison.Ordinal);
            await AssertProblemAsync(await nora.GetAsync("/api/me", Cancel), 403, "account_disabled");
            Assert.DoesNotContain("nora is disabled", (await pages.GetAsync($"{Url}/admin/accounts/{id}")).Text, StringComparison.Ordinal);
        }
        finally
        {
            await pages.SubmitAsync(off, $"form[action='/admin/accounts/{id}/enable']");
        }

        Assert.Equal(HttpStatusCode.OK, (await nora.GetAsync("/api/me", Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_reason_that_is_too_long_comes_back_with_the_form_and_changes_nothing()
    {
        var nora = await Api.PersonAsync("nora");
        var id = await AccountIdAsync(nora);
        var pages = await Api.SignInAsync("ada");
        var page = await pages.GetAsync($"{Url}/admin/accounts/{id}");
        var reason = new string('x', 501);

        var answer = await pages.SubmitAsync(page, $"form[action='/admin/accounts/{id}/disable']", ("reason", reason));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.Status);
        var field = answer.Page.QuerySelector($"form[action='/admin/accounts/{id}/disable'] [name=reason]")!;
        Assert.Equal(reason, field.GetAttribute("value"));
        Assert.Equal("true", field.GetAttribute("aria-invalid"));
        Assert.Equal(HttpStatusCode.OK, (await nora.GetAsync("/api/me", Cancel)).StatusCode);
    }

    [Fact]
    public async Task Nobody_disables_their_own_account_on_a_page()
    {
        var ada = await Api.PersonAsync("ada");
        var id = await AccountIdAsync(ada);
        var pages = await Api.SignInAsync("ada");
        var page = await pages.GetAsync($"{Url}/admin/accounts/{id}");
        Assert.Null(page.Page.QuerySelector($"form[action='/admin/accounts/{id}/disable']"));
        var token = page.Page.QuerySelector("form [name=__RequestVerificationToken]")!.GetAttribute("value")!;

        var answer = await pages.PostAsync(
            $"{Url}/admin/accounts/{id}/disable", [KeyValuePair.Create("__RequestVerificationToken", token)]);

        Assert.Equal(HttpStatusCode.Conflict, answer.Status);
        Assert.Equal(HttpStatusCode.OK, (await ada.GetAsync("/api/me", Cancel)).StatusCode);
    }

    [Fact]
    public async Task An_account_is_put_into_a_group_directly_and_taken_out_with_reasons()
    {
        var nobody = await Api.ServiceAsync("acme-nobody");
        var id = await AccountIdAsync(nobody);
        var pages = await Api.SignInAsync("ada");
        await AssertProblemAsync(await nobody.GetAsync("/api/books", Cancel), 403);

        var page = await pages.GetAsync($"{Url}/admin/accounts/{id}");
        var joined = await pages.SubmitAsync(
            page, $"form[action='/admin/accounts/{id}/groups']", ("group", "book-readers"), ("reason", "For the inventory"));
        Assert.Contains("Added to the group book-readers", joined.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await nobody.GetAsync("/api/books", Cancel)).StatusCode);

        var ask = await pages.GetAsync(
            new Uri(new Uri(Url), joined.Page.QuerySelector("a[href$='/leave']")!.GetAttribute("href")!).AbsoluteUri);
        var left = await pages.SubmitAsync(ask, "form[action$='/leave']", ("reason", "Done"));
        Assert.Contains("Removed from the group book-readers", left.Text, StringComparison.Ordinal);
        var happened = left.Page.QuerySelectorAll("#happened ~ * tbody tr")
            .Select(row => string.Join(' ', row.QuerySelectorAll("td").Skip(1).Select(cell => cell.TextContent.Trim())))
            .ToArray();
        Assert.Equal(
            ["ada removed it from the group book-readers“Done”", "ada added it to the group book-readers“For the inventory”"],
            happened[..2]);
        await AssertProblemAsync(await nobody.GetAsync("/api/books", Cancel), 403);
        var ada = await Api.PersonAsync("ada");
        var log = await ada.GetFromJsonAsync<JsonElement>("/api/audit?model=group&limit=2", Cancel);
        Assert.Equal(
            ["Done", "For the inventory"], log.GetProperty("items").EnumerateArray().Select(row => row.GetProperty("reason").GetString()));
    }

    [Fact]
    public async Task Nobody_puts_an_account_into_a_group_that_grants_what_they_do_not_hold()
    {
        var id = await AccountIdAsync(await Api.ServiceAsync("acme-nobody"));
        var pages = await Api.SignInAsync("linus");
        var page = await pages.GetAsync($"{Url}/admin/accounts/{id}");

        var answer = await pages.SubmitAsync(
            page, $"form[action='/admin/accounts/{id}/groups']", ("group", "superusers"), ("reason", "Please"));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.Status);
        Assert.Contains("You lack *:*", answer.Page.QuerySelector("#field-group-mistake")!.TextContent, StringComparison.Ordinal);
        Assert.Equal("superusers", answer.Page.QuerySelector("#field-group")!.GetAttribute("value"));
        Assert.Equal(
            "Please", answer.Page.QuerySelector($"form[action='/admin/accounts/{id}/groups'] [name=reason]")!.GetAttribute("value"));
    }

    [Fact]
    public async Task Several_accounts_are_disabled_after_a_page_that_says_what_changes()
    {
        var word = "b" + Guid.NewGuid().ToString("N")[..8];
        var ids = await AddAccountsAsync(word, 3);
        var pages = await Api.SignInAsync("ada");
        var list = await pages.GetAsync($"{Url}/admin/accounts?search={word}");
        var token = list.Page.QuerySelector(
            "form[action='/admin/accounts/bulk'] [name=__RequestVerificationToken]")!.GetAttribute("value")!;
        var own = await AccountIdAsync(await Api.PersonAsync("ada"));

        var ask = await pages.PostAsync(
            $"{Url}/admin/accounts/bulk",
            [
                KeyValuePair.Create("__RequestVerificationToken", token), KeyValuePair.Create("action", "disable"),
                KeyValuePair.Create("filter-search", word), .. ids[..2].Append(own).Select(id => KeyValuePair.Create("ids", id.ToString())),
            ]);
        Assert.Contains("2 of 3 chosen accounts would change", ask.Text, StringComparison.Ordinal);
        Assert.Contains("stays enabled: it is your own", ask.Text, StringComparison.Ordinal);
        Assert.Equal([true, true, true], await ActiveAsync(ids));

        var form = ask.Page.QuerySelector("form[action='/admin/accounts/bulk/apply']")!;
        var done = await pages.PostAsync(
            $"{Url}/admin/accounts/bulk/apply",
            [
                .. form.QuerySelectorAll("input[type=hidden]")
                    .Select(field => KeyValuePair.Create(field.GetAttribute("name")!, field.GetAttribute("value") ?? "")),
                KeyValuePair.Create("reason", "Spring clean"),
            ]);

        // Post, redirect, get: what was not done is said, on a page of its own that leads back to the list that it was begun on.
        Assert.Equal("/admin/accounts/bulk/result", done.Url.AbsolutePath);
        var message = done.Page.QuerySelector("[role=alert]")!;
        Assert.Contains(
            "3 accounts looked at, 2 changed. 1 account could not be changed.", message.TextContent, StringComparison.Ordinal);
        Assert.True(message.ClassList.Contains("warn"), message.ClassName);
        Assert.Contains("stays enabled: it is your own", done.Text, StringComparison.Ordinal);
        Assert.Equal($"/admin/accounts?search={word}", done.Page.QuerySelector("main a.button")!.GetAttribute("href"));
        Assert.Equal([false, false, true], await ActiveAsync(ids));
    }

    [Fact]
    public async Task All_that_a_filter_finds_are_changed_step_by_step_and_each_step_says_how_far_it_is()
    {
        var word = "c" + Guid.NewGuid().ToString("N")[..8];
        var ids = await AddAccountsAsync(word, 130);
        var pages = await Api.SignInAsync("ada");
        var list = await pages.GetAsync($"{Url}/admin/accounts?search={word}");
        var ask = await pages.SubmitAsync(list, "form[action='/admin/accounts/bulk']", ("action", "disable"), ("all", "on"));

        var step = await pages.SubmitAsync(ask, "form[action='/admin/accounts/bulk/apply']", ("reason", "All of them"));
        Assert.Contains(
            "100 accounts looked at, 100 changed", step.Page.QuerySelector("[role=status]")!.TextContent, StringComparison.Ordinal);
        Assert.Equal(100, (await ActiveAsync(ids)).Count(enabled => !enabled));

        var last = await pages.SubmitAsync(step, "form[action='/admin/accounts/bulk/apply']");
        Assert.Contains(
            "130 accounts looked at, 130 changed", last.Page.QuerySelector("[role=status]")!.TextContent, StringComparison.Ordinal);
        Assert.Equal($"/admin/accounts?search={word}", last.Url.PathAndQuery);
        Assert.All(await ActiveAsync(ids), Assert.False);
    }

    [Fact]
    public async Task Who_is_in_the_group_already_is_not_put_into_it_again()
    {
        var word = "g" + Guid.NewGuid().ToString("N")[..8];
        var ids = await AddAccountsAsync(word, 3);
        var ada = await Api.PersonAsync("ada");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["book:view"]);
        await group.WithAsync(ids[0]);
        var pages = await Api.SignInAsync("ada");
        var list = await pages.GetAsync($"{Url}/admin/accounts?search={word}");

        var ask = await pages.SubmitAsync(
            list, "form[action='/admin/accounts/bulk']", ("action", "join"), ("group", group.Name), ("all", "on"));

        var lines = ask.Page.QuerySelectorAll("tbody tr").Select(row => row.TextContent).ToList();
        Assert.Single(lines, line => line.Contains("is in it already", StringComparison.Ordinal));
        Assert.Equal(2, lines.Count(line => line.Contains($"in the group {group.Name}, directly", StringComparison.Ordinal)));
        var done = await pages.SubmitAsync(ask, "form[action='/admin/accounts/bulk/apply']");
        Assert.Contains("3 accounts looked at, 2 changed", done.Page.QuerySelector("[role=status]")!.TextContent, StringComparison.Ordinal);

        var leave = await pages.SubmitAsync(
            list, "form[action='/admin/accounts/bulk']", ("action", "leave"), ("group", group.Name), ("all", "on"));
        Assert.Equal(
            3,
            leave.Page.QuerySelectorAll("tbody tr")
                .Count(row => row.TextContent.Contains($"not in the group {group.Name} directly", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("/admin/accounts/bulk")]
    [InlineData("/admin/accounts/bulk/apply")]
    public async Task An_action_that_there_is_not_changes_nothing(string path)
    {
        var ids = await AddAccountsAsync("h" + Guid.NewGuid().ToString("N")[..8], 1);
        var pages = await Api.SignInAsync("ada");
        var list = await pages.GetAsync($"{Url}/admin/accounts");
        var token = list.Page.QuerySelector(
            "form[action='/admin/accounts/bulk'] [name=__RequestVerificationToken]")!.GetAttribute("value")!;

        var answer = await pages.PostAsync(
            Url + path, [new("__RequestVerificationToken", token), new("action", "switch-of"), new("ids", ids[0].ToString())]);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal([true], await ActiveAsync(ids));
    }

    [Theory]
    [InlineData("no-such-group", "", "", "There is no group no-such-group")]
    [InlineData("book-readers", "", "on", "Nobody is in a group and in no group")]
    [InlineData("book-readers", "not-a-place", "", "does not say where the one before has ended")]
    public async Task A_filter_that_finds_nobody_for_sure_is_never_taken_for_everybody(
        string group, string after, string noGroup, string expected)
    {
        var ids = await AddAccountsAsync("e" + Guid.NewGuid().ToString("N")[..8], 1);
        var pages = await Api.SignInAsync("ada");
        var list = await pages.GetAsync($"{Url}/admin/accounts");
        var token = list.Page.QuerySelector(
            "form[action='/admin/accounts/bulk'] [name=__RequestVerificationToken]")!.GetAttribute("value")!;
        KeyValuePair<string, string>[] form =
        [
            new("__RequestVerificationToken", token), new("action", "disable"), new("all", "on"), new("filter-group", group),
            new("filter-nogroup", noGroup), new("after", after),
        ];

        var done = await pages.PostAsync($"{Url}/admin/accounts/bulk/apply", form);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, done.Status);
        Assert.Contains(expected, done.Page.QuerySelector("main .mistake, main [role=alert]")!.TextContent, StringComparison.Ordinal);
        Assert.Null(done.Page.QuerySelector("form[action='/admin/accounts/bulk/apply'] button[type=submit]"));
        Assert.Equal([true], await ActiveAsync(ids));
    }

    [Fact]
    public async Task A_group_by_default_is_no_filter_for_a_change()
    {
        var ada = await Api.PersonAsync("ada");
        await using var everybody = await GroupUnderTest.CreateAsync(ada, ["book:view"], isDefault: true);
        var ids = await AddAccountsAsync("f" + Guid.NewGuid().ToString("N")[..8], 1);
        var pages = await Api.SignInAsync("ada");
        var list = await pages.GetAsync($"{Url}/admin/accounts?group={everybody.Name}");

        var ask = await pages.SubmitAsync(list, "form[action='/admin/accounts/bulk']", ("action", "disable"), ("all", "on"));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, ask.Status);
        Assert.Contains("is a default group", ask.Page.QuerySelector("main [role=alert]")!.TextContent, StringComparison.Ordinal);
        Assert.Null(ask.Page.QuerySelector("form[action='/admin/accounts/bulk/apply'] button[type=submit]"));
        Assert.Equal([true], await ActiveAsync(ids));
    }

    [Fact]
    public async Task A_search_that_is_too_long_is_cut_between_characters()
    {
        var pages = await Api.SignInAsync("ada");

        var list = await pages.GetAsync($"{Url}/admin/accounts?search={new string('a', 199)}%F0%9F%98%80");

        Assert.Equal(HttpStatusCode.OK, list.Status);
        Assert.Empty(Names(list));
    }

    [Fact]
    public async Task Who_may_only_look_at_accounts_changes_several_no_more_than_one()
    {
        // linus may change accounts; a group that denies it takes that away, and leaves looking.
        var ada = await Api.PersonAsync("ada");
        var linus = await AccountIdAsync(await Api.PersonAsync("linus"));
        await using var denying = await GroupUnderTest.CreateAsync(ada, granted: [], denied: ["account:change"]);
        await denying.WithAsync(linus);
        var pages = await Api.SignInAsync("linus");
        var id = await AccountIdAsync(await Api.ServiceAsync("acme-nobody"));
        var list = await pages.GetAsync($"{Url}/admin/accounts?search=acme-nobody");
        var token = list.Page.QuerySelector("[name=__RequestVerificationToken]")!.GetAttribute("value")!;

        var answer = await pages.PostAsync(
            $"{Url}/admin/accounts/bulk/apply",
            [
                KeyValuePair.Create("__RequestVerificationToken", token), KeyValuePair.Create("action", "disable"),
                KeyValuePair.Create("ids", id.ToString()),
            ]);

        Assert.Equal(HttpStatusCode.Forbidden, answer.Status);
        Assert.Equal([true], await ActiveAsync([id]));
    }

    private static string[] Names(RealmAnswer page) =>
        [.. page.Page.QuerySelectorAll("#results tbody th a").Select(link => link.TextContent)];

    private async Task ProvisionEverybodyAsync()
    {
        foreach (var service in new[] { "acme-reader", "acme-writer", "acme-nobody" })
        {
            await (await Api.ServiceAsync(service)).GetAsync("/api/me", Cancel);
        }

        foreach (var person in new[] { "ada", "grace", "linus", "nora" })
        {
            await (await Api.PersonAsync(person)).GetAsync("/api/me", Cancel);
        }
    }

    // As first calls would, without as many tokens.
    private async Task<Guid[]> AddAccountsAsync(string word, int number, string kind = "person", int daysAgo = 0)
    {
        var database = Api.Services.GetRequiredService<Database>();
        await using var connection = await database.OpenToWriteAsync(Cancel);
        await using var transaction = await Database.BeginWriteAsync(connection, Cancel);
        var now = DateTimeOffset.UtcNow.AddDays(-daysAgo);
        var rows = Enumerable.Range(0, number)
            .Select(index => (Id: Guid.CreateVersion7(now.AddMilliseconds(index)), Name: $"{word}-{index:000}"))
            .ToArray();
        foreach (var (id, name) in rows)
        {
            await connection.ExecuteAsync(
                """
                INSERT INTO accounts (id, issuer, subject, kind, username, enabled, created_at, last_seen_at)
                VALUES (@id, @issuer, @subject, @kind, @name, @enabled, @now, @now)
                """,
                new { id, issuer = Api.Realm.Issuer, subject = id.ToString(), kind, name, enabled = true, now },
                transaction);
        }

        await transaction.CommitAsync(Cancel);
        return [.. rows.Select(row => row.Id)];
    }

    private async Task<IReadOnlyList<bool>> ActiveAsync(IReadOnlyCollection<Guid> ids)
    {
        var accounts = await Api.Services.GetRequiredService<AccountStore>().FindAsync(ids, Cancel);
        return accounts.Select(account => account.Enabled).ToList();
    }
}

public sealed class AccountPagesOnSqliteTests(ApiOnEmbeddedRealm api) : AccountPagesTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class AccountPagesOnPostgreSqlTests(ApiOnPostgreSql api) : AccountPagesTests(api), IClassFixture<ApiOnPostgreSql>;
