using System.Net;
using Api.Tests.Infrastructure;

namespace Api.Tests.Admin;

/// <summary>Staff ask whether somebody may do something, and who may.</summary>
public abstract class AccessPagesTests(ApiUnderTest api) : ApiTests(api)
{
    private string Url => Api.Realm.ApiUrl;

    [Fact]
    public async Task An_answer_comes_with_the_chain_drawn_and_written_out()
    {
        await (await Api.ServiceAsync("acme-writer")).GetAsync("/api/me", Cancel);
        var pages = await Api.SignInAsync("ada");

        var page = await pages.GetAsync($"{Url}/admin/access?account=acme-writer&permission=book:change");

        Assert.Contains("Allowed.", page.Page.QuerySelector("[role=status]")!.TextContent, StringComparison.Ordinal);
        Assert.Equal(
            ["acme-api / book-editor", "book-editor", "book-editors", "book:change"],
            page.Page.QuerySelector(".chain")!.QuerySelectorAll("li > :last-child").Select(step => step.TextContent));
        Assert.Equal(4, page.Page.QuerySelectorAll(".graph .node").Length);
        Assert.Equal(3, page.Page.QuerySelectorAll(".graph .edge").Length);
    }

    [Fact]
    public async Task A_refusal_says_what_it_would_take()
    {
        await (await Api.ServiceAsync("acme-nobody")).GetAsync("/api/me", Cancel);
        var pages = await Api.SignInAsync("ada");

        var page = await pages.GetAsync($"{Url}/admin/access?account=acme-nobody&permission=book:change");

        Assert.Contains("Refused.", page.Page.QuerySelector("[role=status]")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("book-editors", page.Page.QuerySelector("main ul")!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_denial_is_drawn_beside_what_it_wins_over()
    {
        var ada = await Api.PersonAsync("ada");
        var writer = await Api.ServiceAsync("acme-writer");
        await using var denying = await GroupUnderTest.CreateAsync(ada, granted: [], denied: ["book:*"]);
        await denying.WithAsync(await AccountIdAsync(writer));
        var pages = await Api.SignInAsync("ada");

        var page = await pages.GetAsync($"{Url}/admin/access?account=acme-writer&permission=book:change");

        Assert.Contains("Refused.", page.Page.QuerySelector("[role=status]")!.TextContent, StringComparison.Ordinal);
        Assert.Single(page.Page.QuerySelectorAll(".chain.bad"));
        Assert.NotEmpty(page.Page.QuerySelectorAll(".edge.bad"));
        Assert.NotEmpty(page.Page.QuerySelectorAll(".edge:not(.bad)"));
    }

    [Fact]
    public async Task Somebody_who_was_never_seen_is_said_to_be_unknown()
    {
        var pages = await Api.SignInAsync("ada");

        var page = await pages.GetAsync($"{Url}/admin/access?account=%3Cb%3Ewho&permission=book:change");

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains("Nobody of the name <b>who", page.Page.QuerySelector("[role=alert]")!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Turned_round_exactly_those_are_listed_who_may()
    {
        await (await Api.ServiceAsync("acme-nobody")).GetAsync("/api/me", Cancel);
        foreach (var person in new[] { "ada", "linus", "grace" })
        {
            await (await Api.PersonAsync(person)).GetAsync("/api/me", Cancel);
        }

        var pages = await Api.SignInAsync("ada");
        Assert.Equal(["ada", "linus"], Names(await pages.GetAsync($"{Url}/admin/access/who?permission=account:change")));

        // A group for everybody leads to everybody.
        var ada = await Api.PersonAsync("ada");
        await using var everybody = await GroupUnderTest.CreateAsync(ada, ["access:view"], forEverybody: true);
        Assert.Contains("acme-nobody", Names(await pages.GetAsync($"{Url}/admin/access/who?permission=access:view")));

        static string[] Names(RealmAnswer page) =>
            [.. page.Page.QuerySelectorAll("#results tbody th a").Select(link => link.TextContent).Order(StringComparer.Ordinal)];
    }
}

public sealed class AccessPagesOnSqliteTests(ApiOnEmbeddedRealm api) : AccessPagesTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class AccessPagesOnPostgreSqlTests(ApiOnPostgreSql api) : AccessPagesTests(api), IClassFixture<ApiOnPostgreSql>;
