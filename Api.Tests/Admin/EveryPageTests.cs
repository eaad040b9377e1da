using System.Security.Claims;
using System.Text.RegularExpressions;
using Api.Tests.Infrastructure;
using KeycloakAccess.Accounts;
using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Data;
using KeycloakAccess.Revocations;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Playwright;
using Seeding;

namespace Api.Tests.Admin;

/// <summary>
/// Every page that a link leads to, once for each kind: without a violation that axe finds, in light and dark, on a desk and on
/// a phone, and without anything that sticks out on a phone. With SCREENSHOTS set to a folder, each is written there as a picture.
/// </summary>
public abstract partial class EveryPageTests(RealmUnderTest realm, Chromium chromium) : PagesInBrowserTests(realm, chromium)
{
    private static readonly string? Screenshots = Environment.GetEnvironmentVariable("SCREENSHOTS") is { Length: > 0 } folder
        ? folder
        : null;

    // Addresses that show no page of their own: parts of others, files, and those at which a form is taken up again.
    private static readonly string[] WithoutPages =
    [
        "/names", "/export.csv", "/export.jsonl", "/export/csv", "/export/jsonl", "/bulk/result", "/preview", "/bulk", "/bulk/apply",
        "/disable", "/enable", "/sessions/end", "/sign-out-everywhere", "/account/session",
        "/groups/{id}/leave", "/admin/accounts/{id}/groups", "/members", "/actions/publish",
    ];

    // The rules that a theme can break; all others see the same page in both.
    private static readonly string[] RulesOfColours = ["color-contrast", "link-in-text-block"];

    private readonly List<string> _findings = [];

    protected override (string Key, string? Value)[] Settings => [("BreakGlass:Enabled", "true")];

    // Where nothing leads, or only what went wrong.
    private static readonly string[] Apart =
        [
        "/admin/nothing-here",
        "/admin/access?account=ada&permission=book:change",
        "/admin/access/who?permission=book:view",
        "/admin/access/give/acme-nobody/book:view",
        "/admin/design",
        "/admin/role-mappings/new?kind=client-role&client=acme-api&name=book-re*&group=book-editors",
    ];

    [Fact]
    public async Task No_page_has_a_violation_and_none_sticks_out_on_a_phone()
    {
        await FillAsync();
        var page = await SignedInAsync(
            "ada",
            "/admin",
            new() { ReducedMotion = ReducedMotion.Reduce, ViewportSize = new() { Width = 1280, Height = 900 } });
        var visited = new HashSet<string>(StringComparer.Ordinal);
        var waiting = new Queue<string>(["/admin", .. Apart, "/account"]);
        while (waiting.TryDequeue(out var path))
        {
            if (!visited.Add(Kind(path)))
            {
                continue;
            }

            await page.GotoAsync(Url + path);
            await LookAtAsync(page, path);
            foreach (var link in await page.EvaluateAsync<string[]>(
                "[...document.querySelectorAll('a[href^=\"/admin\"]:not([download])')].map(link => link.getAttribute('href'))"))
            {
                waiting.Enqueue(link);
            }
        }

        _findings.AddRange(
            Routes().Where(route => !visited.Any(path => route.IsMatch(path))).Select(route => $"The walk came by no page of {route}."));
        await LookAtFormsThatComeBackAsync(page);
        await LookAtStrangersPagesAsync();
        Assert.True(_findings.Count == 0, string.Join('\n', _findings));
    }

    // A page of each kind is enough: ids differ, and so do filters.
    private static string Kind(string path) => Ids().Replace(path.Split('?', '#')[0], "{id}");

    // What the service itself says that it has.
    private IEnumerable<Regex> Routes() => Served.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        .Where(route =>
            route.Metadata.GetMetadata<SignInAgain>() is not null
            && route.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Contains("GET"))
        .Select(route => Parameters().Replace(route.RoutePattern.RawText!, "{id}").TrimEnd('/'))
        .Where(pattern => !WithoutPages.Any(end => pattern.EndsWith(end, StringComparison.Ordinal)))
        .Select(pattern =>
            new Regex(
                $"^{Regex.Escape(pattern).Replace(@"\{id}", "[^/]+", StringComparison.Ordinal)}$",
                RegexOptions.None,
                TimeSpan.FromSeconds(1)));

