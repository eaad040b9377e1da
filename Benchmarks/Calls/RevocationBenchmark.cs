using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Benchmarks.Pages;

namespace Benchmarks.Calls;

/// <summary>How long after a change was acknowledged by one instance another one decides by it.</summary>
internal static class RevocationBenchmark
{
    private const int Times = 100;

    public static async Task RunAsync(TokenIssuer issuer, int realmPort, DirectoryInfo work)
    {
        await MeasureAsync("SQLite", $"Data Source={Path.Combine(work.FullName, "shared.db")}");
        if (Environment.GetEnvironmentVariable("TEST_POSTGRES") is { Length: > 0 } server)
        {
            await using var database = await MeasuredDatabase.CreateAsync(
                server, new Amount("revocation", 0, 0, 0, 0), work.FullName, isKept: false);
            await MeasureAsync("PostgreSQL", database.ConnectionString);
        }

        async Task MeasureAsync(string engine, string database)
        {
            await using var servers = new Servers();
            int[] ports = [FreePort.Find(), FreePort.Find()];
            foreach (var port in ports)
            {
                servers.Start(
                    Path.Combine(work.FullName, "api", "Api.dll"),
                    Servers.Settings(database, realmPort),
                    "--urls",
                    $"http://localhost:{port}",
                    "--Logging:LogLevel:Default=Error");
                await Servers.ReadyAsync(port, "/health/ready");
            }

            var times = await MeasurePortsAsync(issuer, ports[0], ports[1]);
            Console.WriteLine(
                $"A change of one instance counts at another after ({engine}, {times.Count} changes): median "
                    + $"{times[times.Count / 2].TotalMilliseconds:0.0} ms, longest {times[^1].TotalMilliseconds:0.0} ms");
        }
    }

    private static async Task<List<TimeSpan>> MeasurePortsAsync(TokenIssuer issuer, int here, int there)
    {
        using var manager = new HttpClient { BaseAddress = new Uri($"http://localhost:{here}") };
        manager.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", issuer.Sign("ES256", 1, "superuser"));
        var token = issuer.Sign("ES256", 2, "staff");
        using var caller = new Caller(there);
        var request = Caller.Request(there, "/access/forward-auth", token);
        await caller.CallAsync(request);
        var found = await manager.GetFromJsonAsync<JsonElement>("/api/accounts?search=service-2");
        var account = found.GetProperty("items")[0].GetProperty("id").GetString();
        var times = new List<TimeSpan>();
        for (var time = 0; time < Times; time++)
        {
            var enabled = time % 2 == 1;
            using var changed = await manager.PatchAsJsonAsync($"/api/accounts/{account}", new { enabled });
            changed.EnsureSuccessStatusCode();
            var since = Stopwatch.GetTimestamp();
            while (await caller.CallAsync(request) != (enabled ? 204 : 403))
            {
                // Asked without a pause.
            }

            times.Add(Stopwatch.GetElapsedTime(since));
            await Task.Delay(20);
        }

        return [.. times.Order()];
    }
}
