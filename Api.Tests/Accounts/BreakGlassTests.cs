using System.Net;
using AngleSharp.Html.Dom;
using Api.Tests.Infrastructure;
using Api.Tests.Keycloak;
using Dapper;
using KeycloakAccess.Accounts;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Api.Tests.Accounts;

/// <summary>Somebody signs in by a link while Keycloak is away: the realm is down from the start, and never reached.</summary>
public abstract class BreakGlassTests(ForgingRealmPlace place) : SessionClockTests(place)
{
    private const string Form = "form[action='/break-glass']";

    private readonly Guid _account = Guid.NewGuid();

    private string Username => $"ada-{_account:N}"[..12];

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Realm.IsDown = true;
        await ExecuteAsync(
            """
            INSERT INTO accounts (id, issuer, subject, kind, username, name, enabled, created_at, last_seen_at)
            VALUES (@account, @issuer, @Subject, 'person', @username, 'Ada Lovelace', @enabled, @now, @now);
            INSERT INTO group_members (group_id, account_id) SELECT id, @account FROM groups WHERE name = 'superusers'
            """,
            new { account = _account, issuer = Realm.Issuer, username = Username, enabled = true, now = Realm.Clock.GetUtcNow() });
    }

    [Fact]
    public async Task A_link_signs_in_once_while_the_realm_cannot_be_reached_and_every_page_says_so()
    {
        using var browser = Realm.NewBrowser();
        var link = await IssueAsync();

        var page = await browser.GetAsync(link);
        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Equal("no-referrer", page.Header("Referrer-Policy"));
        Assert.Contains("no-store", page.Header("Cache-Control"), StringComparison.Ordinal);
        var home = await browser.SubmitAsync(page, Form);

        Assert.Equal("/admin", home.Url.AbsolutePath);
        Assert.Equal(HttpStatusCode.OK, home.Status);
        foreach (var path in new[] { "/admin", "/account", "/admin/groups/new", "/admin/audit" })
        {
            Assert.Contains("You are signed in without Keycloak", (await browser.GetAsync(Site + path)).Text, StringComparison.Ordinal);
        }

        using var other = Realm.NewBrowser();
        var again = await other.SubmitAsync(page, Form, ("__RequestVerificationToken", await TokenAsync(other)));
        Assert.Equal(HttpStatusCode.Forbidden, again.Status);
        Assert.Null(other.Cookies["session"]);
        // All at one time, by the clock of this test.
        Assert.Equal(
            [BreakGlassLinks.IssueAction, BreakGlassLinks.RefuseAction, BreakGlassLinks.UseAction],
            (await ListAuditAsync("action")).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task To_open_a_link_uses_nothing_and_neither_does_a_form_of_another_site()
    {
        using var browser = Realm.NewBrowser();
        var link = await IssueAsync();
        for (var count = 0; count < 3; count++)
        {
            Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(link)).Status);
        }

        using var stranger = Realm.NewBrowser();
        var forged = await stranger.PostAsync(
            $"{Site}/break-glass", [KeyValuePair.Create("link", link[(link.IndexOf('=', StringComparison.Ordinal) + 1)..])]);
        Assert.Equal(HttpStatusCode.BadRequest, forged.Status);

        Assert.Equal("/admin", (await browser.SubmitAsync(await browser.GetAsync(link), Form)).Url.AbsolutePath);
    }

    [Fact]
    public async Task Of_two_browsers_at_two_instances_at_once_one_gets_in()
    {
        await using var other = await StartAnotherAsync(("BreakGlass:Enabled", "true"));
        using var one = Realm.NewBrowser();
        using var two = Realm.NewBrowser(other.Api);
        for (var round = 0; round < 5; round++)
        {
            var link = await IssueAsync();
            var pages = (One: await one.GetAsync(link), Two: await two.GetAsync(link));
            var before = await ScalarAsync<long>("SELECT COUNT(*) FROM sessions WHERE subject = @Subject");

            var answers = await Task.WhenAll(
                Task.Run(() => one.SubmitAsync(pages.One, Form)), Task.Run(() => two.SubmitAsync(pages.Two, Form)));

            Assert.Single(answers, answer => answer.Url.AbsolutePath == "/admin");
            Assert.Single(answers, answer => answer.Status == HttpStatusCode.Forbidden);
            Assert.InRange(await ScalarAsync<long>("SELECT COUNT(*) FROM sessions WHERE subject = @Subject"), 1, before + 1);
        }
    }

    [Fact]
    public async Task A_link_is_good_for_ten_minutes()
    {
        using var browser = Realm.NewBrowser();
        var page = await browser.GetAsync(await IssueAsync());

        Realm.Clock.Advance(BreakGlassLinks.GoodFor);
        var late = await browser.SubmitAsync(page, Form);

        Assert.Equal(HttpStatusCode.Forbidden, late.Status);
        Assert.Contains("not any more", late.Text, StringComparison.Ordinal);
        Assert.Contains("expired", string.Join(' ', await ListAuditAsync("new_values")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_session_lasts_for_an_hour_however_it_is_used_and_nobody_asks_Keycloak_for_newer_tokens()
    {
        using var browser = await GetInAsync();
        Realm.IsDown = false;
        for (var minutes = 0; minutes < 50; minutes += 10)
        {
            Realm.Clock.Advance(TimeSpan.FromMinutes(10));
            Assert.Equal(HttpStatusCode.OK, await AskAsync(browser.Cookies["session"]!));
        }

        Realm.Clock.Advance(TimeSpan.FromMinutes(10));

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(browser.Cookies["session"]!));
        Assert.Empty(Realm.Refreshes);
    }

    [Fact]
    public async Task It_ends_with_the_account_and_as_every_other_session_does()
    {
        using var ended = await GetInAsync();
        using var left = await GetInAsync();
        var key = left.Cookies["session"]!;
        var signedOut = await left.SubmitAsync(await left.GetAsync($"{Site}/account"), "form[action='/signout']");
        Assert.Equal("/signed-out", signedOut.Url.AbsolutePath);
        Assert.Equal("", signedOut.Url.Query);
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(key));

        using var disabled = await GetInAsync();
        Assert.Equal(HttpStatusCode.OK, await AskAsync(disabled.Cookies["session"]!));
        await ExecuteAsync("UPDATE accounts SET enabled = @no WHERE id = @account", new { account = _account, no = false });
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(disabled.Cookies["session"]!));
        await ExecuteAsync("DELETE FROM sessions WHERE subject = @Subject");
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(ended.Cookies["session"]!));
    }

    [Fact]
    public async Task A_link_for_an_account_that_is_disabled_since_is_refused()
    {
        using var browser = Realm.NewBrowser();
        var page = await browser.GetAsync(await IssueAsync());
        await ExecuteAsync("UPDATE accounts SET enabled = @no WHERE id = @account", new { account = _account, no = false });

        Assert.Equal(HttpStatusCode.Forbidden, (await browser.SubmitAsync(page, Form)).Status);
        Assert.Contains("disabled", string.Join(' ', await ListAuditAsync("new_values")), StringComparison.Ordinal);
        Assert.Equal(0, await ScalarAsync<long>("SELECT COUNT(*) FROM sessions WHERE subject = @Subject"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task What_no_link_holds_opens_nothing(string secret)
    {
        using var browser = Realm.NewBrowser();
        var page = await browser.GetAsync(await IssueAsync());

        Assert.Equal(HttpStatusCode.Forbidden, (await browser.SubmitAsync(page, Form, ("link", secret))).Status);
        Assert.Null(browser.Cookies["session"]);
    }

    [Fact]
    public async Task The_database_holds_nothing_that_signs_anybody_in()
    {
        var link = await IssueAsync();
        var secret = link[(link.IndexOf('=', StringComparison.Ordinal) + 1)..];

        Assert.Equal(0, await ScalarAsync<long>($"SELECT COUNT(*) FROM break_glass_links WHERE secret_hash = '{secret}'"));
        Assert.DoesNotContain(secret, string.Join(' ', await ListAuditAsync("new_values")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_holds_the_roles_that_Keycloak_said_last()
    {
        Realm.IsDown = false;
        var subject = Guid.NewGuid().ToString();
        Realm.IdClaims =
        [
            ("sub", subject), ("preferred_username", "grace"),
            ("realm_access", new Dictionary<string, object> { ["roles"] = new[] { "superuser" } }),
            ("groups", new[] { "/operations/leads" }),
        ];
        using (var before = Realm.NewBrowser())
        {
            // It is asked again a while after it was away.
            await UntilAsync(async () =>
                (await before.GetAsync($"{Site}/account")) is { Status: HttpStatusCode.OK, Url.AbsolutePath: "/account" });
        }

        Realm.IsDown = true;
        using var browser = Realm.NewBrowser();
        var id = await ScalarAsync<Guid>($"SELECT id FROM accounts WHERE subject = '{subject}'");
        await browser.SubmitAsync(await browser.GetAsync(await IssueAsync(id)), Form);
        var roles = (await browser.GetAsync($"{Site}/account")).Page.QuerySelectorAll(".facts .chips code")
            .Select(role => role.TextContent).ToList();

        Assert.Contains("realm role superuser", roles);
        Assert.Contains("Keycloak group /operations/leads", roles);
    }

    [Fact]
    public async Task The_home_page_shows_it_for_a_month()
    {
        using var browser = await GetInAsync();
        var title = $"{Username} signed in without Keycloak";

        var home = await browser.GetAsync($"{Site}/admin");
        Assert.Contains(title, home.Text, StringComparison.Ordinal);
        Assert.Contains("somebody@host", home.Text, StringComparison.Ordinal);
        Assert.Contains("Keycloak is down", home.Text, StringComparison.Ordinal);

        Realm.Clock.Advance(TimeSpan.FromDays(29));
        using var later = await GetInAsync();
        Assert.Contains(title, (await later.GetAsync($"{Site}/admin")).Text, StringComparison.Ordinal);
        await ExecuteAsync(
            "UPDATE break_glass_links SET issued_at = @old WHERE account_id = @account",
            new { account = _account, old = Realm.Clock.GetUtcNow().AddDays(-31) });
        Assert.DoesNotContain(title, (await later.GetAsync($"{Site}/admin")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_it_is_off_there_is_no_such_page_and_a_link_is_worth_nothing()
    {
        await using var off = await StartAnotherAsync(("BreakGlass:Enabled", "false"));
        using var browser = Realm.NewBrowser(off.Api);
        var link = await IssueAsync();

        Assert.Equal(HttpStatusCode.NotFound, (await browser.GetAsync(link)).Status);
        Assert.Equal(
            HttpStatusCode.NotFound,
            (await browser.PostAsync($"{Site}/break-glass", [KeyValuePair.Create("link", link[(link.IndexOf('=') + 1)..])])).Status);
    }

    private async Task<RealmBrowser> GetInAsync()
    {
        var browser = Realm.NewBrowser();
        var home = await browser.SubmitAsync(await browser.GetAsync(await IssueAsync()), Form);
        Assert.True(home.Status == HttpStatusCode.OK && home.Url.AbsolutePath == "/admin", home.ToString());
        return browser;
    }

    private async Task<string> IssueAsync(Guid? account = null)
    {
        var found = await Realm.Services.GetRequiredService<AccountStore>().FindAsync(account ?? _account, Cancel);
        var secret = await Realm.Services.GetRequiredService<BreakGlassLinks>().IssueAsync(
            found!, new Actor(AccountId: null, "somebody@host", Actor.CommandLine, RequestId: null, "Keycloak is down"), Cancel);
        return $"{Site}/break-glass?link={secret}";
    }

    private static async Task<string> TokenAsync(RealmBrowser browser) => ((IHtmlInputElement)(await browser.GetAsync(
        $"{Site}/break-glass?link=another")).Page.QuerySelector("[name=__RequestVerificationToken]")!).Value;

    private async Task<List<string>> ListAuditAsync(string column)
    {
        await using var connection = await Realm.Services.GetRequiredService<Database>().OpenAsync(Cancel);
        return (await connection.QueryAsync<string>(
            $"SELECT {column} FROM audit_log WHERE row_id = @id AND action LIKE '%break-glass' ORDER BY at, id",
            new { id = _account.ToString() })).AsList();
    }
}

public sealed class BreakGlassOnSqliteTests(BreakGlassOnSqliteTests.Place place)
    : BreakGlassTests(place), IClassFixture<BreakGlassOnSqliteTests.Place>
{
    public sealed class Place() : ForgingRealmPlace(() => ForgingRealm.StartAsync(
        new FakeTimeProvider(DateTimeOffset.UtcNow),
        realm => realm.IsDown = true,
        DatabaseEngine.Sqlite,
        addServices: null,
        mapEndpoints: null,
        ("BreakGlass:Enabled", "true")));
}

public sealed class BreakGlassOnPostgreSqlTests(BreakGlassOnPostgreSqlTests.Place place)
    : BreakGlassTests(place), IClassFixture<BreakGlassOnPostgreSqlTests.Place>
{
    public sealed class Place() : ForgingRealmPlace(() => ForgingRealm.StartAsync(
        new FakeTimeProvider(DateTimeOffset.UtcNow),
        realm => realm.IsDown = true,
        DatabaseEngine.PostgreSql,
        addServices: null,
        mapEndpoints: null,
        ("BreakGlass:Enabled", "true")));
}
