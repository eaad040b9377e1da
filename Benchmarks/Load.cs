using System.Diagnostics;

namespace Benchmarks;

internal sealed record Load(double PerSecond, TimeSpan Median, TimeSpan Percentile99)
{
    public static async Task<Load> RunAsync(Uri endpoint, int connections, TimeSpan span)
    {
        var started = Stopwatch.GetTimestamp();
        var times = await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(() => CallAsync(endpoint, started, span))));
        var elapsed = Stopwatch.GetElapsedTime(started);
        List<TimeSpan> all = [.. times.SelectMany(each => each).Order()];
        return new Load(all.Count / elapsed.TotalSeconds, all[all.Count / 2], all[all.Count * 99 / 100]);
    }

    private static async Task<List<TimeSpan>> CallAsync(Uri endpoint, long started, TimeSpan span)
    {
        using var caller = new TokenCaller(endpoint);
        var times = new List<TimeSpan>();
        while (Stopwatch.GetElapsedTime(started) < span)
        {
            var asked = Stopwatch.GetTimestamp();
            if (!await caller.TryAsync())
            {
                throw new InvalidOperationException($"{endpoint} gave no token.");
            }

            times.Add(Stopwatch.GetElapsedTime(asked));
        }

        return times;
    }
}
