using System.Globalization;
using System.Runtime.InteropServices;
using Benchmarks;
using Benchmarks.Calls;
using Benchmarks.Pages;

// dotnet run --project Benchmarks -c Release [-- SECONDS]
// dotnet run --project Benchmarks -c Release -- calls [SECONDS [PART OF THE NAMES OF CALLS]]
// dotnet run --project Benchmarks -c Release -- pages [TIMES [FOLDER TO KEEP THE DATABASES IN [PART OF THE NAMES OF PAGES]]]
// dotnet run --project Benchmarks -c Release -- lists [TIMES [FOLDER TO KEEP THE DATABASES IN [ANOTHER Api.dll]]]
// Ratios count, not figures: all of it is measured in one run, on one machine, in turn.
if (args is ["pages", .. var rest])
{
    await PageBenchmark.RunAsync(rest);
    return;
}

if (args is ["lists", .. var more])
{
    await ListBenchmark.RunAsync(more);
    return;
}

if (args is ["calls", .. var others])
{
    await CallBenchmark.RunAsync(others);
    return;
}

// What the calls are compared with, in a process of its own.
if (args is ["reference", var url, var issuer])
{
    await ReferenceServer.RunAsync(url, issuer);
    return;
}

var seconds = args is [var given, ..] ? int.Parse(given, CultureInfo.InvariantCulture) : 10;
var span = TimeSpan.FromSeconds(seconds);
var root = Sources.FindRoot();
var work = Directory.CreateTempSubdirectory("realm-benchmark-");
try
{
    Console.WriteLine(
        $"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, .NET "
            + $"{Environment.Version}");
    var built = Path.Combine(work.FullName, "built");
    var published = Path.Combine(work.FullName, "published");
    Sources.Dotnet(root, "build", "keycloak-realm", "-c", "Release", "-o", built);
    Sources.Dotnet(root, "publish", "keycloak-realm", "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "-o", published);
    string[] builtCommand = ["dotnet", Path.Combine(built, "KeycloakRealm.dll")];
    string[] publishedCommand = [Path.Combine(published, OperatingSystem.IsWindows() ? "KeycloakRealm.exe" : "KeycloakRealm")];

    Console.WriteLine();
    Console.WriteLine("Start                  first token, keys made   first token, keys kept   memory after it");
    foreach (var (name, command) in ((string, string[])[])[("built", builtCommand), ("published single file", publishedCommand)])
    {
        var starts = await StartsAsync(command, work);
        Console.WriteLine(
            $"{name,-22} {starts.First.TotalSeconds,18:0.00} s {starts.Kept.TotalSeconds,22:0.00} s {starts.Memory / 1048576.0,14:0} MB");
    }

    var loads = new List<(string Server, int Connections, Load Load)>();
    await using (var realm = RealmProcess.Start(publishedCommand, Path.Combine(work.FullName, "load")))
    {
        await realm.FirstTokenAsync();
        await LoadAsync("embedded", realm.TokenEndpoint);
    }

    if (Environment.GetEnvironmentVariable("KEYCLOAK_HOME") is { Length: > 0 } home)
    {
        using var keycloak = await Keycloak.StartAsync(home, Path.Combine(root, "keycloak-realm", "acme-realm.json"));
        Console.WriteLine();
        Console.WriteLine(
            $"Keycloak answered its first token after {keycloak.Start.TotalSeconds:0.0} s, and has "
                + $"{keycloak.Memory / 1048576.0:0} MB then.");
        await LoadAsync("Keycloak", keycloak.TokenEndpoint);
    }

    Console.WriteLine();
    Console.WriteLine(
        $"Client credentials     connections   tokens/s   ms a token, median   99 %    ({seconds} s each, after {seconds} s to warm up)");
    foreach (var (server, connections, load) in loads)
    {
        Console.WriteLine(
            $"{server,-22} {connections,11} {load.PerSecond,10:0} {load.Median.TotalMilliseconds,20:0.00} "
                + $"{load.Percentile99.TotalMilliseconds,6:0.0}");
    }

    foreach (var group in loads.GroupBy(each => each.Connections).Where(group => group.Count() == 2))
    {
        var (embedded, real) = (group.First().Load, group.Last().Load);
        Console.WriteLine(
            $"{"embedded / Keycloak",-22} {group.Key,11} {embedded.PerSecond / real.PerSecond,9:0.0}x "
                + $"{embedded.Median / real.Median,19:0.00}x {embedded.Percentile99 / real.Percentile99,5:0.00}x");
    }

    if (loads.TrueForAll(each => each.Server is "embedded"))
    {
        Console.WriteLine("No Keycloak to compare with: set KEYCLOAK_HOME to a distribution.");
    }

    async Task LoadAsync(string server, Uri endpoint)
    {
        await Load.RunAsync(endpoint, connections: 8, span);
        foreach (var connections in (int[])[1, 8])
        {
            loads.Add((server, connections, await Load.RunAsync(endpoint, connections, span)));
        }
    }
}
finally
{
    work.Delete(recursive: true);
}

// The first start generates keys; the others are the usual case.
static async Task<(TimeSpan First, TimeSpan Kept, long Memory)> StartsAsync(string[] command, DirectoryInfo work)
{
    const int Times = 5;
    var firsts = new List<TimeSpan>();
    var kept = new List<TimeSpan>();
    var memory = new List<long>();
    for (var i = 0; i < Times; i++)
    {
        var state = work.CreateSubdirectory(Guid.NewGuid().ToString("N")).FullName;
        foreach (var times in (List<TimeSpan>[])[firsts, kept])
        {
            await using var realm = RealmProcess.Start(command, state);
            times.Add(await realm.FirstTokenAsync());
            memory.Add(realm.Memory);
        }
    }

    return (Median(firsts), Median(kept), memory.Max());

    static TimeSpan Median(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2);
}
