using System.Net;
using System.Text.RegularExpressions;
using Api.Tests.Infrastructure;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Admin;

/// <summary>No page leads anywhere that ends in a refusal, whatever little its reader may do.</summary>
public abstract partial class LinksTests(ApiUnderTest api) : ApiTests(api)
{
    // Where a form leads, and no link.
    private static readonly string[] Apart =
    [
        "/admin/access?account=linus&permission=account:change", "/admin/access?account=linus&permission=book:delete",
        "/admin/access/who?permission=account:change", "/admin/access/who?permission=author:publish-nothing",
        "/admin/role-mappings/new?kind=realm-role&name=sta*&group=staff",
        "/admin/accounts?search=no-such-name",
        "/admin/groups?search=no-such-name",
        "/admin/role-mappings?search=no-such-name", "/account",
    ];

    [Theory]
    [InlineData]
    [InlineData("access:view")]
    [InlineData("account:view")]
    [InlineData("account:*", "group:change")]
    [InlineData("account:view", "access:view", "group:change")]
    [InlineData("group:view")]
    [InlineData("group:*", "access:view")]
    [InlineData("group:*", "account:view")]
    [InlineData("role-mapping:view")]
    [InlineData("role-mapping:*")]
    [InlineData("role-mapping:*", "group:view", "access:view")]
    [InlineData("session:*", "realm:view")]
    [InlineData("audit:view")]
    [InlineData("audit:view", "group:view", "access:view")]
    [InlineData("book:*", "audit:view")]
    [InlineData("author:*")]
    public async Task Whoever_may_do_a_little_is_led_nowhere_that_they_may_not_go(params string[] permissions)
    {
        var ada = await Api.PersonAsync("ada");
        await AccountIdAsync(await Api.PersonAsync("linus"));
        await using var everybody = await GroupUnderTest.CreateAsync(ada, ["realm:view"], isDefault: permissions.Contains("realm:view"));
        await using var mapped = await GroupUnderTest.CreateAsync(ada, ["author:view"]);
        await mapped.WithRoleAsync("keycloak-group", "/operations/*");
        await mapped.WithAsync(await AccountIdAsync(await Api.ServiceAsync("acme-nobody")));
        // nora reads books and authors by a role, unless a group denies it.
        var denied = new[] { "book:view", "author:view" }.Where(permission =>
            !permissions.Contains(permission.Replace("view", "*", StringComparison.Ordinal)));
        await using var group = await GroupUnderTest.CreateAsync(ada, ["admin:view", .. permissions], denied);
        await group.WithAsync(await AccountIdAsync(await Api.PersonAsync("nora")));
        var browser = await Api.SignInAsync("nora");

        var refused = new List<string>();
        var shown = 0;
        var opened = new HashSet<string>(StringComparer.Ordinal);
        var looked = new Dictionary<string, int>(StringComparer.Ordinal);
        var waiting = new Queue<(string Path, string From)>(Apart.Select(path => (path, "")).Prepend(("/admin", "")));
        while (waiting.TryDequeue(out var next))
        {
            var kind = Ids().Replace(next.Path.Split('?', '#')[0], "{id}");
            if (!opened.Add(next.Path.Split('#')[0]) || looked.GetValueOrDefault(kind) >= 6)
            {
                continue;
            }

            looked[kind] = looked.GetValueOrDefault(kind) + 1;
            var page = await browser.GetAsync(new Uri(Api.BaseAddress, next.Path).AbsoluteUri);
            if (page.Status == HttpStatusCode.Forbidden && next.From.Length > 0)
            {
                refused.Add($"{next.From} leads to {next.Path}");
            }

            if (page.Status != HttpStatusCode.OK)
            {
                continue;
            }

            shown++;
            foreach (var element in page.Page.QuerySelectorAll("a[href^='/admin'], [hx-get^='/admin']"))
            {
                waiting.Enqueue((element.GetAttribute("href") ?? element.GetAttribute("hx-get")!, next.Path));
            }
        }

        Assert.Empty(refused);
        // Home and one's own account are there for everybody.
        Assert.True(shown > (permissions.Length == 0 ? 1 : 3), string.Join(' ', looked.Keys));
    }

