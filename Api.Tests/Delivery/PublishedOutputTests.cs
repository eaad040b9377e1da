using System.Net;
using System.Text;
using AngleSharp.Html.Parser;
using Api.Tests.Infrastructure;

namespace Api.Tests.Delivery;

/// <summary>What is delivered: the service without its embedded realm, ready for the image.</summary>
public sealed class PublishedOutputTests(PublishedOutput published, EmbeddedRealmUnderTest realm)
{
    private static readonly string[] TracesOfTheRealm = ["KeycloakRealm", "EmbeddedRealm", "acme-realm.json"];
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task No_file_of_the_embedded_realm_is_published()
    {
        var files = Directory.EnumerateFiles(await published.FolderAsync(), "*", SearchOption.AllDirectories)
            .Select(file => Path.GetFileName(file))
            .ToList();

        Assert.Contains("Api.dll", files, StringComparer.Ordinal);
        Assert.DoesNotContain(files, file => file.StartsWith("KeycloakRealm", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("acme-realm.json", files, StringComparer.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task What_a_run_in_development_left_in_the_sources_is_not_published() =>
        Assert.False(
            Directory.Exists(Path.Combine(await published.FolderAsync(), "data")),
            "Api/data is published, and with it the keys of the embedded realm. Api.csproj must leave it out.");

    [Theory]
    [InlineData("Api.dll")]
    [InlineData("Api.deps.json")]
    [InlineData("Api.staticwebassets.endpoints.json")]
    [InlineData("appsettings.json")]
    public async Task No_published_file_names_the_embedded_realm(string file) =>
        Assert.Empty(Traces(Path.Combine(await published.FolderAsync(), file)));

    [Fact]
    public void The_debug_build_does_name_it_so_the_search_can_find()
    {
        Assert.Equal(TracesOfTheRealm, Traces(Path.Combine(AppContext.BaseDirectory, "Api.dll")), StringComparer.Ordinal);
        Assert.True(File.Exists(Path.Combine(AppContext.BaseDirectory, "KeycloakRealm.dll")));
    }

    [Fact]
    public async Task Without_configuration_it_says_what_to_set_and_ends_with_1()
    {
        await using var service = await published.StartAsync(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            ["ConnectionStrings__Database"] = $"Data Source={published.NewFolder()}/api.db",
        });

        Assert.Equal(1, await service.ExitCodeAsync(StartLimit));
        Assert.Contains("Keycloak:auth-server-url is missing.", service.Output, StringComparison.Ordinal);
        Assert.Contains("Keycloak:sign-in:credentials:secret is missing.", service.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", service.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled exception", service.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_development_too_it_brings_no_realm_of_its_own()
    {
        await using var service = await published.StartAsync(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            ["ConnectionStrings__Database"] = $"Data Source={published.NewFolder()}/api.db",
        });

        Assert.Equal(1, await service.ExitCodeAsync(StartLimit));
        Assert.Contains("Keycloak:auth-server-url is missing.", service.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_the_settings_of_image_and_compose_it_becomes_healthy_and_writes_to_its_data_folder_alone()
    {
        await realm.StartAsync();
        var data = published.NewFolder();
        var port = FreePort.Find();
        var environment = new Dictionary<string, string>(new ComposeFile().Environment("api"), StringComparer.Ordinal);
        foreach (var (name, value) in Dockerfile.Instance.Environment)
        {
            environment[name] = value.Replace("/data", data, StringComparison.Ordinal);
        }

        // What is the container network's there is this machine's here; all else is as it is delivered.
        environment["ASPNETCORE_HTTP_PORTS"] = port.ToString();
        environment["Keycloak__AuthServerUrl"] = realm.Url.ToString();
        environment["Keycloak__BackchannelUrl"] = realm.Url.ToString();
        await using var service = await published.StartAsync(environment);

        Assert.True(await IsHealthyAsync(service, environment), "The service did not become healthy.");
        Assert.True(File.Exists(Path.Combine(data, "api.db")));
        // The keys that protect sessions lie in the database.
        Assert.All(
            Directory.EnumerateFileSystemEntries(data),
            path => Assert.StartsWith("api.db", Path.GetFileName(path), StringComparison.Ordinal));
        Assert.False(File.Exists(Path.Combine(await published.FolderAsync(), "data", "api.db")));
        await BrowsersKeepTheFilesOfAPageAndGetThemCompressedAsync(port);
    }

    [Fact]
    public async Task The_health_check_fails_where_nothing_listens()
    {
        await using var check = await published.StartAsync(
            new Dictionary<string, string>(StringComparer.Ordinal) { ["ASPNETCORE_HTTP_PORTS"] = FreePort.Find().ToString() }, "health");

        Assert.Equal(1, await check.ExitCodeAsync(StartLimit));
    }

    private static async Task BrowsersKeepTheFilesOfAPageAndGetThemCompressedAsync(int port)
    {
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        client.DefaultRequestHeaders.AcceptEncoding.ParseAdd("br, gzip");
        var page = await new HtmlParser()
            .ParseDocumentAsync(await client.GetStringAsync("/signed-out", TestContext.Current.CancellationToken));
        var paths = page.QuerySelectorAll("link[href], script[src], img[src]")
            .Select(file => file.GetAttribute("src") ?? file.GetAttribute("href")!)
            .Distinct()
            .ToList();

        Assert.Equal(4, paths.Count);
        foreach (var path in paths)
        {
            var file = await client.GetAsync(path, TestContext.Current.CancellationToken);

            Assert.Equal(HttpStatusCode.OK, file.StatusCode);
            Assert.Equal("br", file.Content.Headers.ContentEncoding.Single());
            Assert.Equal(TimeSpan.FromDays(365), file.Headers.CacheControl?.MaxAge);
            Assert.Contains("immutable", file.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
            Assert.Equal("nosniff", file.Headers.GetValues("X-Content-Type-Options").Single());
        }
    }

    private async Task<bool> IsHealthyAsync(ServiceProcess service, IReadOnlyDictionary<string, string> environment)
    {
        for (var attempt = 0; attempt < 60; attempt++)
        {
            await using var check = await published.StartAsync(environment, "health");
            if (await check.ExitCodeAsync(StartLimit) == 0)
            {
                return true;
            }

            Assert.False(service.HasExited, service.HasExited ? service.Output : "");
            await Task.Delay(TimeSpan.FromMilliseconds(500), TestContext.Current.CancellationToken);
        }

        return false;
    }

    // Names of types stand in an assembly as UTF-8, texts as UTF-16, at odd and even places.
    private static IEnumerable<string> Traces(string file)
    {
        var bytes = File.ReadAllBytes(file);
        return TracesOfTheRealm.Where(trace =>
            bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(trace)) >= 0 || bytes.AsSpan().IndexOf(Encoding.Unicode.GetBytes(trace)) >= 0);
    }
}
