using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json;
using Api.Tests.Infrastructure;

namespace Benchmarks.Calls;

/// <summary>
/// What an authorised call costs beside an anonymous one: CPU time of the server's process for each request, as the operating system
/// counts it. All calls are measured in turn, in rounds, over the same connections.
/// </summary>
internal static class CallBenchmark
{
    private const int Connections = 16;
    private const int Rounds = 5;
    private const int ManyTokens = 10_000;
    private const int People = 1000;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(4);

    public static async Task RunAsync(string[] args)
    {
        var span = TimeSpan.FromSeconds(args is [var seconds, ..] ? double.Parse(seconds, CultureInfo.InvariantCulture) : 1);
        var part = args is [_, var name, ..] ? name : "";
        var root = Sources.FindRoot();
        var work = Directory.CreateTempSubdirectory("call-benchmark-");
        await using var servers = new Servers();
        var (port, realmPort, referencePort) = (FreePort.Find(), FreePort.Find(), FreePort.Find());
        try
        {
            Console.WriteLine(
                $"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, .NET "
                    + $"{Environment.Version}, {Connections} connections, median of {Rounds} rounds of {span.TotalSeconds:0.#} s");
            Sources.Dotnet(root, "publish", "Api", "-c", "Release", "-o", Path.Combine(work.FullName, "api"));
            await using var issuer = await TokenIssuer.StartAsync(new Uri($"http://localhost:{realmPort}"));
            var settings = Servers.Settings($"Data Source={Path.Combine(work.FullName, "api.db")}", realmPort);
            var started = Stopwatch.GetTimestamp();
            var service = servers.Start(
                Path.Combine(work.FullName, "api", "Api.dll"),
                settings,
                "--urls",
                $"http://localhost:{port}",
                "--Logging:LogLevel:Default=Warning");
            var reference = servers.Start(
                typeof(CallBenchmark).Assembly.Location, [], "reference", $"http://localhost:{referencePort}",
                $"http://localhost:{realmPort}/realms/acme");
            await Servers.ReadyAsync(port, "/health/ready");
            Console.WriteLine($"ready after {Stopwatch.GetElapsedTime(started).TotalSeconds:0.00} s, with {Memory(service)} MB");
            await Servers.ReadyAsync(referencePort, "/health/live");

            var token = issuer.Sign("RS256", 0, "superuser");
            var book = await AddBookAsync(port, token);
            Measured[] calls = [.. Calls(issuer, port, referencePort, token, book).Where(call => IsChosen(call, part))];
            foreach (var call in calls)
            {
                await Console.Error.WriteLineAsync($"Warming up: {call.Name}");
                do
                {
                    await LoadAsync(call, call.IsReference ? reference : service, WarmUp);
                }
                while (call.Next < 2 * call.Requests.Count);
            }

            for (var round = 0; round < Rounds; round++)
            {
                await Console.Error.WriteLineAsync($"Round {round + 1} of {Rounds}");
                foreach (var call in calls)
                {
                    var server = call.IsReference ? reference : service;
                    call.Costs.Add(await LoadAsync(call, server, span));
                }
            }

            Report(calls);
            if (part.Length > 0)
            {
                return;
            }

            Console.WriteLine();
            var people = await FirstSightAsync(issuer, port);
            Console.WriteLine($"{People} accounts seen for the first time, at once: {people.TotalSeconds:0.00} s");
            Console.WriteLine($"The service has {Memory(service)} MB after it.");
            await RevocationBenchmark.RunAsync(issuer, realmPort, work);
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    // What the others are compared with always.
    private static bool IsChosen(Measured call, string part) =>
        call.Name.Contains("/health/live", StringComparison.Ordinal) || call.Name.Contains(part, StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<Measured> Calls(TokenIssuer issuer, int port, int referencePort, string token, Guid book)
    {
        var elliptic = issuer.Sign("ES256", 1, "superuser");
        string[] many = [.. Enumerable.Range(2, ManyTokens).Select(number => issuer.Sign("ES256", number, "superuser"))];
        string[] manyRsa = [.. Enumerable.Range(2, ManyTokens).Select(number => issuer.Sign("RS256", number, "superuser"))];
        var wrong = token[..^8] + (token.EndsWith("AAAAAAAA", StringComparison.Ordinal) ? "BBBBBBBB" : "AAAAAAAA");
        const string ForwardAuth = "/access/forward-auth?permission=book:view";
        const string Evaluation =
            """{"subject":{"type":"service","id":"5f1c9a52-0000-4000-8000-000000000000"},"action":{"name":"view"},"""
            + """
              "resource":{"type":"book","id":"*"}}
              """;
        Measured Call(string name, int status, params byte[][] requests) => new(name, port, status, requests);
        Measured Reference(string name, int status, string path, string? bearer) =>
            new($"reference: {name}", referencePort, status, [Caller.Request(referencePort, path, bearer)]) { IsReference = true };
        byte[][] Each(string path, string[] tokens) => [.. tokens.Select(each => Caller.Request(port, path, each))];

        yield return Call("GET /health/live", 200, Caller.Request(port, "/health/live"));
        yield return Call("forward-auth, one token, RS256", 204, Caller.Request(port, ForwardAuth, token));
        yield return Call("forward-auth, one token, ES256", 204, Caller.Request(port, ForwardAuth, elliptic));
        yield return Call("forward-auth, 10,000 tokens, RS256", 204, Each(ForwardAuth, manyRsa));
        yield return Call("forward-auth, 10,000 tokens, ES256", 204, Each(ForwardAuth, many));
        yield return Call("GET /api/books/{id}, one token", 200, Caller.Request(port, $"/api/books/{book}", token));
        yield return Call("GET /api/books/{id}, 10,000 tokens", 200, Each($"/api/books/{book}", many));
        yield return Call("GET /api/me", 200, Caller.Request(port, "/api/me", token));
        yield return Call("AuthZEN evaluation about oneself", 200, Caller.Request(port, "/access/v1/evaluation", token, body: Evaluation));
        yield return Call("a wrong signature", 401, Caller.Request(port, ForwardAuth, wrong));
        yield return Reference("GET /health/live", 204, "/health/live", bearer: null);
        yield return Reference("JwtBearer with a role", 204, "/protected", token);
        yield return Reference("a wrong signature", 401, "/protected", wrong);
    }

    private static async Task<double> LoadAsync(Measured call, Process server, TimeSpan span)
    {
        var (before, started) = (Cpu(server), Stopwatch.GetTimestamp());
        var counts = await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Task.Run(() => CallAsync(call, started, span))));
        return (Cpu(server) - before).TotalMicroseconds / counts.Sum();
    }

    private static async Task<int> CallAsync(Measured call, long started, TimeSpan span)
    {
        using var caller = new Caller(call.Port);
        var count = 0;
        while (Stopwatch.GetElapsedTime(started) < span)
        {
            var request = call.Requests[Interlocked.Increment(ref call.Next) % call.Requests.Count];
            var status = await caller.CallAsync(request);
            // What is refused too often is refused without the reason.
            if (status != call.Status && !(call.Status == 401 && status == 429))
            {
                throw new InvalidOperationException($"{call.Name} answered {status}.");
            }

            count++;
        }

        return count;
    }

    private static async Task<TimeSpan> FirstSightAsync(TokenIssuer issuer, int port)
    {
        // In a second run of it everything that it needs is compiled.
        var time = TimeSpan.Zero;
        for (var run = 1; run <= 2; run++)
        {
            byte[][] requests =
            [
                .. Enumerable.Range(run * 100_000, People)
                    .Select(number => Caller.Request(port, "/access/forward-auth", issuer.Sign("ES256", number, "staff"))),
            ];
            var (next, started) = (-1, Stopwatch.GetTimestamp());
            await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(async () =>
            {
                using var caller = new Caller(port);
                while (Interlocked.Increment(ref next) is var mine && mine < requests.Length)
                {
                    if (await caller.CallAsync(requests[mine]) is not 204 and var status)
                    {
                        throw new InvalidOperationException($"Somebody new was answered {status}.");
                    }
                }
            })));
            time = Stopwatch.GetElapsedTime(started);
        }

