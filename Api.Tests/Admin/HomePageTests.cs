using System.Net;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Admin;

/// <summary>The home page: what needs attention, and what has been going on, in numbers that add up.</summary>
public abstract class HomePageTests(ApiUnderTest api) : ApiTests(api)
{
    private string Url => Api.Realm.ApiUrl;

    [Fact]
    public async Task What_needs_attention_is_named_with_the_place_that_mends_it()
    {
        await (await Api.ServiceAsync("acme-nobody")).GetAsync("/api/me", Cancel);
        var ada = await Api.PersonAsync("ada");
        await using var idle = await GroupUnderTest.CreateAsync(ada, ["book:view"]);
        await idle.WithRoleAsync("realm-role", "nobody-has-this-one");
        await using (var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel))
        {
            await connection.ExecuteAsync(
                """
                INSERT INTO realm_keys (issuer, key_id, algorithm, first_seen_at, last_seen_at)
                VALUES (@issuer, 'of-long-ago', 'RS256', @at, @at), (@issuer, 'of-today', 'RS256', @now, @now);
                INSERT INTO observed_roles (kind, client, name, first_observed_at) VALUES ('realm-role', '', 'leads-nowhere', @at);
                """,
                new { issuer = Api.Realm.Issuer, at = DateTimeOffset.UtcNow.AddDays(-30), now = DateTimeOffset.UtcNow });
        }

        var pages = await Api.SignInAsync("ada");
        var notices = (await pages.GetAsync($"{Url}/admin")).Page.QuerySelectorAll(".cards > li")
            .ToDictionary(
                notice => notice.QuerySelector("strong")!.TextContent, notice => notice.QuerySelector("a")!.GetAttribute("href")!);

        Assert.Equal("/admin/role-mappings?matches=none", Of("match"));
        Assert.Equal("/admin/role-mappings/unmapped", Of("nowhere"));
        Assert.Equal("/admin/realm", Of("new keys"));
        Assert.StartsWith("/admin/accounts", Of("in no group"), StringComparison.Ordinal);

        string Of(string words) => Assert.Single(notices, notice => notice.Key.Contains(words, StringComparison.Ordinal)).Value;
    }

    [Fact]
    public async Task A_request_is_counted_once_by_how_it_ended_however_much_it_is_asked_for()
    {
        var reader = await Api.ServiceAsync("acme-reader");
        var nobody = await Api.ServiceAsync("acme-nobody");
        await reader.GetAsync("/api/books", Cancel);
        var pages = await Api.SignInAsync("ada");
        var before = await LookAsync();

        for (var count = 0; count < 3; count++)
        {
            Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("/api/books", Cancel)).StatusCode);
        }

        for (var count = 0; count < 12; count++)
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await nobody.GetAsync("/api/books", Cancel)).StatusCode);
        }

        // Pages of groups requirement two permissions, that of the pages and that of the model; who does not come in is in no picture.
        await pages.GetAsync($"{Url}/admin/groups");
        Assert.Equal(HttpStatusCode.Unauthorized, (await Api.NewClient().GetAsync("/api/books", Cancel)).StatusCode);

        var after = await LookAsync();
        Assert.Equal(before.Allowed + 3 + 2, after.Allowed);
        Assert.Equal(before.Refused + 12, after.Refused);
        Assert.Equal(before.Reader + 3, after.Reader);
        Assert.Contains("Refused calls are rising", after.Notices);

        async Task<(long Allowed, long Refused, long Reader, IEnumerable<string> Notices)> LookAsync()
        {
            var home = (await pages.GetAsync($"{Url}/admin")).Page;
            var sums = home.QuerySelectorAll(".chart")[0].QuerySelectorAll(".legend b").Select(sum => Number(sum.TextContent)).ToArray();
            var service = home.QuerySelectorAll(".rank tbody tr")
                .Single(row => row.QuerySelector("th")!.TextContent.Trim() == "acme-reader");
            return (sums[0], sums[1], Number(
                service.QuerySelector(".number")!.TextContent), [.. home.QuerySelectorAll(".cards strong")
                    .Select(title => title.TextContent)]);
        }

        static long Number(string text) =>
            long.Parse(text, System.Globalization.NumberStyles.AllowThousands, System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task What_this_browser_has_just_done_is_in_the_pictures_already()
    {
        var pages = await Api.SignInAsync("ada");

        var home = await pages.GetAsync($"{Url}/admin");

        Assert.Contains("sign-ins", home.Page.QuerySelectorAll(".chart")[1].TextContent, StringComparison.Ordinal);
        Assert.NotEmpty(home.Page.QuerySelectorAll(".chart .bar"));
    }

    [Fact]
    public async Task Who_may_see_nothing_but_the_home_page_sees_nothing_else_on_it()
    {
        var pages = await Api.SignInAsync("grace");

        var home = await pages.GetAsync($"{Url}/admin");

        Assert.Equal(HttpStatusCode.OK, home.Status);
        Assert.Empty(home.Page.QuerySelectorAll(".chart"));
        var links = home.Page.QuerySelectorAll("nav.side a").Select(link => link.TextContent);
        Assert.Equal(["Home", "Authors", "Books"], links);
        // What nobody looked at for them is not said to be well.
        Assert.Equal("There is nothing here for you to watch", home.Page.QuerySelector(".cards strong")!.TextContent);
    }

    [Fact]
    public async Task Coming_back_in_the_same_session_at_Keycloak_is_no_sign_in()
    {
        var pages = await Api.SignInAsync("ada");
        var before = await LookAsync();

        // As a browser does by itself when its session has run out here: Keycloak asks nothing.
        Assert.Equal(HttpStatusCode.OK, (await pages.GetAsync($"{Url}/signin?returnUrl=/admin")).Status);
        Assert.Equal(before, await LookAsync());

        await Api.SignInAsync("ada");
        Assert.Equal(before + 1, await LookAsync());

        async Task<long> LookAsync() => long.Parse(
            (await pages.GetAsync($"{Url}/admin")).Page.QuerySelectorAll(".chart")[1].QuerySelector(".legend b")!.TextContent,
            System.Globalization.NumberStyles.AllowThousands,
            System.Globalization.CultureInfo.InvariantCulture);
    }
}

public sealed class HomePageOnSqliteTests(ApiOnEmbeddedRealm api) : HomePageTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class HomePageOnPostgreSqlTests(ApiOnPostgreSql api) : HomePageTests(api), IClassFixture<ApiOnPostgreSql>;
