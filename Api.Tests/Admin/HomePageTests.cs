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
        Assert.Equal("/admin/role-mappings/unmapped", Of("not mapped"));
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
        // What nobody looked at for them is not said to be well. What they work with is there, and what they may do with it.
        Assert.DoesNotContain("All is well", home.Text, StringComparison.Ordinal);
        Assert.Equal(["Authors", "Books"], home.Page.QuerySelectorAll(".cards strong").Select(title => title.TextContent));
        Assert.Contains("You may view, add, change", home.Page.QuerySelector(".cards p")!.TextContent, StringComparison.Ordinal);
        Assert.NotNull(home.Page.QuerySelector("a[href='/admin/models/books/new']"));
        var title = $"Own {Guid.NewGuid():N}";
        await pages.SubmitAsync(
            await pages.GetAsync($"{Url}/admin/models/authors/new"), "form[action='/admin/models/authors/new']", ("name", title));
        var own = (await pages.GetAsync($"{Url}/admin")).Page.QuerySelector("[aria-label='What you did last'] tbody tr")!;
        Assert.Contains($"added author {title}", own.TextContent, StringComparison.Ordinal);
        // The log itself is not for them.
        Assert.Null(own.QuerySelector("a"));
    }

    [Theory]
    [InlineData("ada", "/admin/nothing-here", 404)]
    [InlineData("ada", "/admin/groups/11111111-1111-1111-1111-111111111111", 404)]
    [InlineData("ada", "/nothing-here", 404)]
    [InlineData("grace", "/admin/accounts", 403)]
    [InlineData("grace", "/admin/nothing-here", 404)]
    public async Task A_page_that_is_refused_or_not_there_keeps_the_navigation(string person, string path, int status)
    {
        var pages = await Api.SignInAsync(person);
        var home = await pages.GetAsync($"{Url}/admin");
        string[] expected = [.. home.Page.QuerySelectorAll("nav.side a").Select(link => link.TextContent)];

        var page = await pages.GetAsync(Url + path);

        Assert.Equal(status, (int)page.Status);
        Assert.Equal(expected, page.Page.QuerySelectorAll("nav.side a").Select(link => link.TextContent));
        Assert.Single(page.Page.QuerySelectorAll("h1"));
        // Nobody who is signed in, no navigation.
        Assert.Empty((await Api.NewBrowser().GetAsync($"{Url}/admin/nothing-here")).Page.QuerySelectorAll("nav.side"));
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
