using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Revocations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Seeding;

namespace Api.Tests.Admin;

/// <summary>What holds for every page: each that a link leads to is looked at, once for each kind, with an organisation's data.</summary>
public abstract partial class PageRulesTests(ApiUnderTest api) : ApiTests(api)
{
    // Where nothing leads by itself.
    private static readonly string[] Apart =
    [
        "/account", "/admin/access?account=ada&permission=book:change", "/admin/access/who?permission=book:view",
        "/admin/accounts?search=a", "/admin/role-mappings/new?kind=realm-role&name=sta*&group=staff",
    ];

    // Every list, and each of those that can be filtered as it is filtered too.
    private static readonly string[] Lists =
    [
        "/admin/accounts", "/admin/accounts?kind=service", "/admin/accounts?enabled=false&sort=-seen", "/admin/accounts?search=an",
        "/admin/accounts?seen=30&kind=person", "/admin/accounts?group=book-readers", "/admin/accounts?nogroup=on",
        "/admin/groups", "/admin/groups?search=book",
        "/admin/role-mappings", "/admin/role-mappings?kind=realm-role", "/admin/role-mappings?matches=none",
        "/admin/role-mappings?group=book-readers", "/admin/role-mappings/unmapped",
        "/admin/access/who?permission=book:view", "/admin/access/who?permission=account:view",
        "/admin/sessions", "/admin/sessions?search=ad",
        "/admin/revocations", "/admin/realm", "/admin/groups/ending",
        "/admin/audit?kind=change&model=book", "/admin/audit?kind=change&action=add-member",
        "/admin/models/books", "/admin/models/books?search=the", "/admin/models/books?publishedOn.null=true", "/admin/models/authors",
    ];

    [Fact]
    public async Task Every_form_that_is_sent_carries_the_key_under_which_it_is_done_once()
    {
        var browser = await SeededAsync();
        var kinds = new HashSet<string>(StringComparer.Ordinal);
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (path, page) in await WalkAsync(browser))
        {
            foreach (var form in page.Page.QuerySelectorAll("form[method=post]"))
            {
                var action = form.GetAttribute("action")!;
                kinds.Add(Kind(action));
                Assert.NotNull(form.QuerySelector("input[type=hidden][name=__RequestVerificationToken]"));
                var key = form.QuerySelector("input[type=hidden][name=_once]")?.GetAttribute("value");
                Assert.True(Guid.TryParse(key, out _), $"{path}: the form of {action} has no key.");
                Assert.True(keys.Add(key!), $"{path}: the key of {action} is that of another form.");
            }
        }

