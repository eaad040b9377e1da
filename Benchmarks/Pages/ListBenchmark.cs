using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Benchmarks.Pages;

/// <summary><c>Path</c> may contain placeholders such as <c>{author}</c>.</summary>
internal sealed record ListCall(string Name, string Path);

/// <summary>Lists of the API over a million accounts, a million books and 3,000 observed roles: none may take more than 20 ms.</summary>
internal static class ListBenchmark
{
    private const double Most = 20;
    private const int WarmUp = 3;
    private const int PagesOn = 40;
    private const int FirstPort = 18_476;

    private static readonly Amount Million = new("million", 1_000_000, 1000, 2600, 1_000_000) { Books = 1_000_000 };

    // A dash turns an order round, so that its first page is the last of the other.
    private static readonly ListCall[] Calls =
    [
        new("books, first page", "/api/books"),
        new("books, last page", "/api/books?sort=-title"),
        new("books by date", "/api/books?sort=publishedOn"),
        new("books by date, last page", "/api/books?sort=-publishedOn"),
        new("books of an author", "/api/books?authorId={author}"),
        new("books of an author, by date", "/api/books?authorId={author}&sort=-publishedOn"),
        new("books without a date", "/api/books?publishedOn.null=true"),
        new("books since a year", "/api/books?publishedOn.gte=2015-01-01"),
        new("books, an ISBN that is there", "/api/books?isbn={isbn}"),
        new("books, an ISBN that is not", "/api/books?isbn=978-0-00-000000-0"),
        new("books, search: common", "/api/books?search=the"),
        new("books, search: common, by date", "/api/books?search=the&sort=-publishedOn"),
        new("books, search: one letter", "/api/books?search=e"),
        new("books, search: two letters", "/api/books?search=zq"),
        new("books, search: a title", "/api/books?search={title}"),
        new("books, search: a word of it", "/api/books?search={word}"),
        new("books, search: nothing", "/api/books?search=nothing+is+called+so"),
        new("books, search: nothing, by date", "/api/books?search=xyzzy&sort=publishedOn"),
        new("books, search and author", "/api/books?search=the&authorId={author}"),
        new("accounts, first page", "/api/accounts"),
        new("accounts, services", "/api/accounts?kind=service"),
        new("accounts, disabled", "/api/accounts?enabled=false"),
        new("accounts, search: common", "/api/accounts?search=an"),
        new("accounts, search: a name", "/api/accounts?search={username}"),
        new("accounts, search: nothing", "/api/accounts?search=nobody-is-called-so"),
        new("accounts, search: one letter", "/api/accounts?search=q"),
        new("accounts, search among services", "/api/accounts?search=an&kind=service&enabled=false"),
        new("observed roles", "/api/role-mappings/observed-roles"),
        new("observed roles, 100 of them", "/api/role-mappings/observed-roles?limit=100"),
        new("preview of a mapping to a role", "/api/role-mappings/preview?kind={kind}&client={client}&name={role}"),
        new("preview of a mapping to many", "/api/role-mappings/preview?kind={kind}&client={client}&name={part}*"),
        new("role mappings", "/api/role-mappings"),
        new("groups", "/api/groups"),
        new("audit log", "/api/audit"),
    ];

