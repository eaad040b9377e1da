using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;

namespace Api.Tests.Infrastructure;

/// <summary>
/// A real Keycloak that has imported acme-realm.json: the one at KEYCLOAK_URL, or one started from the distribution in
/// KEYCLOAK_HOME, or one in a container where a Docker engine answers.
/// </summary>
public class KeycloakUnderTest : RealmUnderTest
{
    /// <summary>The version that the contract is written against; compose.yaml names the same.</summary>
    public const string Image = "keycloak/keycloak:26.7.3";

    private const string DockerHost = "host.docker.internal";

    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(4);

    // Several imports at once take as long together as one after the other, and each of them takes that long.
    private readonly SemaphoreSlim _importing = new(1, 1);

    private readonly HttpClient _admin = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };
    private KeycloakProcess? _process;
    private IContainer? _container;
    private IPAddress _backChannelAddress = IPAddress.Loopback;
    private string? _callerAddress = "127.0.0.1";
    private string _administrator = "admin";
    private string _administratorPassword = "admin";

    public override string? CallerAddress => _callerAddress;

    protected override (string Name, string Password) Administrator => (_administrator, _administratorPassword);

    private string ClientsUrl => $"{Url.GetLeftPart(UriPartial.Authority)}/admin/realms/{RealmName}/clients";

    public override IPAddress BackChannelAddress => _backChannelAddress;

    /// <summary>Adds it by the admin API, and deletes it when the answer is disposed.</summary>
    public override async Task<RealmWithClient> AddClientAsync(JsonObject client)
    {
        using var post = new HttpRequestMessage(HttpMethod.Post, ClientsUrl) { Content = JsonContent.Create(client) };
        post.Headers.Add("Authorization", $"Bearer {await GetAdministratorTokenAsync()}");
        using var created = await _admin.SendAsync(post);
        Assert.True(created.IsSuccessStatusCode, await created.Content.ReadAsStringAsync());
        var url = created.Headers.Location!;
        return new(
            this,
            pass: time => Task.Delay(time, TestContext.Current.CancellationToken),
            restore: async () =>
            {
                using var delete = new HttpRequestMessage(HttpMethod.Delete, url);
                delete.Headers.Add("Authorization", $"Bearer {await GetAdministratorTokenAsync()}");
                using var deleted = await _admin.SendAsync(delete);
                deleted.EnsureSuccessStatusCode();
            });
    }

    /// <summary>Adds the person by the admin API, and deletes them when the answer is disposed.</summary>
    public override async Task<RealmWithPerson> AddPersonAsync()
    {
        var name = $"p-{Guid.NewGuid():N}"[..12];
        using var post = new HttpRequestMessage(HttpMethod.Post, $"{AdminEndpoint}/users")
        {
            Content = JsonContent.Create(PersonNamed(name)),
        };
        post.Headers.Add("Authorization", $"Bearer {await GetAdministratorTokenAsync()}");
        using var created = await _admin.SendAsync(post);
        Assert.True(created.IsSuccessStatusCode, await created.Content.ReadAsStringAsync());
        var url = created.Headers.Location!;
        await ChangeRoleAsync(name, "staff", has: true);
        return new(
            this,
            name,
            (role, has) => ChangeRoleAsync(name, role, has),
            () => DisableAsync(name),
            restore: async () =>
            {
                using var delete = new HttpRequestMessage(HttpMethod.Delete, url);
                delete.Headers.Add("Authorization", $"Bearer {await GetAdministratorTokenAsync()}");
                using var deleted = await _admin.SendAsync(delete);
                deleted.EnsureSuccessStatusCode();
            });
    }

    /// <summary>The status and the message of the admin REST API; what is wrong in detail it tells its log only.</summary>
    public override async Task<string?> TryImportAsync(string realm)
    {
        var realms = $"{Url.GetLeftPart(UriPartial.Authority)}/admin/realms";
        using var answer = await PostRealmAsync(realms, realm);
        if (!answer.IsSuccessStatusCode)
        {
            var error = (await answer.Content.ReadFromJsonAsync<JsonObject>())!;
            return $"{(int)answer.StatusCode} {error["errorMessage"] ?? error["error"]}".Trim();
        }

        using var delete = new HttpRequestMessage(HttpMethod.Delete, answer.Headers.Location);
        delete.Headers.Add("Authorization", $"Bearer {await GetAdministratorTokenAsync()}");
        (await _admin.SendAsync(delete)).Dispose();
        return null;
    }

    /// <summary>Imports the realm by the admin REST API, in the place of what an earlier run may have left there.</summary>
    protected override async Task<Uri> ImportAsync(string realmFile)
    {
        var realms = $"{Url.GetLeftPart(UriPartial.Authority)}/admin/realms";
        var text = await File.ReadAllTextAsync(realmFile);
        using var delete = new HttpRequestMessage(
            HttpMethod.Delete,
            $"{realms}/{Uri.EscapeDataString(JsonNode.Parse(text)!["realm"]!.GetValue<string>())}");
        delete.Headers.Add("Authorization", $"Bearer {await GetAdministratorTokenAsync()}");
        (await _admin.SendAsync(delete)).Dispose();

        using var imported = await PostRealmAsync(realms, text);
        imported.EnsureSuccessStatusCode();
        return Url;
    }

    private async Task<HttpResponseMessage> PostRealmAsync(string realms, string realm)
    {
        using var post = new HttpRequestMessage(HttpMethod.Post, realms);
        post.Content = new StringContent(realm, mediaType: new("application/json"));
        await _importing.WaitAsync();
        try
        {
            // Its token is good for a minute, so it is asked for when it is its turn.
            post.Headers.Add("Authorization", $"Bearer {await GetAdministratorTokenAsync()}");
            return await _admin.SendAsync(post);
        }
        finally
        {
            _importing.Release();
        }
    }

    protected override async Task StartServerAsync()
    {
        if (Environment.GetEnvironmentVariable("KEYCLOAK_URL") is { Length: > 0 } url)
        {
            Url = new(url.TrimEnd('/'));
            ApiUrl = Environment.GetEnvironmentVariable("ACME_API_URL") is { Length: > 0 } apiUrl ? apiUrl : "http://localhost:5000";
            _administrator = Environment.GetEnvironmentVariable("KEYCLOAK_ADMIN") ?? _administrator;
            _administratorPassword = Environment.GetEnvironmentVariable("KEYCLOAK_ADMIN_PASSWORD") ?? _administratorPassword;
            _callerAddress = null;
            _backChannelAddress = IPAddress.Any;
        }
        else if (Environment.GetEnvironmentVariable("KEYCLOAK_HOME") is { Length: > 0 } home)
        {
            await StartProcessAsync(home);
        }
        else
        {
            await StartContainerAsync();
        }
    }

    protected override async ValueTask StopServerAsync()
    {
        _process?.Dispose();
        if (_container is not null)
        {
            await _container.DisposeAsync();
        }

        _admin.Dispose();
        _importing.Dispose();
    }

    /// <summary>Options that the distribution was not built with.</summary>
    protected virtual string[] BuildOptions => [];

    private protected async Task StartProcessAsync(string home)
    {
        var port = FreePort.Find();
        var managementPort = FreePort.Find();
        Url = new($"http://localhost:{port}");
        ApiUrl = $"http://localhost:{FreePort.Find()}";
        _process = KeycloakProcess.Start(home, RealmFile, Url, managementPort, ApiUrl, isShortLived: true, BuildOptions);

        var watch = Stopwatch.StartNew();
        while (!await IsReadyAsync(new($"http://127.0.0.1:{managementPort}/health/ready")))
        {
            if (_process.HasExited || watch.Elapsed > StartLimit)
            {
                var reason = _process.HasExited ? "has ended" : "is not ready";
                throw new InvalidOperationException(
                    $"Keycloak from KEYCLOAK_HOME={home} {reason} after {watch.Elapsed.TotalSeconds:0} s. "
                    + $"Its log ends:\n{_process.TailOfLog()}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(250));
        }
    }

    /// <summary>Starts one in a container; skips the calling test where no Docker engine answers.</summary>
    protected async Task StartContainerAsync()
    {
        // The issuer is fixed before the start, so the published port must be too.
        var port = FreePort.Find();
        var apiPort = FreePort.Find();
        try
        {
            var host = await FindHostNameAsync();
            var builder = new ContainerBuilder(Image)
                .WithName(ContainerEngine.NewName())
                .WithCommand("start-dev", "--import-realm", "--health-enabled=true", $"--hostname=http://localhost:{port}")
                .WithEnvironment("KC_BOOTSTRAP_ADMIN_USERNAME", _administrator)
                .WithEnvironment("KC_BOOTSTRAP_ADMIN_PASSWORD", _administratorPassword)
                .WithEnvironment("ACME_API_URL", $"http://localhost:{apiPort}")
                .WithEnvironment("ACME_API_BACKCHANNEL_URL", $"http://{host}:{apiPort}")
                // Half the time to readiness on a busy machine; a test run never reaches the second compiler's gains.
                .WithEnvironment("JAVA_OPTS_APPEND", "-XX:TieredStopAtLevel=1")
                .WithEnvironment("JAVA_OPTS_KC_HEAP", "-Xms64m -Xmx512m")
                .WithResourceMapping(new FileInfo(RealmFile), "/opt/keycloak/data/import/")
                .WithPortBinding(port, 8080)
                .WithPortBinding(9000, assignRandomHostPort: true)
                .WithWaitStrategy(Wait.ForUnixContainer().UntilHttpRequestIsSucceeded(
                    request => request.ForPort(9000).ForPath("/health/ready"),
                    strategy => strategy.WithTimeout(StartLimit)));
            _container = (host == DockerHost ? builder.WithExtraHost(DockerHost, "host-gateway") : builder).Build();
        }
        catch (DockerUnavailableException)
        {
            Assert.Skip(
                "No real Keycloak: set KEYCLOAK_HOME to a distribution, or KEYCLOAK_URL to a running Keycloak with the acme realm, "
                    + "or start a Docker engine.");
            throw;
        }

        Url = new($"http://localhost:{port}");
        ApiUrl = $"http://localhost:{apiPort}";
        _callerAddress = null;
        _backChannelAddress = IPAddress.Any;
        try
        {
            await _container.StartAsync();
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            var (output, errors) = await _container.GetLogsAsync();
            throw new InvalidOperationException(
                $"Keycloak did not start in its container. Its log ends:\n{KeycloakProcess.Tail(output + errors)}", failure);
        }
    }

    // Where "host-gateway" stands, Docker writes the host's address. Podman 4.3 writes that very word, so that the name leads nowhere
    // (podman issue 14390); each version of it knows the host under a name of its own.
    private static async Task<string> FindHostNameAsync()
    {
        if (TestcontainersSettings.OS.DockerEndpointAuthConfig is not { } endpoint)
        {
            return DockerHost;
        }

        using var client = endpoint.GetDockerClientBuilder(Guid.Empty).Build();
        var version = await client.System.GetVersionAsync(TestContext.Current.CancellationToken);
        return (version.Components ?? []).Any(component => component.Name == "Podman Engine") ? "host.containers.internal" : DockerHost;
    }

    private async Task<bool> IsReadyAsync(Uri health)
    {
        try
        {
            using var response = await _admin.GetAsync(health);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}

/// <summary>The real Keycloak in a container, whatever else is configured.</summary>
public sealed class KeycloakInContainer : KeycloakUnderTest
{
    protected override Task StartServerAsync() => StartContainerAsync();
}