        Assert.True(kinds.Count >= 20, string.Join(' ', kinds));
    }

    [Fact]
    public async Task Every_list_says_how_many_rows_it_has_and_is_to_be_had_as_a_file_with_as_many()
    {
        var browser = await SeededAsync();
        var broken = new List<string>();
        foreach (var (path, page) in await WalkAsync(browser, Lists))
        {
            var isList = Lists.Contains(path) || page.Page.QuerySelector(".pager") is not null;
            var rows = page.Page.QuerySelectorAll("main table.list tbody tr").Length;
            if (!isList || rows == 0)
            {
                broken.AddRange(Lists.Contains(path) && page.Status != HttpStatusCode.OK ? [$"{path} answers {page.Status}"] : []);
                continue;
            }

            if (page.Page.QuerySelector(".total") is not { } total || page.Page.QuerySelector("a[data-export$='.csv']") is not { } export)
            {
                broken.Add($"{path} has no total or no export.");
                continue;
            }

            var file = await browser.GetAsync(new Uri(page.Url, export.GetAttribute("href")!).AbsoluteUri);
            if (file.Status != HttpStatusCode.OK || file.Header("Content-Type") != "text/csv; charset=utf-8")
            {
                broken.Add($"{path}: the export answers {file.Status}.");
                continue;
            }

            var lines = Records(file.Text) - 1;
            var said = long.Parse(
                Number().Match(total.TextContent).Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
            if (!(total.TextContent.StartsWith("More than", StringComparison.Ordinal) ? lines > said : lines == said))
            {
                broken.Add($"{path} says “{total.TextContent.Trim()}”, and the file has {lines}.");
            }
        }

        Assert.True(broken.Count == 0, string.Join('\n', broken));
    }

    [Theory]
    [InlineData("/admin/accounts")]
    [InlineData("/admin/accounts?kind=person&sort=-seen")]
    [InlineData("/admin/audit")]
    [InlineData("/admin/models/books")]
    [InlineData("/admin/groups?search=team")]
    public async Task Every_page_of_a_list_leads_to_the_one_before(string list)
    {
        var browser = await SeededAsync();
        var pages = new List<(string Path, string[] Rows)>();
        for (var path = list; path is not null && pages.Count < 5;)
        {
            var page = await OpenAsync(browser, path);
            pages.Add((path, RowsOf(page)));
            path = page.Page.QuerySelector("a[rel=next]")?.GetAttribute("href");
        }

        Assert.True(pages.Count >= (list.Contains("groups", StringComparison.Ordinal) ? 1 : 3), $"{list} has {pages.Count} pages.");
        for (var index = pages.Count - 1; index > 0; index--)
        {
            var page = await OpenAsync(browser, pages[index].Path);
            Assert.Contains($"Page {index + 1}", page.Page.QuerySelector(".pager")!.TextContent, StringComparison.Ordinal);
            var before = await OpenAsync(browser, page.Page.QuerySelector("a[rel=prev]")!.GetAttribute("href")!);
            Assert.Equal(pages[index - 1].Rows, RowsOf(before));
            var after = await OpenAsync(browser, before.Page.QuerySelector("a[rel=next]")!.GetAttribute("href")!);
            Assert.Equal(pages[index].Rows, RowsOf(after));
        }

        Assert.Null((await OpenAsync(browser, list)).Page.QuerySelector("a[rel=prev]"));
    }

    [Fact]
    public async Task Every_link_back_to_a_list_leads_to_it_as_it_was_filtered()
    {
        var browser = await SeededAsync();
        Dictionary<string, string> filtered = new(StringComparer.Ordinal)
        {
            ["/admin/accounts"] = "?search=a&kind=person",
            ["/admin/groups"] = "?search=book",
            ["/admin/role-mappings"] = "?kind=realm-role",
            ["/admin/audit"] = "?kind=change",
            ["/admin/models/books"] = "?sort=-title",
            ["/admin/models/authors"] = "?search=a",
        };
        var shown = (await WalkAsync(browser)).Select(one => one.Path).ToArray();
        foreach (var (list, query) in filtered)
        {
            await OpenAsync(browser, list + query);
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in shown.Where(path => !filtered.ContainsKey(path.Split('?')[0])))
        {
            var back = (await OpenAsync(browser, path)).Page.QuerySelectorAll(".back a, form .actions a.quiet")
                .Select(link => link.GetAttribute("href")!);
            foreach (var link in back.Where(link => filtered.ContainsKey(link.Split('?')[0])))
            {
                var list = link.Split('?')[0];
                Assert.True(link == list + filtered[list], $"{path} leads back to {link}.");
                seen.Add(list);
            }
        }

        Assert.Equal(filtered.Keys.Order(StringComparer.Ordinal), seen.Order(StringComparer.Ordinal));
    }

    private static string[] RowsOf(RealmAnswer page) =>
        [.. page.Page.QuerySelectorAll("#results tbody tr, main table.list tbody tr").Select(row => row.TextContent)];

    private static string Kind(string path) => Ids().Replace(path.Split('?', '#')[0], "{id}");

    // Records of RFC 4180: a quoted cell may hold line breaks.
    private static int Records(string csv)
    {
        var (records, isQuoted) = (0, false);
        foreach (var character in csv)
        {
            isQuoted ^= character == '"';
            records += character == '\n' && !isQuoted ? 1 : 0;
        }

        return records;
    }

    private Task<RealmAnswer> OpenAsync(RealmBrowser browser, string path) => browser.GetAsync(new Uri(Api.BaseAddress, path).AbsoluteUri);

    // Each page once for each kind; those of a list of their own too.
    private async Task<IReadOnlyList<(string Path, RealmAnswer Page)>> WalkAsync(RealmBrowser browser, params string[] first)
    {
        var pages = new List<(string Path, RealmAnswer Page)>();
        var visited = new HashSet<string>(StringComparer.Ordinal);
        var waiting = new Queue<string>([.. first, "/admin", .. Apart]);
        while (waiting.TryDequeue(out var path))
        {
            if (!(first.Contains(path) || Apart.Contains(path) ? visited.Add(path) : visited.Add(Kind(path))))
            {
                continue;
            }

            var page = await OpenAsync(browser, path);
            pages.Add((path, page));
            foreach (var link in page.Page.QuerySelectorAll("a[href^='/admin']:not([download])"))
            {
                waiting.Enqueue(link.GetAttribute("href")!);
            }
        }

        return pages;
    }

    private async Task<RealmBrowser> SeededAsync()
    {
        var database = Api.Services.GetRequiredService<Database>();
        var browser = await Api.SignInAsync("ada");
        if ((await OpenAsync(browser, "/admin/models/books")).Page.QuerySelector("tbody tr") is null)
        {
            var keycloak = Api.Services.GetRequiredService<IOptions<KeycloakOptions>>().Value;
            await new Seeder(database, keycloak, TimeProvider.System).SeedAsync(
                new SeedSize(Accounts: 240, Groups: 12, Mappings: 40, Audit: 600, Days: 30, Seed: 1) { Books = 160 },
                (_, _, _) => { },
                Cancel);
            await Api.Services.GetRequiredService<RevocationCommands>().AddAsync(
                new RevocationRequest { Kind = Revocation.Client, Value = "no-longer-used" },
                untilNow: false,
                new Actor(AccountId: null, "root@host", Actor.CommandLine, RequestId: null),
                Cancel);
            await (await Api.ServiceAsync("acme-reader")).GetAsync("/api/books", Cancel);
        }

        return browser;
    }

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Ids();

    [GeneratedRegex("[0-9][0-9,]*", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Number();
}

public sealed class PageRulesOnSqliteTests(ApiOnEmbeddedRealm api) : PageRulesTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class PageRulesOnPostgreSqlTests(ApiOnPostgreSql api) : PageRulesTests(api), IClassFixture<ApiOnPostgreSql>;