    // Pages that answer a form, and those of lists that have nothing to show.
    private async Task LookAtFormsThatComeBackAsync(IPage page)
    {
        await page.GotoAsync($"{Url}/admin/accounts?search=nobody-is-called-this");
        await LookAtAsync(page, "/empty-list");
        await page.GotoAsync($"{Url}/admin/accounts");
        await page.Locator("[name=ids]").First.CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Preview" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Disable: several accounts" })).ToBeVisibleAsync();
        await LookAtAsync(page, "/several-accounts");
        await page.GotoAsync($"{Url}/admin/groups/new");
        // Past what the browser checks by itself.
        await page.EvaluateAsync("document.querySelector('main form').noValidate = true");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add the group" }).ClickAsync();
        await Assertions.Expect(page.Locator(".mistake").First).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToBeFocusedAsync();
        await LookAtAsync(page, "/mistake");
        await page.EvaluateAsync("document.querySelector('main form').noValidate = true");
        await page.Context.ClearCookiesAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Add the group" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Your session has ended" })).ToBeVisibleAsync();
        await LookAtAsync(page, "/session-ended");
    }

    private async Task LookAtStrangersPagesAsync()
    {
        var page = await SignedInAsync("nora", "/admin", new() { ReducedMotion = ReducedMotion.Reduce });
        await LookAtAsync(page, "/refused");
        foreach (var path in new[] { "/account", "/signin-failed?reason=expired", "/signed-out" })
        {
            await page.GotoAsync(Url + path);
            await LookAtAsync(page, path);
        }

        var identity = KeycloakIdentity.Read(
            new ClaimsPrincipal(new ClaimsIdentity([new("iss", "i"), new("sub", "s"), new("azp", "c"), new("acr", "silver")])), out _)!;
        var failed = Served.Services.GetRequiredService<StepUpLink>().Fail(
            new StepUpRule(["gold"], TimeSpan.FromMinutes(5)), identity, "/admin");
        foreach (var reason in new[] { SignInFailure.Level, SignInFailure.Age })
        {
            await page.GotoAsync($"{Url}/signin-failed?reason={reason}&stepUp={failed}");
            await LookAtAsync(page, $"/step-up-{reason}");
        }

        await LookAtBreakGlassAsync();
    }

    private async Task LookAtBreakGlassAsync()
    {
        var accounts = await Served.Services.GetRequiredService<AccountStore>().FindNamedAsync("ada", Cancel);
        var ada = accounts.Single(account => account.Issuer == Realm.Issuer);
        var host = new Actor(AccountId: null, "root@host", Actor.CommandLine, RequestId: null, "Keycloak does not answer");
        var links = Served.Services.GetRequiredService<BreakGlassLinks>();
        await links.IssueAsync(ada, host, Cancel);
        var secret = await links.IssueAsync(ada, host, Cancel);
        var page = await NewPageAsync(new() { ReducedMotion = ReducedMotion.Reduce });
        await page.GotoAsync($"{Url}/break-glass");
        await LookAtAsync(page, "/break-glass-refused");
        await page.GotoAsync($"{Url}/break-glass?link={secret}");
        await LookAtAsync(page, "/break-glass");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in without Keycloak" }).ClickAsync();
        await Assertions.Expect(page.GetByText("You are signed in without Keycloak")).ToBeVisibleAsync();
        await LookAtAsync(page, "/break-glass-home");
    }

    private async Task LookAtAsync(IPage page, string path)
    {
        await page.SetViewportSizeAsync(1280, 900);
        await RunAxeAsync(ColorScheme.Light);
        // The matrix of a group is as wide as there are actions; everything else fits on a desk.
        var cut = await page.EvaluateAsync<string[]>(
            "[...document.querySelectorAll('.scroll')].filter(part => !part.querySelector('.matrix') && part.scrollWidth > "
                + "part.clientWidth + 1).map(part => part.getAttribute('aria-label'))");
        _findings.AddRange(cut.Select(label => $"{Kind(path)}: the table {label} is cut off on a desk."));
        await PictureAsync(page, path, "light-desktop");
        await RunAxeAsync(ColorScheme.Dark, RulesOfColours);
        await PictureAsync(page, path, "dark-desktop");

        await page.SetViewportSizeAsync(390, 844);
        await PictureAsync(page, path, "dark-phone");
        await RunAxeAsync(ColorScheme.Light);
        await PictureAsync(page, path, "light-phone");
        var width = await page.EvaluateAsync<int>("document.documentElement.clientWidth");
        var widest = await page.EvaluateAsync<int>("document.documentElement.scrollWidth");
        if (widest > width)
        {
            _findings.Add($"{Kind(path)} is {widest} pixels wide on a phone of {width}.");
        }

        async Task RunAxeAsync(ColorScheme theme, string[]? rules = null)
        {
            await page.EmulateMediaAsync(new() { ColorScheme = theme, ReducedMotion = ReducedMotion.Reduce });
            var violations = await Axe.FindViolationsAsync(page, rules);
            _findings.AddRange(violations.Select(violation => $"{Kind(path)}, {theme}: {violation}"));
        }
    }

    private static async Task PictureAsync(IPage page, string path, string suffix)
    {
        if (Screenshots is not null)
        {
            var name = Kind(path).Trim('/').Replace('/', '-').Replace("{id}", "one", StringComparison.Ordinal);
            await page.ScreenshotAsync(new() { Path = Path.Combine(Screenshots, $"{name}-{suffix}.png"), FullPage = true });
        }
    }

    // Something on each page, and as much as an organisation has.
    private async Task FillAsync()
    {
        var keycloak = Served.Services.GetRequiredService<IOptions<KeycloakOptions>>().Value;
        var seeder = new Seeder(Served.Services.GetRequiredService<Database>(), keycloak, TimeProvider.System);
        await seeder.SeedAsync(
            new SeedSize(Accounts: 200, Groups: 12, Mappings: 40, Audit: 2000, Days: 30, Seed: 1), (_, _, _) => { }, Cancel);
        await RevokeAsync(new RevocationRequest { Kind = Revocation.Client, Value = "no-longer-used" }, untilNow: false);
        await RevokeAsync(new RevocationRequest { Kind = Revocation.Client, Value = "leaked-its-secret" }, untilNow: true);
        await RevokeAsync(new RevocationRequest { Kind = Revocation.Token, Value = $"trrtcc:{Guid.NewGuid()}" }, untilNow: false);
        await Served.Services.GetRequiredService<Database>().WriteAsync(
            "UPDATE group_members SET ends_at = @until, reason = 'Stands in for a colleague'",
            new { until = DateTimeOffset.UtcNow.AddDays(3) },
            Cancel);
        foreach (var client in new[] { "acme-reader", "acme-writer", "acme-nobody" })
        {
            using var service = await ServiceAsync(client);
            await service.GetAsync("/api/books", Cancel);
        }
    }

    private async Task RevokeAsync(RevocationRequest request, bool untilNow) => await Served.Services
        .GetRequiredService<RevocationCommands>()
        .AddAsync(request, untilNow, new Actor(AccountId: null, "root@host", Actor.CommandLine, RequestId: null), Cancel);

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Ids();

    [GeneratedRegex("{[^}]*}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Parameters();
}

public sealed class EveryPageOnEmbeddedRealmTests(EmbeddedRealmUnderTest realm, Chromium chromium)
    : EveryPageTests(realm, chromium), IClassFixture<EmbeddedRealmUnderTest>;
