using System.Diagnostics;

namespace Benchmarks.Calls;

/// <summary>Processes that are measured. They end with it.</summary>
internal sealed class Servers : IAsyncDisposable
{
    private readonly List<Process> _processes = [];

    public static Dictionary<string, string> Settings(string database, int realmPort) => new(StringComparer.Ordinal)
    {
        ["ConnectionStrings__Database"] = database,
        ["Keycloak__AuthServerUrl"] = $"http://localhost:{realmPort}/",
        ["Keycloak__Realm"] = "acme",
        ["Keycloak__Resource"] = "acme-api",
        ["Keycloak__SslRequired"] = "none",
        ["Keycloak__SignIn__Resource"] = "acme-admin",
        ["Keycloak__SignIn__Credentials__Secret"] = "acme-admin-secret",
    };

    public Process Start(string program, Dictionary<string, string> settings, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [program, .. arguments]) { WorkingDirectory = Path.GetDirectoryName(program) };
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        _processes.Add(Process.Start(start)!);
        return _processes[^1];
    }

    public static async Task ReadyAsync(int port, string path)
    {
        using var client = new HttpClient();
        while (true)
        {
            try
            {
                using var answer = await client.GetAsync(new Uri($"http://localhost:{port}{path}"));
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not yet.
            }

            await Task.Delay(5);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }
}
