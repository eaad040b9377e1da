using System.Diagnostics;
using Api.Tests.Infrastructure;

namespace Benchmarks;

internal sealed class RealmProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly long _started;

    private RealmProcess(Process process, long started, Uri tokenEndpoint)
    {
        _process = process;
        _started = started;
        TokenEndpoint = tokenEndpoint;
    }

    public Uri TokenEndpoint { get; }

    /// <summary>Resident bytes.</summary>
    public long Memory
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    public static RealmProcess Start(string[] command, string stateFolder, Uri? address = null)
    {
        var url = address?.GetLeftPart(UriPartial.Authority) ?? $"http://localhost:{FreePort.Find()}";
        var start = new ProcessStartInfo(command[0], [.. command[1..], "--urls", url, "--state", stateFolder, "--environment", "Testing"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        var started = Stopwatch.GetTimestamp();
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        return new RealmProcess(process, started, new Uri($"{url}/realms/acme/protocol/openid-connect/token"));
    }

    /// <summary>From the start of the process to the first token.</summary>
    public async Task<TimeSpan> FirstTokenAsync()
    {
        using var caller = new TokenCaller(TokenEndpoint);
        while (!await caller.TryAsync())
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException($"The realm ended with {_process.ExitCode}.");
            }

            await Task.Delay(2);
        }

        return Stopwatch.GetElapsedTime(_started);
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
