using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Benchmarks.Pages;

/// <summary><c>Path</c> may contain placeholders such as <c>{account}</c>; <c>Pages</c> is how many pages to go on.</summary>
internal sealed record StaffPage(string Name, string Path, int Pages = 0);

internal static partial class StaffPages
{
    public static readonly IReadOnlyList<StaffPage> All =
    [
        new("home", "/admin"),
        new("accounts", "/admin/accounts"),
        new("accounts, second page", "/admin/accounts", 1),
        new("accounts, 20 pages on", "/admin/accounts", 20),
        new("accounts by last seen", "/admin/accounts?sort=-seen"),
        new("accounts by last seen, 5 on", "/admin/accounts?sort=-seen", 5),
        new("accounts, services", "/admin/accounts?kind=service"),
        new("accounts, disabled", "/admin/accounts?enabled=false"),
        new("accounts seen today", "/admin/accounts?seen=1&sort=-seen"),
        new("accounts seen today, next", "/admin/accounts?seen=1", 1),
        new("accounts not seen for long", "/admin/accounts?seen=not-90"),
        new("accounts in no group", "/admin/accounts?nogroup=on&sort=-seen"),
        new("accounts, all filters", "/admin/accounts?kind=person&enabled=true&seen=7&sort=-seen"),
        new("accounts, search", "/admin/accounts?search=a"),
        new("accounts, search a name", "/admin/accounts?search={username}"),
        new("accounts, search services", "/admin/accounts?search=a&kind=service"),
        new("accounts, search disabled", "/admin/accounts?search=a&enabled=false"),
        new("accounts of a group", "/admin/accounts?group=book-readers"),
        new("accounts of a group, next", "/admin/accounts?group=book-readers", 1),
        new("one account", "/admin/accounts/{account}"),
        new("groups", "/admin/groups"),
        new("groups, search", "/admin/groups?search=read"),
        new("one group", "/admin/groups/{group}"),
        new("one group, default", "/admin/groups/0865c424-bc74-55fa-bb1f-b5946c5b72dd"),
        new("role mappings", "/admin/role-mappings"),
        new("role mappings, second page", "/admin/role-mappings", 1),
        new("role mappings, search", "/admin/role-mappings?search=e"),
        new("role mappings of a kind", "/admin/role-mappings?kind=keycloak-group"),
        new("role mappings of a group", "/admin/role-mappings?group=book-readers"),
        new("role mappings, idle", "/admin/role-mappings?matches=none"),
        new("one role mapping", "/admin/role-mappings/{mapping}"),
        new("unmapped roles", "/admin/role-mappings/unmapped"),
        new("books", "/admin/models/books"),
        new("books, search", "/admin/models/books?search=e"),
        new("one book", "/admin/models/books/{book}"),
        new("one author", "/admin/models/authors/{author}"),
        new("access, may", "/admin/access?account={username}&permission=book:view"),
        new("access, may not", "/admin/access?account={username}&permission=role-mapping:delete"),
        new("who may view books", "/admin/access/who?permission=book:view"),
        new("who may view books, next", "/admin/access/who?permission=book:view", 1),
        new("who may change groups", "/admin/access/who?permission=group:change"),
        new("sessions", "/admin/sessions"),
        new("sessions, second page", "/admin/sessions", 1),
        new("realm", "/admin/realm"),
        new("audit", "/admin/audit"),
        new("audit, 20 pages on", "/admin/audit", 20),
        new("audit, refusals", "/admin/audit?kind=denied-request"),
        new("audit, changes", "/admin/audit?kind=change"),
        new("audit of an account", "/admin/audit?account={username}"),
        new("audit of a model", "/admin/audit?model=book"),
        new("audit of a row", "/admin/audit?model=account&row={account}"),
        new("audit of an action", "/admin/audit?action=publish"),
        new("audit of a permission", "/admin/audit?permission=book:change"),
        new("audit until last week", "/admin/audit?to={lastweek}"),
        new("audit until last week, next", "/admin/audit?to={lastweek}", 1),
        new("audit, several filters", "/admin/audit?kind=change&model=book&action=publish&to={lastweek}"),
        new("audit, rare filters", "/admin/audit?kind=denied-request&model=audit&account={username}"),
        new("own account", "/account"),
    ];

    /// <summary>Resolves the placeholders, and follows the links to the next page; stops at the last.</summary>
    public static async Task<IReadOnlyList<string>> FindAsync(Site site, IEnumerable<StaffPage> pages)
    {
        var account = await FirstAsync(site, "/admin/accounts?kind=person&enabled=true&sort=-seen", "/admin/accounts/");
        var values = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["account"] = account.Id,
            ["username"] = account.Text,
            ["group"] = (await FirstAsync(site, "/admin/groups", "/admin/groups/")).Id,
            ["mapping"] = (await FirstAsync(site, "/admin/role-mappings", "/admin/role-mappings/")).Id,
            ["book"] = (await FirstAsync(site, "/admin/models/books", "/admin/models/books/")).Id,
            ["author"] = (await FirstAsync(site, "/admin/models/authors", "/admin/models/authors/")).Id,
            ["lastweek"] = DateTime.UtcNow.AddDays(-7).ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture),
        };
        var paths = new List<string>();
        foreach (var page in pages)
        {
            var path = Placeholder().Replace(page.Path, match => Uri.EscapeDataString(values[match.Groups["name"].Value]));
            for (var number = 0; number < page.Pages && Next().Match((await site.GetAsync(path)).Text) is { Success: true } next; number++)
            {
                path = WebUtility.HtmlDecode(next.Groups["path"].Value);
            }

            paths.Add(path);
        }

        return paths;
    }

    private static async Task<(string Id, string Text)> FirstAsync(Site site, string path, string start)
    {
        var (_, text) = await site.GetAsync(path);
        var match = Regex.Match(
            text,
            $"href=\"{Regex.Escape(start)}(?<id>[0-9a-f-]{{36}})\"[^>]*>(?<text>[^<]*)<",
            RegexOptions.ExplicitCapture,
            TimeSpan.FromSeconds(5));
        return match.Success
            ? (match.Groups["id"].Value, WebUtility.HtmlDecode(match.Groups["text"].Value).Trim())
            : throw new InvalidOperationException($"{path} links nothing.");
    }

    [GeneratedRegex(@"\{(?<name>\w+)\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Placeholder();

    [GeneratedRegex(
        "rel=\"next\" href=\"(?<path>[^\"]*)\"|href=\"(?<path>[^\"]*)\" rel=\"next\"",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Next();
}
