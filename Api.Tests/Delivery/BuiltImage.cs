using Api.Tests.Infrastructure;

[assembly: AssemblyFixture(typeof(Api.Tests.Delivery.BuiltImage))]

namespace Api.Tests.Delivery;

/// <summary>The image of Api/Dockerfile: the one that TEST_IMAGE names, or built once and removed at the end.</summary>
public sealed class BuiltImage : IAsyncDisposable
{
    private readonly Lazy<Task<string>> _name = new(BuildAsync);
    private readonly Lazy<Task<IReadOnlyList<ContainerEngine.FileEntry>>> _files;

    public BuiltImage() => _files = new(ListFilesAsync);

    private static string? Given => Environment.GetEnvironmentVariable("TEST_IMAGE") is { Length: > 0 } given ? given : null;

    /// <summary>The image's name; skips the calling test where there is no container engine.</summary>
    public Task<string> NameAsync() => _name.Value;

    /// <summary>All that is in the image; skips the calling test where there is no container engine.</summary>
    internal Task<IReadOnlyList<ContainerEngine.FileEntry>> FilesAsync() => _files.Value;

    public async ValueTask DisposeAsync()
    {
        if (Given is null
            && _name is { IsValueCreated: true, Value.IsCompletedSuccessfully: true }
            && await ContainerEngine.FindAsync() is { } engine)
        {
            await engine.RunAsync("rmi", "-f", await _name.Value);
        }
    }

    private static async Task<string> BuildAsync()
    {
        var engine = await ContainerEngine.FindOrSkipAsync();
        if (Given is { } given)
        {
            return given;
        }

        var name = ContainerEngine.NewName();
        await engine.BuildAsync(name);
        return name;
    }

    private async Task<IReadOnlyList<ContainerEngine.FileEntry>> ListFilesAsync()
    {
        var engine = await ContainerEngine.FindOrSkipAsync();
        var container = ContainerEngine.NewName();
        await engine.RunAsync("create", "--name", container, await NameAsync());
        try
        {
            return await engine.ListFilesAsync(container);
        }
        finally
        {
            await engine.RunAsync("rm", "-f", container);
        }
    }
}