        return time;
    }

    private static void Report(Measured[] calls)
    {
        Console.WriteLine();
        Console.WriteLine($"{"",-38} {"CPU, µs a request",18} {"x GET /health/live",20}   {"lowest to highest",18}");
        foreach (var call in calls)
        {
            var floor = calls.First(each => each.IsReference == call.IsReference).Median;
            Console.WriteLine(
                $"{call.Name,-38} {call.Median,18:0.0} {call.Median / floor,19:0.00}x   "
                    + $"{call.Costs.Min(),8:0.0} to {call.Costs.Max(),6:0.0}");
        }
    }

    private static async Task<Guid> AddBookAsync(int port, string token)
    {
        using var client = new HttpClient { BaseAddress = new Uri($"http://localhost:{port}") };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var author = await PostAsync("/api/authors", new { name = "Ada Lovelace", bornOn = "1815-12-10" });
        return await PostAsync("/api/books", new { title = "Notes", authorId = author, publishedOn = "1843-09-01" });

        async Task<Guid> PostAsync(string path, object row)
        {
            using var answer = await client.PostAsJsonAsync(path, row);
            var text = await answer.Content.ReadAsStringAsync();
            return answer.IsSuccessStatusCode
                ? JsonDocument.Parse(text).RootElement.GetProperty("id").GetGuid()
                : throw new InvalidOperationException($"{path} answered {(int)answer.StatusCode}: {text}");
        }
    }

    private static TimeSpan Cpu(Process process)
    {
        process.Refresh();
        return process.TotalProcessorTime;
    }

    private static long Memory(Process process)
    {
        process.Refresh();
        return process.WorkingSet64 / 1048576;
    }

    private sealed record Measured(string Name, int Port, int Status, IReadOnlyList<byte[]> Requests)
    {
        private int _next = -1;

        public ref int Next => ref _next;

        public bool IsReference { get; init; }

        public List<double> Costs { get; } = [];

        public double Median => Costs.Order().ElementAt(Costs.Count / 2);
    }
}