    [Fact]
    public void A_link_asks_what_the_pages_below_it_ask()
    {
        var pages = Api.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint =>
                endpoint.RoutePattern.RawText!.StartsWith("/admin/", StringComparison.Ordinal)
                && !endpoint.RoutePattern.RawText.StartsWith("/admin/models/", StringComparison.Ordinal))
            .Where(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Contains("GET"))
            .ToArray();
        Assert.NotEmpty(pages);
        foreach (var page in pages)
        {
            var asked = page.Metadata.OfType<AuthorizationPolicy>()
                .SelectMany(policy => policy.Requirements)
                .OfType<PermissionRequirement>()
                .Select(requirement => requirement.Permission)
                .OfType<Permission>()
                .Where(permission => permission.Action == Permission.View)
                .ToHashSet();

            Assert.True(Of(asked).MayOpen(page.RoutePattern.RawText!), page.RoutePattern.RawText);
            foreach (var permission in asked)
            {
                Assert.False(
                    Of(asked.Where(other => other != permission)).MayOpen(page.RoutePattern.RawText!),
                    $"{page.RoutePattern.RawText} asks {permission}");
            }
        }

        static Viewer Of(IEnumerable<Permission> permissions) => new(Guid.Empty, "", permissions.ToHashSet(), TimeZoneInfo.Utc, []);
    }

    [Theory]
    [InlineData("/admin/access", "#account-names", "access:view", "account:view")]
    [InlineData("/admin/audit", "#account-names", "audit:view", "account:view")]
    [InlineData("/admin/role-mappings", "#group-names", "role-mapping:view", "group:view")]
    [InlineData("/admin/role-mappings/new", "#group-names", "role-mapping:*", "group:view")]
    public async Task Names_are_suggested_to_those_alone_who_may_ask_for_them(string path, string list, string permission, string needed)
    {
        var ada = await Api.PersonAsync("ada");
        var nora = await AccountIdAsync(await Api.PersonAsync("nora"));
        await using var group = await (await GroupUnderTest.CreateAsync(ada, ["admin:view", permission])).WithAsync(nora);
        var browser = await Api.SignInAsync("nora");

        var without = await browser.GetAsync(new Uri(Api.BaseAddress, path).AbsoluteUri);
        await using var more = await (await GroupUnderTest.CreateAsync(ada, [needed])).WithAsync(nora);
        var with = await browser.GetAsync(new Uri(Api.BaseAddress, path).AbsoluteUri);

        Assert.False(without.Page.QuerySelector(list)!.HasAttribute("hx-get"));
        var names = with.Page.QuerySelector(list)!.GetAttribute("hx-get")!;
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(new Uri(Api.BaseAddress, names).AbsoluteUri)).Status);
    }

    [Fact]
    public async Task Whoever_is_taken_out_of_a_group_leads_back_to_a_page_that_one_may_open()
    {
        var ada = await Api.PersonAsync("ada");
        var nora = await AccountIdAsync(await Api.PersonAsync("nora"));
        var nobody = await AccountIdAsync(await Api.ServiceAsync("acme-nobody"));
        await using var group = await (await GroupUnderTest.CreateAsync(
            ada, ["admin:view", "account:view", "group:change"])).WithAsync(nora);
        await group.WithAsync(nobody);
        var browser = await Api.SignInAsync("nora");

        var ask = await browser.GetAsync(
            new Uri(Api.BaseAddress, $"/admin/accounts/{nobody}/groups/{group.Id}/leave?from=group").AbsoluteUri);
        var left = await browser.SubmitAsync(ask, "form[action$='/leave']");

        Assert.Equal(HttpStatusCode.OK, left.Status);
        Assert.Contains($"Removed from the group {group.Name}", left.Text, StringComparison.Ordinal);
    }

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Ids();
}

public sealed class LinksOnSqliteTests(ApiOnEmbeddedRealm api) : LinksTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class LinksOnPostgreSqlTests(ApiOnPostgreSql api) : LinksTests(api), IClassFixture<ApiOnPostgreSql>;
