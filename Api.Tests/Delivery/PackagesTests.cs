using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;

[assembly: AssemblyFixture(typeof(Api.Tests.Delivery.Packages))]

namespace Api.Tests.Delivery;

/// <summary>
/// What <c>dotnet pack</c> makes of the two libraries: the folder that TEST_PACKAGES names, or made once of what has been built.
/// </summary>
public sealed class Packages : IAsyncDisposable
{
    private readonly DirectoryInfo _work = Directory.CreateTempSubdirectory("api-packages-");
    private readonly Lazy<Task<string>> _folder;

    public Packages() => _folder = new(PackAsync);

    public Task<string> FolderAsync() => _folder.Value;

    public async ValueTask DisposeAsync()
    {
        if (_folder.IsValueCreated)
        {
            await Task.WhenAny(_folder.Value);
        }

        _work.Delete(recursive: true);
    }

    private async Task<string> PackAsync()
    {
        if (Environment.GetEnvironmentVariable("TEST_PACKAGES") is { Length: > 0 } packed)
        {
            return packed;
        }

        foreach (var project in (string[])["keycloak-access", "keycloak-realm"])
        {
            await Repository.RunOnBuildAsync("pack", project, _work.FullName);
        }

        return _work.FullName;
    }
}

/// <summary>The packages hold all that an application needs of them, and nothing of this repository's own.</summary>
public sealed class PackagesTests(Packages packages)
{
    [Fact]
    public async Task The_engine_comes_with_its_comments_its_pages_and_its_migrations()
    {
        using var package = await OpenAsync("KeycloakAccess.*.nupkg");
        var names = package.Entries.Select(entry => entry.FullName).ToArray();

        Assert.Contains("lib/net10.0/KeycloakAccess.xml", names);
        Assert.Contains("README.md", names);
        Assert.Contains("staticwebassets/admin.css", names);
        Assert.Contains("staticwebassets/admin.js", names);
        Assert.Contains(names, name => name.StartsWith("staticwebassets/lib/htmx/", StringComparison.Ordinal)
            && name.Contains("LICENSE", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(names, name => name.Contains("appsettings", StringComparison.Ordinal)
            || name.Contains("Api", StringComparison.Ordinal));
        using var assembly = new PEReader(new MemoryStream(Bytes(package, "lib/net10.0/KeycloakAccess.dll")));
        var metadata = assembly.GetMetadataReader();
        var resources = metadata.ManifestResources
            .Select(handle => metadata.GetString(metadata.GetManifestResource(handle).Name))
            .Where(name => name.EndsWith(".sql", StringComparison.Ordinal));
        var migrations = Repository.PathOf("keycloak-access", "Data", "Migrations");
        Assert.Equal(Directory.EnumerateFiles(migrations, "*.sql", SearchOption.AllDirectories).Count(), resources.Count());
        AssertDescribed(package, "KeycloakAccess.nuspec");
    }

    [Fact]
    public async Task The_embedded_realm_comes_as_a_library_with_its_comments()
    {
        using var package = await OpenAsync("KeycloakRealm.*.nupkg");
        var names = package.Entries.Select(entry => entry.FullName).ToArray();

        Assert.Contains("lib/net10.0/KeycloakRealm.dll", names);
        Assert.Contains("lib/net10.0/KeycloakRealm.xml", names);
        Assert.Contains("README.md", names);
        Assert.DoesNotContain(names, name => name.StartsWith("content", StringComparison.Ordinal));
        AssertDescribed(package, "KeycloakRealm.nuspec");
    }

    [Theory]
    [InlineData("KeycloakAccess")]
    [InlineData("KeycloakRealm")]
    public async Task Symbols_come_beside_it(string name)
    {
        using var symbols = await OpenAsync($"{name}.*.snupkg");

        Assert.Contains(symbols.Entries, entry => entry.FullName == $"lib/net10.0/{name}.pdb");
    }

    private static void AssertDescribed(ZipArchive package, string nuspec)
    {
        var text = Encoding.UTF8.GetString(Bytes(package, nuspec));
        Assert.Contains("""<license type="expression">MIT</license>""", text, StringComparison.Ordinal);
        Assert.Contains("<readme>README.md</readme>", text, StringComparison.Ordinal);
        Assert.DoesNotContain("<description>Package Description</description>", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Meziantou", text, StringComparison.Ordinal);
    }

    private static byte[] Bytes(ZipArchive package, string name)
    {
        using var content = package.GetEntry(name)!.Open();
        using var bytes = new MemoryStream();
        content.CopyTo(bytes);
        return bytes.ToArray();
    }

    private async Task<ZipArchive> OpenAsync(string pattern)
    {
        var file = Assert.Single(Directory.GetFiles(await packages.FolderAsync(), pattern));
        return await ZipFile.OpenReadAsync(file, TestContext.Current.CancellationToken);
    }
}
