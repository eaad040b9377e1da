using System.ComponentModel;
using System.Diagnostics;
using System.Formats.Tar;
using Api.Tests.Delivery;

namespace Api.Tests.Infrastructure;

/// <summary>
/// The command line of a container engine: docker with its compose, or podman with podman-compose where CONTAINER_ENGINE names podman.
/// </summary>
internal sealed class ContainerEngine
{
    /// <summary>The collection of the classes that start containers, one after the other: most bring a Keycloak of their own.</summary>
    public const string Collection = "Containers of the tests";

    /// <summary>The trait by which <c>.ci/run</c> leaves those classes out where no engine can be had.</summary>
    public const string Trait = "Needs";

    /// <summary>The value of <see cref="Trait"/>.</summary>
    public const string Needed = "ContainerEngine";

    private const string Podman = "podman";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);
    private static readonly Lazy<Task<(ContainerEngine Engine, string? Missing)>> Found = new(AskAsync);

    private readonly string _program;
    private readonly string[] _compose;

    private ContainerEngine(string program)
    {
        _program = program;
        _compose = IsPodman ? ["podman-compose"] : [program, "compose"];
    }

    /// <summary>Whether health checks are left to whoever asks, and the host has a name of its own.</summary>
    public bool IsPodman => Path.GetFileNameWithoutExtension(_program) == Podman;

    /// <summary>
    /// A name that nothing else has, for what a test starts. <c>.ci/run</c> gives its beginning in TEST_CONTAINERS, and removes
    /// at its end what is named so and still there.
    /// </summary>
    public static string NewName()
    {
        var prefix = Environment.GetEnvironmentVariable("TEST_CONTAINERS") is { Length: > 0 } given ? given : "acme-test";
        return $"{prefix}-{Guid.NewGuid():N}"[..(prefix.Length + 9)];
    }

    /// <summary>The engine, or <see langword="null"/> where none answers.</summary>
    public static async Task<ContainerEngine?> FindAsync() => await Found.Value is ({ } engine, null) ? engine : null;

    /// <summary>The engine; skips the calling test where none answers.</summary>
    public static async Task<ContainerEngine> FindOrSkipAsync()
    {
        var (engine, missing) = await Found.Value;
        Assert.SkipWhen(missing is not null, missing ?? "");
        return engine;
    }

    /// <summary>Builds the image of Api/Dockerfile.</summary>
    public Task BuildAsync(string name) =>
        // Podman's own format of images has no room for a health check.
        RunAsync(["build", .. IsPodman ? ["--format", "docker"] : Array.Empty<string>(), "-f", "Api/Dockerfile", "-t", name, "."]);

    /// <summary>Runs it to its end, which must be a good one, and returns what it wrote.</summary>
    public async Task<string> RunAsync(params string[] arguments)
    {
        var ended = await TryAsync(arguments);
        Assert.True(ended.Code == 0, $"{_program} {string.Join(' ', arguments)} ended with {ended.Code}:\n{ended.Output}");
        return ended.StandardOutput.Trim();
    }

    public Task<Ended> TryAsync(params string[] arguments) => EndAsync([_program, .. arguments], environment: [], Limit);

    /// <summary>Runs a container to its end, which must come within two minutes, and removes it.</summary>
    public async Task<Ended> RunContainerAsync(params string[] arguments)
    {
        var name = NewName();
        try
        {
            return await EndAsync([_program, "run", "--name", name, .. arguments], environment: [], TimeSpan.FromMinutes(2));
        }
        finally
        {
            await TryAsync("rm", "--force", name);
        }
    }

    /// <summary>Runs compose on compose.yaml, with these variables besides those of the tests.</summary>
    public Task<Ended> ComposeAsync(
        string project, IReadOnlyCollection<(string Name, string Value)> environment, params string[] arguments) =>
        EndAsync([.. _compose, "-f", "compose.yaml", "-p", project, .. arguments], environment, Limit);

    /// <summary>All that a container holds, which need not run.</summary>
    public async Task<IReadOnlyList<FileEntry>> ListFilesAsync(string container)
    {
        using var process = Start([_program, "export", container], environment: []);
        var errors = process.StandardError.ReadToEndAsync();
        var entries = new List<FileEntry>();
        await using (var archive = new TarReader(process.StandardOutput.BaseStream))
        {
            while (await archive.GetNextEntryAsync(cancellationToken: TestContext.Current.CancellationToken) is { } entry)
            {
                entries.Add(new(entry.Name.Trim('/'), entry.EntryType, entry.Uid, entry.Mode, entry.Length));
            }
        }

        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, await errors);
        return entries;
    }

    private static async Task<(ContainerEngine Engine, string? Missing)> AskAsync()
    {
        var engine = new ContainerEngine(
            Environment.GetEnvironmentVariable("CONTAINER_ENGINE") is { Length: > 0 } given ? given : "docker");
        foreach (var command in (string[][])[[engine._program, "info"], [.. engine._compose, "version"]])
        {
            try
            {
                var ended = await EndAsync(command, environment: [], TimeSpan.FromMinutes(1));
                if (ended.Code == 0)
                {
                    continue;
                }
            }
            catch (Win32Exception)
            {
                // There is no such program.
            }

            return (engine, $"There is no container engine: \"{string.Join(' ', command)}\" does not answer. "
                + "Start Docker with its compose, or set CONTAINER_ENGINE to podman and DOCKER_HOST to its socket.");
        }

        return (engine, null);
    }

    // What a test run that is being ended still has to take down must come to its end: only time puts one to it.
    private static async Task<Ended> EndAsync(
        IReadOnlyList<string> command, IReadOnlyCollection<(string Name, string Value)> environment, TimeSpan time)
    {
        using var process = Start(command, environment);
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(time);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException exception)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{string.Join(' ', command)} took longer than {time}.", exception);
        }

        return new(process.ExitCode, await output, await errors);
    }

    private static Process Start(IReadOnlyList<string> command, IReadOnlyCollection<(string Name, string Value)> environment)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            WorkingDirectory = Repository.Root,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    internal sealed record FileEntry(string Path, TarEntryType Type, int Owner, UnixFileMode Mode, long Length);

    internal sealed record Ended(int Code, string StandardOutput, string StandardError)
    {
        public string Output => StandardOutput + StandardError;
    }
}
