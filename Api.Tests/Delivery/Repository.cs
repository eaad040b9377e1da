using System.Runtime.CompilerServices;

namespace Api.Tests.Delivery;

/// <summary>The files of this repository, found from where this file was compiled.</summary>
internal static class Repository
{
    public static readonly string Root = FindRoot();

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    public static string Read(params string[] parts) => File.ReadAllText(PathOf(parts)).ReplaceLineEndings("\n");

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
