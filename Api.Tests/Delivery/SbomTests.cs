using System.Text.Json;

namespace Api.Tests.Delivery;

/// <summary>The bill of materials says what is delivered, no less and no more.</summary>
public sealed class SbomTests(PublishedOutput published)
{
    [Fact]
    public async Task It_names_every_package_that_is_published_by_version_and_hash_and_no_other()
    {
        var file = Environment.GetEnvironmentVariable("TEST_SBOM");
        Assert.SkipWhen(string.IsNullOrEmpty(file), "TEST_SBOM names no bill of materials: .ci/sbom writes one.");
        using var materials = JsonDocument.Parse(await File.ReadAllTextAsync(file!, TestContext.Current.CancellationToken));
        using var dependencies = JsonDocument.Parse(await File.ReadAllTextAsync(
            Path.Combine(await published.FolderAsync(), "Api.deps.json"), TestContext.Current.CancellationToken));

        var root = materials.RootElement;
        Assert.Equal("CycloneDX", root.GetProperty("bomFormat").GetString());
        var packages = dependencies.RootElement.GetProperty("libraries").EnumerateObject()
            .Where(library => library.Value.GetProperty("type").GetString() == "package")
            .Select(library => library.Name)
            .Order(StringComparer.Ordinal)
            .ToArray();
        var components = root.GetProperty("components").EnumerateArray().ToArray();

        Assert.NotEmpty(packages);
        Assert.Equal(
            packages,
            components.Select(component => $"{component.GetProperty("name").GetString()}/{component.GetProperty("version").GetString()}")
                .Order(StringComparer.Ordinal));
        Assert.All(components, component =>
        {
            Assert.StartsWith("pkg:nuget/", component.GetProperty("purl").GetString(), StringComparison.Ordinal);
            Assert.NotEmpty(component.GetProperty("hashes").EnumerateArray());
        });
    }
}
