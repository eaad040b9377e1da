using System.Reflection;
using System.Runtime.CompilerServices;

namespace Api.Tests.Delivery;

/// <summary>The files of this repository, found from where this file was compiled.</summary>
internal static class Repository
{
    public static readonly string Root = FindRoot();

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    public static string Read(params string[] parts) => File.ReadAllText(PathOf(parts)).ReplaceLineEndings("\n");

    /// <summary>Runs <c>dotnet publish</c> or <c>dotnet pack</c> on what has been built for these tests.</summary>
    public static async Task RunOnBuildAsync(string command, string project, string output)
    {
        var configuration = typeof(Repository).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;
        await using var process = new ServiceProcess(
            [command, PathOf(project), "--no-build", "-c", configuration, "-o", output, "--nologo", "-nodeReuse:false"],
            Root,
            new Dictionary<string, string>(StringComparer.Ordinal) { ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0" });
        var code = await process.ExitCodeAsync(TimeSpan.FromMinutes(5));
        Assert.True(code == 0, $"dotnet {command} {project} ended with {code}:\n{process.Output}");
    }

    // A build on a build server maps source paths away; then the folder of the test program leads up to the root.
    private static string FindRoot([CallerFilePath] string here = "")
    {
        foreach (var start in (string?[])[Path.GetDirectoryName(here), AppContext.BaseDirectory])
        {
            for (var folder = start is null ? null : new DirectoryInfo(start); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, "Api.sln")))
                {
                    return folder.FullName;
                }
            }
        }

        throw new InvalidOperationException("No folder above the tests holds Api.sln.");
    }
}
