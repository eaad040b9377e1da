using System.Net;
using Api.Tests.Delivery;
using Api.Tests.Infrastructure;

namespace Api.Tests.Realm;

/// <summary>The embedded realm as a process of its own, started as anybody would who has nothing else of this repository.</summary>
public sealed class RealmCommandLineTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("realm-command-");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_serves_the_files_it_is_given_watches_them_and_enables_fault_injection()
    {
        var first = Write("first.json", RealmFileUnderTest.Realm("first", "ann"));
        var second = Write("second.json", RealmFileUnderTest.Realm("second", "zoe"));
        var url = $"http://localhost:{FreePort.Find()}";
        var process = Start("first.json", second, "--urls", url, "--state", Path.Combine(_folder.FullName, "state"), "--watch", "--faults");

        await using (process)
        {
            Assert.Equal(HttpStatusCode.OK, await UntilAsync(process, $"{url}/realms/first", HttpStatusCode.OK));
            Assert.Equal(HttpStatusCode.OK, await UntilAsync(process, $"{url}/realms/second", HttpStatusCode.OK));
            Assert.Equal(HttpStatusCode.OK, await UntilAsync(process, $"{url}/_faults", HttpStatusCode.OK));
            await File.WriteAllTextAsync(first, RealmFileUnderTest.Realm("renamed", "ann"), Cancel);
            Assert.Equal(HttpStatusCode.OK, await UntilAsync(process, $"{url}/realms/renamed", HttpStatusCode.OK));
        }

        foreach (var (realm, person) in new[] { ("first", "ann"), ("second", "zoe") })
        {
            Assert.Contains($"Realm {realm}: {url}/realms/{realm}", process.StandardOutput, StringComparison.Ordinal);
            Assert.Contains(person, process.StandardOutput, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_file_that_cannot_be_imported_ends_it_with_one_line_and_1()
    {
        await using var process = Start(Write("bad.json", """{"realm":"bad","colour":"red"}"""), "--urls", "http://localhost:0");

        Assert.Equal(1, await process.ExitCodeAsync(TimeSpan.FromSeconds(60)));
        Assert.Contains("$.colour", process.StandardError, StringComparison.Ordinal);
        Assert.Single(process.StandardError.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static async Task<HttpStatusCode?> UntilAsync(ServiceProcess process, string url, HttpStatusCode expected)
    {
        using var http = new HttpClient();
        HttpStatusCode? status = null;
        for (var i = 0; i < 300 && status != expected && !process.HasExited; i++)
        {
            try
            {
                status = (await http.GetAsync(url, Cancel)).StatusCode;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            await Task.Delay(100, Cancel);
        }

        return status;
    }

    private ServiceProcess Start(params string[] arguments) => new(
        [Path.Combine(AppContext.BaseDirectory, "KeycloakRealm.dll"), .. arguments, "--environment", "Testing"],
        _folder.FullName,
        new Dictionary<string, string>(StringComparer.Ordinal));

    private string Write(string name, string content)
    {
        var file = Path.Combine(_folder.FullName, name);
        File.WriteAllText(file, content);
        return file;
    }
}
