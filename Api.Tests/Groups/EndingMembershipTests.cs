using System.Data.Common;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Api.Tests.Keycloak;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Groups;

/// <summary>A membership by hand may end by itself: at that instant, everywhere, and the audit log says so.</summary>
public abstract class EndingMembershipTests(ForgingRealmPlace place) : SessionClockTests(place)
{
    private const string Books = "/api/books";

    private DateTimeOffset Now => DateTimeOffset.FromUnixTimeMilliseconds(Realm.Clock.GetUtcNow().ToUnixTimeMilliseconds());

    private string Person { get; } = Guid.NewGuid().ToString();

    [Fact]
    public async Task It_grants_until_its_end_and_nothing_from_that_instant_on_on_every_instance()
    {
        var (ada, member, account) = await PrepareAsync();
        await using var other = await StartAnotherAsync();
        using var elsewhere = other.Api.NewClient(Token(Person));
        var group = await CreateGroupAsync(ada, "book:view");
        var until = Now.AddHours(1);

        await PutAsync(ada, group, account, new { until, reason = "covers for Lin" });

        Assert.Equal(HttpStatusCode.OK, await GetAsync(member, Books));
        await UntilAsync(async () => await GetAsync(elsewhere, Books) == HttpStatusCode.OK);
        var listed = Assert.Single(await MembersAsync(ada, group));
        Assert.Equal(until, listed.GetProperty("until").GetDateTimeOffset());
        Assert.Equal("covers for Lin", listed.GetProperty("reason").GetString());
        var why = await member.GetFromJsonAsync<JsonElement>("/api/access/explain?permission=book:view", Cancel);
        var path = Assert.Single(why.GetProperty("context").GetProperty("grants").EnumerateArray());
        Assert.Equal(until, path.GetProperty("until").GetDateTimeOffset());
        Assert.Contains("direct member until ", path.GetProperty("text").GetString(), StringComparison.Ordinal);

        // While the row cannot be taken away, and nobody is told that anything has changed.
        await using (var holding = await HoldAsync())
        {
            Realm.Clock.Advance(until - Realm.Clock.GetUtcNow());

            Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(member, Books));
            Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(elsewhere, Books));
            Assert.Empty(await MembersAsync(ada, group));
        }

        await UntilAsync(async () => await ScalarAsync<long>(
            $"SELECT COUNT(*) FROM audit_log WHERE row_id = '{group}' AND action = 'remove-member'") == 1);
        var row = await ScalarAsync<string>(
            $"SELECT account || ': ' || reason FROM audit_log WHERE row_id = '{group}' AND action = 'remove-member'");
        Assert.StartsWith("this service: It was until ", row, StringComparison.Ordinal);
        Assert.Equal(0, await ScalarAsync<long>($"SELECT COUNT(*) FROM group_members WHERE group_id = '{IdOf(group)}'"));
    }

    [Fact]
    public async Task What_has_ended_counts_nowhere_while_its_row_is_still_there()
    {
        var (ada, member, account) = await PrepareAsync();
        var group = await CreateGroupAsync(ada, "book:view", "account:view");
        await PutAsync(ada, group, account, new { until = Realm.Clock.GetUtcNow().AddHours(1) });
        Assert.Equal(HttpStatusCode.OK, await GetAsync(member, Books));
        // As a host that was off finds it: nobody has taken the row away.
        await ExecuteAsync(
            "UPDATE group_members SET ends_at = @past WHERE account_id = @account",
            new { past = Realm.Clock.GetUtcNow(), account = Guid.Parse(account) });

        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(member, Books));
        Assert.Empty(await SearchAsync(ada, "book:view"));
        Assert.Empty(await MembersAsync(ada, group));

        // It can be put in again, for good.
        await PutAsync(ada, group, account, body: null);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(member, Books));
        Assert.Single(await SearchAsync(ada, "book:view"));

        async Task<JsonElement[]> SearchAsync(HttpClient client, string permission)
        {
            var answer = await client.PostAsJsonAsync(
                "/access/v1/search/subject",
                new
                {
                    subject = new { type = "user" },
                    action = new { name = permission.Split(':')[1] },
                    resource = new { type = permission.Split(':')[0], id = "*" },
                },
                Cancel);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            return
            [
                .. (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("results").EnumerateArray()
                    .Where(item => item.GetProperty("id").GetString() == Person),
            ];
        }
    }

    [Fact]
    public async Task It_is_extended_shortened_and_made_for_good_by_putting_it_again()
    {
        var (ada, member, account) = await PrepareAsync();
        var group = await CreateGroupAsync(ada, "book:view");
        var until = Now.AddMinutes(10);
        await PutAsync(ada, group, account, new { until });
        await PutAsync(ada, group, account, new { until });
        await PutAsync(ada, group, account, new { until = until.AddMinutes(10) });
        Realm.Clock.Advance(TimeSpan.FromMinutes(15));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(member, Books));

        await PutAsync(ada, group, account, body: null);
        Realm.Clock.Advance(TimeSpan.FromMinutes(15));

        Assert.Equal(HttpStatusCode.OK, await GetAsync(member, Books));
        // That it was put in as it was is no change.
        Assert.Equal(3, await ScalarAsync<long>($"SELECT COUNT(*) FROM audit_log WHERE row_id = '{group}' AND action = 'add-member'"));
    }

    [Theory]
    [InlineData("-00:00:01")]
    [InlineData("00:00:00")]
    public async Task An_end_that_is_not_in_the_future_is_refused(string from)
    {
        var (ada, _, account) = await PrepareAsync();
        var group = await CreateGroupAsync(ada, "book:view");

        var until = Realm.Clock.GetUtcNow() + TimeSpan.Parse(from, CultureInfo.InvariantCulture);
        var answer = await ada.PutAsJsonAsync($"/api/groups/{group}/members/{account}", new { until }, Cancel);

        await AssertProblemAsync(answer, 400, "invalid_request");
        Assert.Contains("must be in the future", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal(0, await ScalarAsync<long>($"SELECT COUNT(*) FROM group_members WHERE group_id = '{IdOf(group)}'"));
    }

    [Fact]
    public async Task The_last_superuser_for_good_does_not_become_one_until_a_date()
    {
        var (ada, _, account) = await PrepareAsync();
        var groups = await ada.GetFromJsonAsync<JsonElement>("/api/groups?limit=100", Cancel);
        var superusers = groups.GetProperty("items").EnumerateArray().First(group => group.GetProperty("name").GetString() == "superusers")
            .GetProperty("id").GetString()!;
        await PutAsync(ada, superusers, account, body: null);
        // The roles of Keycloak that lead there would keep somebody else in.
        await ExecuteAsync("DELETE FROM account_roles");

        var answer = await ada.PutAsJsonAsync(
            $"/api/groups/{superusers}/members/{account}", new { until = Realm.Clock.GetUtcNow().AddDays(1) }, Cancel);

        await AssertProblemAsync(answer, 409, "last_superuser");
        await PutAsync(ada, $"{superusers}/members/{account}?allowNoSuperuser=true", new { until = Now.AddDays(1) });
        Assert.Equal(
            HttpStatusCode.NoContent,
            (await ada.DeleteAsync($"/api/groups/{superusers}/members/{account}?allowNoSuperuser=true", Cancel)).StatusCode);
    }

    [Fact]
    public async Task The_pages_set_an_end_show_what_ends_and_extend_it_by_one_press()
    {
        var (ada, member, account) = await PrepareAsync();
        var group = await CreateGroupAsync(ada, "book:view");
        Realm.IdClaims = [("sub", Guid.NewGuid().ToString()), ("realm_access", Roles("superuser"))];
        using var browser = await SignInAsync();
        var page = await browser.GetAsync($"{Site}/admin/groups/{group}");
        var day = Now.UtcDateTime.AddDays(1).ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture);

        var put = await browser.SubmitAsync(
            page, $"form[action='/admin/groups/{group}/members']", ("account", Person), ("until", day), ("reason", "until tomorrow"));

        Assert.Contains(" until ", put.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(member, Books));
        var home = await browser.GetAsync($"{Site}/admin");
        Assert.Contains("membership", home.Text, StringComparison.Ordinal);
        var ending = await browser.GetAsync($"{Site}/admin/groups/ending");
        Assert.Contains("until tomorrow", ending.Text, StringComparison.Ordinal);

        var extended = await browser.SubmitAsync(ending, $"form[action='/admin/groups/{group}/members/{account}/until']");

        Assert.Equal("/admin/groups/ending", extended.Url.AbsolutePath);
        Realm.Clock.Advance(TimeSpan.FromDays(3));
        var renewed = Realm.NewClient(Token(Person));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(renewed, Books));
        Realm.Clock.Advance(TimeSpan.FromDays(30));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(Realm.NewClient(Token(Person)), Books));
    }

    [Fact]
    public async Task From_a_refusal_in_the_log_it_is_two_presses_to_just_this_permission_until_a_date()
    {
        var (_, member, _) = await PrepareAsync();
        // Of other tests, which grant just that too.
        await ExecuteAsync("DELETE FROM groups WHERE name LIKE 'g-%'");
        Realm.IdClaims = [("sub", Guid.NewGuid().ToString()), ("realm_access", Roles("superuser"))];
        using var browser = await SignInAsync();
        await UntilAsync(async () => await ScalarAsync<long>(
            $"SELECT COUNT(*) FROM audit_log WHERE account = '{Person}' AND permission = 'book:view'") > 0);
        var log = await browser.GetAsync($"{Site}/admin/audit?account={Person}&kind=denied-request");
        var row = await browser.GetAsync(Site + log.Page.QuerySelector("main a[href^='/admin/audit/']")!.GetAttribute("href"));
        var give = await browser.GetAsync(Site + row.Page.QuerySelector("a[href^='/admin/access/give']")!.GetAttribute("href"));
        Assert.Contains("Nothing else comes along", give.Text, StringComparison.Ordinal);
        var friday = Now.UtcDateTime.AddDays(2).ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture);

        var done = await browser.SubmitAsync(give, "form[action^='/admin/access/give']", ("until", friday));

        Assert.Contains("Allowed.", done.Text, StringComparison.Ordinal);
        Assert.Contains(" until ", done.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(member, Books));
        var me = await member.GetFromJsonAsync<JsonElement>("/api/me", Cancel);
        Assert.Equal(["book:view"], me.GetProperty("permissions").EnumerateArray().Select(one => one.GetString()));
        Realm.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(Realm.NewClient(Token(Person)), Books));
        // The group stays, and the next one is offered it.
        Assert.Equal(1, await ScalarAsync<long>("SELECT COUNT(*) FROM groups WHERE name = 'book-view-only'"));
        await ExecuteAsync("DELETE FROM groups WHERE name = 'book-view-only'");
    }

    [Fact]
    public async Task What_is_given_by_leaving_a_group_alone_takes_no_end()
    {
        var (ada, member, account) = await PrepareAsync();
        var granting = await CreateGroupAsync(ada, "book:view");
        var created = await ada.PostAsJsonAsync(
            "/api/groups",
            new { name = $"d-{Guid.NewGuid():N}", permissions = Array.Empty<string>(), denied = new[] { "book:view" } },
            Cancel);
        var denying = (await created.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("id").GetString()!;
        await PutAsync(ada, granting, account, body: null);
        await PutAsync(ada, denying, account, body: null);
        Realm.IdClaims = [("sub", Guid.NewGuid().ToString()), ("realm_access", Roles("superuser"))];
        using var browser = await SignInAsync();
        var give = await browser.GetAsync($"{Site}/admin/access/give/{account}/book:view");
        var day = Now.UtcDateTime.AddDays(1).ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture);

        var refused = await browser.SubmitAsync(give, "form[action^='/admin/access/give']", ("until", day));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.Status);
        Assert.Contains("leave the end empty", refused.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(member, Books));

        await browser.SubmitAsync(refused, "form[action^='/admin/access/give']", ("until", ""));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(member, Books));
    }

    private static Dictionary<string, object> Roles(params string[] names) => new(StringComparer.Ordinal) { ["roles"] = names };

    // Somebody who may do everything, and somebody who may do nothing yet.
    private async Task<(HttpClient Ada, HttpClient Member, string Account)> PrepareAsync()
    {
        var ada = Realm.NewClient(Token(Guid.NewGuid().ToString(), "superuser"));
        var member = Realm.NewClient(Token(Person));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(member, Books));
        var me = await member.GetFromJsonAsync<JsonElement>("/api/me", Cancel);
        return (ada, member, me.GetProperty("accountId").GetString()!);
    }

    private string Token(string subject, params string[] roles)
    {
        var now = Realm.Clock.GetUtcNow().ToUnixTimeSeconds();
        return Realm.Mint(changes:
        [
            ("sub", subject),
            ("preferred_username", subject),
            ("client_id", null),
            ("iat", now),
            ("exp", now + 86_400),
            ("resource_access", null),
            ("realm_access", Roles(roles)),
        ]);
    }

    private static async Task<string> CreateGroupAsync(HttpClient ada, params string[] permissions)
    {
        var created = await ada.PostAsJsonAsync("/api/groups", new { name = $"g-{Guid.NewGuid():N}", permissions }, Cancel);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        return (await created.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("id").GetString()!;
    }

    private static async Task<JsonElement[]> MembersAsync(HttpClient ada, string group) =>
        [.. (await ada.GetFromJsonAsync<JsonElement>($"/api/groups/{group}/members", Cancel)).GetProperty("items").EnumerateArray()];

    private static Task PutAsync(HttpClient ada, string group, string account, object? body) =>
        PutAsync(ada, $"{group}/members/{account}", body);

    private static async Task PutAsync(HttpClient ada, string path, object? body)
    {
        using var content = body is null ? null : JsonContent.Create(body);
        var answer = await ada.PutAsync($"/api/groups/{path}", content, Cancel);
        Assert.True(answer.StatusCode == HttpStatusCode.NoContent, await answer.Content.ReadAsStringAsync(Cancel));
    }

    private static async Task<HttpStatusCode> GetAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path, Cancel);
        return answer.StatusCode;
    }

    private async Task<IAsyncDisposable> HoldAsync()
    {
        var connection = await Realm.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        var transaction = await Database.BeginWriteAsync(connection, Cancel);
        if (IsPostgreSql)
        {
            await connection.ExecuteAsync("SELECT 1 FROM group_members FOR UPDATE", transaction: transaction);
        }

        return new Held(connection, transaction);
    }

    private sealed record Held(DbConnection Connection, DbTransaction Transaction) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Transaction.DisposeAsync();
            await Connection.DisposeAsync();
        }
    }

    private string IdOf(string group) => IsPostgreSql ? group : group.ToUpperInvariant();
}

public sealed class EndingMembershipOnSqliteTests(ForgingRealmWithClock place)
    : EndingMembershipTests(place), IClassFixture<ForgingRealmWithClock>;

public sealed class EndingMembershipOnPostgreSqlTests(ForgingRealmWithClockOnPostgreSql place)
    : EndingMembershipTests(place), IClassFixture<ForgingRealmWithClockOnPostgreSql>;
