using System.Globalization;
using System.Runtime.InteropServices;

namespace Benchmarks.Pages;

/// <summary>Measures in turn, so that other load slows all databases alike: only the ratios count.</summary>
internal static class PageBenchmark
{
    private const double Most = 1.5;

    // Above this ratio of rows, a page takes longer because of its rows, not because of a scan.
    private const double MoreRows = 1.2;
    private const int WarmUp = 10;
    private const int FirstPort = 18_470;

    // The second one separates the cost of rows from that of a scan: a page of 50 rows takes longer than one of 10.
    private static readonly Amount[] Amounts =
        [new("empty", 10, 0, 0, 20), new("filled", 2000, 100, 100, 5000), new("large", 100_000, 1000, 10_000, 1_000_000)];

    /// <summary>
    /// How often each page is measured, the folder for the databases, and a part of the pages' names; all optional, from the end.
    /// </summary>
    public static async Task RunAsync(string[] arguments)
    {
        var times = arguments is [var given, ..] ? int.Parse(given, CultureInfo.InvariantCulture) : 25;
        var kept = arguments is [_, var folder, ..] ? Directory.CreateDirectory(folder) : null;
        StaffPage[] pages =
            [.. StaffPages.All.Where(page => arguments is not [_, _, var part, ..] || page.Name.Contains(part, StringComparison.Ordinal))];
        var root = Sources.FindRoot();
        var work = Directory.CreateTempSubdirectory("page-benchmark-");
        try
        {
            Console.WriteLine(
                $"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, .NET "
                    + $"{Environment.Version}");
            foreach (var project in (string[])["Api", "keycloak-realm", "Seeding"])
            {
                Sources.Dotnet(root, "build", project, "-c", "Release", "-o", Path.Combine(work.FullName, project));
            }

            string?[] servers = Environment.GetEnvironmentVariable("TEST_POSTGRES") is { Length: > 0 } server ? [null, server] : [null];
            foreach (var each in servers)
            {
                await MeasureAsync(each, work, kept, pages, times);
            }

            if (servers.Length == 1)
            {
                Console.WriteLine("No PostgreSQL to measure: set TEST_POSTGRES to a connection string whose user may create databases.");
            }
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    private static async Task MeasureAsync(string? server, DirectoryInfo work, DirectoryInfo? kept, StaffPage[] pages, int times)
    {
        var databases = new List<MeasuredDatabase>();
        var realms = new List<RealmProcess>();
        var sites = new List<Site>();
        try
        {
            foreach (var (amount, number) in Amounts.Select((amount, number) => (amount, number)))
            {
                var address = new Uri($"http://localhost:{FirstPort + number}");
                var realm = new Uri($"http://localhost:{FirstPort + Amounts.Length + number}");
                // The realm redirects a sign-in to this address only.
                Environment.SetEnvironmentVariable("ACME_API_URL", address.GetLeftPart(UriPartial.Authority));
                realms.Add(RealmProcess.Start(
                    ["dotnet", Path.Combine(work.FullName, "keycloak-realm", "KeycloakRealm.dll")],
                    Path.Combine(work.FullName, $"realm-{number}"),
                    realm));
                await realms[^1].FirstTokenAsync();
                databases.Add(await MeasuredDatabase.CreateAsync(server, amount, (kept ?? work).FullName, kept is not null));
                var settings = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["ASPNETCORE_ENVIRONMENT"] = "Development",
                    ["ConnectionStrings__Database"] = databases[^1].ConnectionString,
                    ["Keycloak__AuthServerUrl"] = realm.ToString(),
                    ["Keycloak__Realm"] = "acme",
                    ["Keycloak__Resource"] = "acme-api",
                    ["Keycloak__SignIn__Resource"] = "acme-admin",
                    ["Keycloak__SignIn__Credentials__Secret"] = "acme-admin-secret",
                };
                await Site.SeedAsync(Path.Combine(work.FullName, "Seeding", "Seeding.dll"), settings, amount);
                sites.Add(await Site.StartAsync(Path.Combine(work.FullName, "Api", "Api.dll"), address, settings));
                await sites[^1].SignInAsync();
            }

            Report(server is null ? "SQLite" : "PostgreSQL", pages, await MeasurePagesAsync(sites, pages, times), times);
        }
        finally
        {
            foreach (IAsyncDisposable each in (IEnumerable<IAsyncDisposable>)[.. sites, .. realms, .. databases])
            {
                await each.DisposeAsync();
            }
        }
    }

    // Rounds over all pages, each starting with another site, so that a temporary load affects few measures of every page.
    private static async Task<Measure[][]> MeasurePagesAsync(List<Site> sites, StaffPage[] pages, int times)
    {
        var paths = new List<IReadOnlyList<string>>();
        foreach (var site in sites)
        {
            paths.Add(await StaffPages.FindAsync(site, pages));
        }

        List<double>[][] measured = [.. pages.Select(_ => sites.Select(_ => new List<double>()).ToArray())];
        int[][] rows = [.. pages.Select(_ => new int[sites.Count])];
        for (var round = 0; round < WarmUp + times; round++)
        {
            for (var page = 0; page < measured.Length; page++)
            {
                for (var turn = 0; turn < sites.Count; turn++)
                {
                    var number = (round + turn) % sites.Count;
                    var (time, text) = await sites[number].GetAsync(paths[number][page]);
                    rows[page][number] = text.AsSpan().Count("<tr");
                    if (round >= WarmUp)
                    {
                        measured[page][number].Add(time.TotalMilliseconds);
                    }
                }
            }
        }

        return [
            .. measured.Select((page, number) =>
                page.Select((list, site) => new Measure(list.Order().ElementAt(list.Count / 2), rows[number][site])).ToArray())];
    }

    private static void Report(string engine, StaffPage[] pages, Measure[][] measures, int times)
    {
        Console.WriteLine();
        Console.WriteLine(
            $"{engine,-32} {"rows of a page",17} {Amounts[0].Name,8} {Amounts[1].Name,8} {Amounts[2].Name,8} "
                + $"{"large / empty",15} {"large / filled",15}    (median of {times}, in ms)");
        foreach (var (page, measure) in pages.Zip(measures))
        {
            if (measure is not [var empty, var filled, var large])
            {
                throw new InvalidOperationException("There are three amounts.");
            }

            var (beside, scans) = (large.Median / empty.Median, large.Median / filled.Median);
            var flag = scans > Most && large.Rows <= filled.Rows * MoreRows
                ? "  grows with the database"
                : scans > Most || beside > Most ? "  has more rows" : "";
            Console.WriteLine(
                $"{page.Name,-32} {$"{empty.Rows} {filled.Rows,4} {large.Rows,4}",17} {empty.Median,8:0.0} {filled.Median,8:0.0} "
                    + $"{large.Median,8:0.0} {beside,14:0.00}x {scans,14:0.00}x{flag}");
        }
    }

    // Milliseconds, and the rows of the page's tables.
    private sealed record Measure(double Median, int Rows);
}
