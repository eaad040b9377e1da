using System.Diagnostics;
using System.Globalization;
using Api.Tests.Clients;
using Api.Tests.Delivery;

[assembly: AssemblyFixture(typeof(NodeClients))]

namespace Api.Tests.Clients;

/// <summary>
/// Clients from npm, as package-lock.json names them: installed once into Clients/node, when the first test asks for
/// them, and again only when the lock file has changed.
/// </summary>
public sealed class NodeClients
{
    private const int OldestVersion = 20;

    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(5);

    private readonly Lazy<Task<string>> _node = new(PrepareAsync);

    /// <summary>The folder with package.json and the scripts.</summary>
    public static string Folder { get; } = Repository.PathOf(Path.Combine("Api.Tests", "Clients", "node"));

    /// <summary>Installs the packages; skips the calling test where there is no Node.js.</summary>
    public Task InstallAsync() => _node.Value;

    /// <summary>Starts a script of the folder; skips the calling test where there is no Node.js.</summary>
    internal async Task<NodeScript> StartAsync(string script) => new(await _node.Value, Path.Combine(Folder, script));

    private static async Task<string> PrepareAsync()
    {
        var node = Environment.GetEnvironmentVariable("NODE") is { Length: > 0 } given ? given : Find("node");
        Assert.SkipWhen(node is null, $"There is no Node.js: install version {OldestVersion} or newer, or set NODE to its program.");
        var version = (await RunAsync(node, [], ["--version"], TimeSpan.FromMinutes(1))).Trim();
        Assert.SkipWhen(
            !int.TryParse(version.TrimStart('v').Split('.')[0], CultureInfo.InvariantCulture, out var major) || major < OldestVersion,
            $"Node.js is too old: {node} is {version}. Install version {OldestVersion} or newer, or set NODE to its program.");

        var wanted = await File.ReadAllTextAsync(Path.Combine(Folder, "package-lock.json"));
        var installed = Path.Combine(Folder, "node_modules", ".installed.json");
        if (!File.Exists(installed) || await File.ReadAllTextAsync(installed) != wanted)
        {
            var npm = Find("npm", Path.GetDirectoryName(node));
            Assert.SkipWhen(npm is null, "There is no npm: install it, or put its folder into PATH.");
            await Console.Error.WriteLineAsync($"Installing the npm packages of {Folder}");
            var watch = Stopwatch.StartNew();
            await RunAsync(npm, [Path.GetDirectoryName(node)!], ["ci"], InstallLimit);
            await File.WriteAllTextAsync(installed, wanted);
            await Console.Error.WriteLineAsync($"Installed them in {watch.Elapsed.TotalSeconds:0} s");
        }

        return node;
    }

    private static async Task<string> RunAsync(string program, string[] path, string[] arguments, TimeSpan limit)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // npm is a script that looks for node there.
        start.Environment["PATH"] = string.Join(Path.PathSeparator, [.. path, Environment.GetEnvironmentVariable("PATH") ?? ""]);
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException ended)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException(
                $"{program} {string.Join(' ', arguments)} has not ended after {limit.TotalMinutes:0} minutes:\n{await errors}", ended);
        }

        return process.ExitCode == 0
            ? await output
            : throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode} in {Folder}:\n{await output}{await errors}");
    }

    private static string? Find(string program, string? first = null)
    {
        string[] names = OperatingSystem.IsWindows() ? [$"{program}.exe", $"{program}.cmd"] : [program];
        return (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Prepend(first)
            .OfType<string>()
            .SelectMany(folder => names.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);
    }
}
