using System.Diagnostics;
using System.Globalization;
using Api.Tests.Infrastructure;

namespace Benchmarks;

internal sealed class Keycloak : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    private readonly KeycloakProcess _process;

    private Keycloak(KeycloakProcess process, Uri tokenEndpoint, TimeSpan start)
    {
        _process = process;
        TokenEndpoint = tokenEndpoint;
        Start = start;
    }

    public Uri TokenEndpoint { get; }

    /// <summary>From the start of the process to the first token.</summary>
    public TimeSpan Start { get; }

    /// <summary>Resident bytes of the Java process, a child of the script's; null where the system does not report it.</summary>
    public long? Memory
    {
        get
        {
            var children = $"/proc/{_process.Id}/task/{_process.Id}/children";
            if (!File.Exists(children) || File.ReadAllText(children).Split(' ')[0] is not { Length: > 0 } child)
            {
                return null;
            }

            using var java = Process.GetProcessById(int.Parse(child, CultureInfo.InvariantCulture));
            return java.WorkingSet64;
        }
    }

    public static async Task<Keycloak> StartAsync(string home, string realmFile)
    {
        var url = new Uri($"http://localhost:{FreePort.Find().ToString(CultureInfo.InvariantCulture)}");
        var started = Stopwatch.GetTimestamp();
        // Both compilers: without the second it starts sooner, but stays several times slower.
        var process = KeycloakProcess.Start(home, realmFile, url, FreePort.Find(), apiUrl: "http://localhost:5000", isShortLived: false);
        var endpoint = new Uri(url, "/realms/acme/protocol/openid-connect/token");
        try
        {
            using var caller = new TokenCaller(endpoint);
            while (!await caller.TryAsync())
            {
                if (process.HasExited || Stopwatch.GetElapsedTime(started) > Limit)
                {
                    throw new InvalidOperationException(
                        $"Keycloak from KEYCLOAK_HOME={home} does not answer. Its log ends:\n{process.TailOfLog()}");
                }

                await Task.Delay(50);
            }

            return new Keycloak(process, endpoint, Stopwatch.GetElapsedTime(started));
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    public void Dispose() => _process.Dispose();
}
