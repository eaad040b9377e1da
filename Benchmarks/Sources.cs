using System.Diagnostics;

namespace Benchmarks;

internal static class Sources
{
    public static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Api.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("Run the benchmark from the repository: dotnet run --project Benchmarks -c Release.");
    }

    /// <summary>No server of the SDK may stay, because it would affect the measures.</summary>
    public static void Dotnet(string root, params string[] arguments)
    {
        var start = new ProcessStartInfo(
            "dotnet", [.. arguments, "--nologo", "-v", "quiet", "-nodeReuse:false", "-p:UseSharedCompilation=false"])
        {
            WorkingDirectory = root,
        };
        using var process = Process.Start(start)!;
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"dotnet {string.Join(' ', arguments)} ended with {process.ExitCode}.");
        }
    }
}
