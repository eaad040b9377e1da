using System.Diagnostics;
using Api.Tests.Delivery;

[assembly: AssemblyFixture(typeof(PublishedOutput))]

namespace Api.Tests.Delivery;

/// <summary>
/// What <c>dotnet publish Api -c Release</c> makes: the folder that TEST_PUBLISHED names, or made once, where no other build looks.
/// </summary>
public sealed class PublishedOutput : IAsyncDisposable
{
    private static readonly TimeSpan PublishLimit = TimeSpan.FromMinutes(10);

    private readonly DirectoryInfo _work = Directory.CreateTempSubdirectory("api-published-");
    private readonly Lazy<Task<string>> _folder;

    public PublishedOutput() => _folder = new(PublishAsync);

    /// <summary>The folder with Api.dll.</summary>
    public Task<string> FolderAsync() => _folder.Value;

    /// <summary>An empty folder that goes with the published output.</summary>
    public string NewFolder() => _work.CreateSubdirectory(Guid.NewGuid().ToString("N")).FullName;

    /// <summary>Starts the published service in an environment of its own, output kept.</summary>
    internal async Task<ServiceProcess> StartAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var folder = await FolderAsync();
        return new ServiceProcess(["Api.dll", .. arguments], folder, environment);
    }

    public async ValueTask DisposeAsync()
    {
        if (_folder.IsValueCreated)
        {
            await Task.WhenAny(_folder.Value);
        }

        _work.Delete(recursive: true);
    }

    private async Task<string> PublishAsync()
    {
        if (Environment.GetEnvironmentVariable("TEST_PUBLISHED") is { Length: > 0 } published)
        {
            return published;
        }

        // An artifacts path of its own: the intermediate files of this Release build and those of the Debug build that
        // is being tested never meet. No server outlives the command: one would keep the test run from ending.
        var folder = Path.Combine(_work.FullName, "out");
        await using var publish = new ServiceProcess(
            [
                "publish", Repository.PathOf("Api"), "-c", "Release", "-o", folder, "--artifacts-path",
                Path.Combine(_work.FullName, "artifacts"),
                "--nologo", "-p:UseSharedCompilation=false", "-nodeReuse:false",
            ],
            Repository.Root,
            new Dictionary<string, string>(StringComparer.Ordinal) { ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0" });
        var code = await publish.ExitCodeAsync(PublishLimit);
        return code == 0 ? folder : throw new InvalidOperationException($"dotnet publish ended with {code}:\n{publish.Output}");
    }
}

/// <summary>A process of the dotnet host, whose output is kept and which ends with its object.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    /// <summary>What a shell or a test run may have set, and what would reach into the service.</summary>
    private static readonly string[] Foreign =
        ["ASPNETCORE_", "DOTNET_ENVIRONMENT", "Keycloak_", "ConnectionStrings_", "DataProtection_", "Shutdown_", "MSBUILD"];

    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _errors;

    /// <param name="arguments">After <c>dotnet</c>.</param>
    /// <param name="folder">The folder that it runs in.</param>
    /// <param name="environment">What is set besides what a test run leaves.</param>
    /// <param name="input">Its standard input; <see langword="null"/> for an empty one.</param>
    public ServiceProcess(
        IEnumerable<string> arguments, string folder, IReadOnlyDictionary<string, string> environment, string? input = null)
    {
        var start = new ProcessStartInfo(
            Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", arguments)
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var name in start.Environment.Keys.Where(name =>
            Foreign.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _output = _process.StandardOutput.ReadToEndAsync();
        _errors = _process.StandardError.ReadToEndAsync();
        try
        {
            _process.StandardInput.Write(input);
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended without reading all of it.
        }
    }

    public bool HasExited => _process.HasExited;

    /// <summary>SIGTERM, as an orchestrator sends it.</summary>
    public async Task TerminateAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString()]);
        await kill.WaitForExitAsync();
    }

    /// <summary>All that it wrote. Only once it has ended.</summary>
    public string Output => StandardOutput + StandardError;

    public string StandardOutput => _output.GetAwaiter().GetResult();

    public string StandardError => _errors.GetAwaiter().GetResult();

    public async Task<int> ExitCodeAsync(TimeSpan limit)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        cancellation.CancelAfter(limit);
        await _process.WaitForExitAsync(cancellation.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}
