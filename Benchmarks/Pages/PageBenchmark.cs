using System.Globalization;
using System.Runtime.InteropServices;

namespace Benchmarks.Pages;

/// <summary>
/// Measures the staff pages over a nearly empty database, over one that fills every page of a list, and over a large one,
/// in turn, so that whatever else the machine does slows all three alike. What counts is how one compares with another.
/// </summary>
internal static class PageBenchmark
{
    private const double Most = 1.5;
    private const int WarmUp = 10;
    private const int FirstPort = 18_470;

    // The second tells rows from scans: a page of fifty rows takes longer than one of ten, however few there are besides.
    private static readonly Amount[] Amounts =
        [new("empty", 10, 0, 0, 20), new("filled", 1000, 100, 100, 5000), new("large", 100_000, 1000, 10_000, 1_000_000)];

    /// <param name="arguments">How many times each page is measured, and the folder that the databases are kept in; both may be left out.</param>
    public static async Task RunAsync(string[] arguments)
    {
        var times = arguments is [var given, ..] ? int.Parse(given, CultureInfo.InvariantCulture) : 25;
        var kept = arguments is [_, var folder, ..] ? Directory.CreateDirectory(folder) : null;
        var root = Sources.FindRoot();
        var work = Directory.CreateTempSubdirectory("page-benchmark-");
        try
        {
            Console.WriteLine($"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, .NET {Environment.Version}");
            var api = Path.Combine(work.FullName, "api");
            var realm = Path.Combine(work.FullName, "realm");
            Sources.Dotnet(root, "build", "Api", "-c", "Release", "-o", api);
            Sources.Dotnet(root, "build", "keycloak-realm", "-c", "Release", "-o", realm);
            string?[] servers = Environment.GetEnvironmentVariable("TEST_POSTGRES") is { Length: > 0 } server ? [null, server] : [null];
            foreach (var each in servers)
            {
                await MeasureAsync(each, api, ["dotnet", Path.Combine(realm, "KeycloakRealm.dll")], work, kept, times);
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

    private static async Task MeasureAsync(string? server, string api, string[] realmCommand, DirectoryInfo work, DirectoryInfo? kept, int times)
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
                // The realm takes a sign-in back to this address only.
                Environment.SetEnvironmentVariable("ACME_API_URL", address.GetLeftPart(UriPartial.Authority));
                realms.Add(RealmProcess.Start(realmCommand, Path.Combine(work.FullName, $"realm-{number}"), realm));
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
                await Site.SeedAsync(api, settings, amount);
                sites.Add(await Site.StartAsync(api, address, settings));
                await sites[^1].SignInAsync();
            }

            Report(server is null ? "SQLite" : "PostgreSQL", await MedianAsync(sites, times), times);
        }
        finally
        {
            foreach (IAsyncDisposable each in (IEnumerable<IAsyncDisposable>)[.. sites, .. realms, .. databases])
            {
                await each.DisposeAsync();
            }
        }
    }

    // Every page of every site, one after the other, and all of it again, each time beginning with another site: whatever
    // else goes on for a while on the machine slows a few measures of all pages, and not all measures of one.
    private static async Task<double[][]> MedianAsync(List<Site> sites, int times)
    {
        var paths = new List<IReadOnlyList<string>>();
        foreach (var site in sites)
        {
            paths.Add(await StaffPages.FindAsync(site));
        }

        List<double>[][] measured = [.. StaffPages.All.Select(_ => sites.Select(_ => new List<double>()).ToArray())];
        for (var round = 0; round < WarmUp + times; round++)
        {
            for (var page = 0; page < measured.Length; page++)
            {
                for (var turn = 0; turn < sites.Count; turn++)
                {
                    var number = (round + turn) % sites.Count;
                    var (time, _) = await sites[number].GetAsync(paths[number][page]);
                    if (round >= WarmUp)
                    {
                        measured[page][number].Add(time.TotalMilliseconds);
                    }
                }
            }
        }

        return [.. measured.Select(page => page.Select(list => list.Order().ElementAt(list.Count / 2)).ToArray())];
    }

    private static void Report(string engine, double[][] medians, int times)
    {
        Console.WriteLine();
        Console.WriteLine($"{engine,-32} {Amounts[0].Name,8} {Amounts[1].Name,8} {Amounts[2].Name,8}   {"large / empty",14} {"large / filled",15}    (median of {times}, in ms)");
        foreach (var (page, medians3) in StaffPages.All.Zip(medians))
        {
            var (beside, scans) = (medians3[2] / medians3[0], medians3[2] / medians3[1]);
            var flag = scans > Most ? "  grows with the database" : beside > Most ? "  has more rows" : "";
            Console.WriteLine($"{page.Name,-32} {medians3[0],8:0.0} {medians3[1],8:0.0} {medians3[2],8:0.0}   {beside,13:0.00}x {scans,14:0.00}x{flag}");
        }
    }
}
