using System.Formats.Tar;
using Api.Tests.Infrastructure;

namespace Api.Tests.Delivery;

/// <summary>The image of Api/Dockerfile as it was built: whose it is, what it holds, and where it can write.</summary>
[Collection(ContainerEngine.Collection)]
[Trait(ContainerEngine.Trait, ContainerEngine.Needed)]
public sealed class ImageTests(BuiltImage image)
{
    // What Microsoft's images call app.
    private const int OrdinaryUser = 1654;

    // Compiled beforehand, the program is two thirds of this. The native libraries of all systems are more than the rest together.
    private const long LargestProgram = 35_000_000;

    [Fact]
    public async Task An_ordinary_user_runs_it_and_its_health_can_be_asked_for()
    {
        Assert.Equal($"{OrdinaryUser}", await InspectAsync("{{.Config.User}}"));
        Assert.Equal("dotnet Api.dll", await InspectAsync("""{{join .Config.Entrypoint " "}}"""));
        Assert.Contains("[CMD dotnet Api.dll health]", await InspectAsync("{{.Config.Healthcheck.Test}}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_program_is_small_and_everybody_can_read_it()
    {
        var program = (await image.FilesAsync()).Where(file => file.Path.StartsWith("app/", StringComparison.Ordinal)).ToList();

        Assert.Contains(program, file => file.Path == "app/Api.dll");
        Assert.All(program, file => Assert.True(file.Mode.HasFlag(UnixFileMode.OtherRead), $"{file.Path} cannot be read by its user."));
        Assert.InRange(program.Sum(file => file.Length), 1, LargestProgram);
    }

    [Fact]
    public async Task Its_user_owns_the_data_folder_and_can_write_nothing_else_that_stays()
    {
        var files = (await image.FilesAsync())
            // What an engine mounts there is not of the image, and who may write where a symbolic link leads is said there.
            .Where(file => file.Path.Split('/')[0] is not ("dev" or "proc" or "sys") && file.Type != TarEntryType.SymbolicLink)
            .ToList();

        Assert.Contains(files, file => file is { Path: "data", Owner: OrdinaryUser } && file.Mode.HasFlag(UnixFileMode.UserWrite));
        Assert.All(
            files.Where(file => file.Owner == OrdinaryUser || CanBeWrittenByAll(file.Mode)),
            file => Assert.True(file.Path == "data" || file.Path.StartsWith("home/app", StringComparison.Ordinal), file.Path));
    }

    [Fact]
    public async Task A_database_beside_the_program_cannot_be_made()
    {
        var engine = await ContainerEngine.FindOrSkipAsync();
        var settings = new ComposeFile().Environment("api").Append(new("ConnectionStrings__Database", "Data Source=/app/api.db"));

        var ended = await engine.RunContainerAsync(
            [
                .. settings.SelectMany(variable => (string[])["-e", $"{variable.Key}={variable.Value}"]),
                await image.NameAsync(),
            ]);

        Assert.Equal(1, ended.Code);
        Assert.Contains("SQLite /app/api.db: SQLite Error 14: 'unable to open database file'", ended.Output, StringComparison.Ordinal);
    }

    private async Task<string> InspectAsync(string format)
    {
        var engine = await ContainerEngine.FindOrSkipAsync();
        return await engine.RunAsync("image", "inspect", await image.NameAsync(), "--format", format);
    }

    // In a folder with the sticky bit, such as /tmp, nobody touches what is somebody else's.
    private static bool CanBeWrittenByAll(UnixFileMode mode) =>
        mode.HasFlag(UnixFileMode.OtherWrite) && !mode.HasFlag(UnixFileMode.StickyBit);
}