    /// <summary>How often each is called, the folder for the databases, an <c>Api.dll</c> that is there; all optional.</summary>
    public static async Task RunAsync(string[] arguments)
    {
        var times = arguments is [var given, ..] ? int.Parse(given, CultureInfo.InvariantCulture) : 15;
        var kept = arguments is [_, var folder, ..] ? Directory.CreateDirectory(folder) : null;
        var root = Sources.FindRoot();
        var work = Directory.CreateTempSubdirectory("list-benchmark-");
        try
        {
            Console.WriteLine(
                $"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, .NET "
                    + $"{Environment.Version}");
            string[] projects = arguments is [_, _, _, ..] ? ["keycloak-realm", "Seeding"] : ["Api", "keycloak-realm", "Seeding"];
            foreach (var project in projects)
            {
                Sources.Dotnet(root, "build", project, "-c", "Release", "-o", Path.Combine(work.FullName, project));
            }

            var program = arguments is [_, _, var built, ..] ? Path.GetFullPath(built) : Path.Combine(work.FullName, "Api", "Api.dll");
            string?[] servers = Environment.GetEnvironmentVariable("TEST_POSTGRES") is { Length: > 0 } server ? [null, server] : [null];
            foreach (var each in servers)
            {
                await MeasureAsync(each, work, kept, program, times);
            }
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    private static async Task MeasureAsync(string? server, DirectoryInfo work, DirectoryInfo? kept, string program, int times)
    {
        var address = new Uri($"http://localhost:{FirstPort}");
        var realmAddress = new Uri($"http://localhost:{FirstPort + 1}");
        Environment.SetEnvironmentVariable("ACME_API_URL", address.GetLeftPart(UriPartial.Authority));
        await using var realm = RealmProcess.Start(
            ["dotnet", Path.Combine(work.FullName, "keycloak-realm", "KeycloakRealm.dll")],
            Path.Combine(work.FullName, server is null ? "realm" : "realm-of-postgresql"),
            realmAddress);
        await realm.FirstTokenAsync();
        await using var database = await MeasuredDatabase.CreateAsync(server, Million, (kept ?? work).FullName, kept is not null);
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["ConnectionStrings__Database"] = database.ConnectionString,
            ["Keycloak__AuthServerUrl"] = realmAddress.ToString(),
            ["Keycloak__Realm"] = "acme",
            ["Keycloak__Resource"] = "acme-api",
            ["Keycloak__SignIn__Resource"] = "acme-admin",
            ["Keycloak__SignIn__Credentials__Secret"] = "acme-admin-secret",
        };
        await Site.SeedAsync(Path.Combine(work.FullName, "Seeding", "Seeding.dll"), settings, Million);
        await using var site = await Site.StartAsync(program, address, settings);
        await site.SignInAsync();
        var token = await site.TokenAsync(realmAddress);
        var calls = await FindAsync(site, token);
        Console.WriteLine();
        Console.WriteLine($"{(server is null ? "SQLite" : "PostgreSQL"),-34} {"rows",6} {"median",9} {"slowest",9}    (of {times}, in ms)");
        foreach (var call in calls)
        {
            var measured = new List<double>();
            var rows = 0;
            for (var time = 0; time < WarmUp + times; time++)
            {
                var (took, text) = await site.GetAsync(call.Path, token);
                if (time >= WarmUp)
                {
                    measured.Add(took.TotalMilliseconds);
                }

                rows = Items(text)?.GetArrayLength() ?? 0;
            }

            measured.Sort();
            Console.WriteLine(
                $"{call.Name,-34} {rows,6} {measured[measured.Count / 2],9:0.0} {measured[^1],9:0.0}"
                    + (measured[measured.Count / 2] > Most ? $"    more than {Most:0} ms" : ""));
        }
    }

    // With the pages that are so many on, which have no address of their own, and the values of a row that is there.
    private static async Task<List<ListCall>> FindAsync(Site site, string token)
    {
        var (_, books) = await site.GetAsync("/api/books?limit=100&publishedOn.null=false&sort=-publishedOn", token);
        var book = Items(books)!.Value.EnumerateArray().First(row => row.GetProperty("isbn").ValueKind == JsonValueKind.String);
        var title = book.GetProperty("title").GetString()!;
        var (_, accounts) = await site.GetAsync("/api/accounts?kind=person&limit=100", token);
        var (_, roles) = await site.GetAsync("/api/role-mappings/observed-roles?limit=100", token);
        var role = Items(roles)!.Value[0];
        var values = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["{kind}"] = role.GetProperty("kind").GetString()!,
            ["{client}"] = role.GetProperty("client").GetString() ?? "",
            ["{role}"] = role.GetProperty("name").GetString()!,
            ["{part}"] = role.GetProperty("name").GetString()![..1],
            ["{author}"] = book.GetProperty("authorId").GetString()!,
            ["{isbn}"] = book.GetProperty("isbn").GetString()!,
            ["{title}"] = title,
            ["{word}"] = title.Split(' ').MaxBy(word => word.Length)!,
            ["{username}"] = Items(accounts)!.Value[70].GetProperty("username").GetString()!,
        };
        var found = new List<ListCall>();
        foreach (var call in Calls)
        {
            var path = values.Aggregate(
                call.Path, (text, value) => text.Replace(value.Key, Uri.EscapeDataString(value.Value), StringComparison.Ordinal));
            found.Add(call with { Path = path });
            if (call.Name.Contains("common", StringComparison.Ordinal) || call.Name.Contains("first page", StringComparison.Ordinal))
            {
                found.Add(new ListCall($"{call.Name}, {PagesOn} on", await GoOnAsync(site, token, path)));
            }
        }

        return found;
    }

    private static async Task<string> GoOnAsync(Site site, string token, string path)
    {
        var at = path;
        for (var page = 0; page < PagesOn; page++)
        {
            using var json = JsonDocument.Parse((await site.GetAsync(at, token)).Text);
            if (json.RootElement.GetProperty("next").GetString() is not { } next)
            {
                break;
            }

            at = $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}after={Uri.EscapeDataString(next)}";
        }

        return at;
    }

    private static JsonElement? Items(string text)
    {
        var root = JsonDocument.Parse(text).RootElement;
        return root.TryGetProperty("items", out var items) || root.TryGetProperty("roles", out items) ? items : null;
    }
}
