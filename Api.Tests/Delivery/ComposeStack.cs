using System.Diagnostics;
using System.Net.Http.Headers;
using Api.Tests.Infrastructure;

namespace Api.Tests.Delivery;

/// <summary>
/// What compose.yaml starts, with the image that was built, at ports and with secrets of its own. Nothing of it is left once it
/// is disposed.
/// </summary>
public sealed class ComposeStack : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(5);

    private readonly string _project = ContainerEngine.NewName();
    private readonly int _keycloakPort = FreePort.Find();
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false });
    private readonly (string Name, string Value)[] _variables;
    private readonly BuiltImage _image;
    private readonly Lazy<Task> _start;

    public ComposeStack(BuiltImage image)
    {
        var port = FreePort.Find();
        Url = $"http://localhost:{port}";
        _variables =
        [
            ("API_PORT", $"{port}"), ("KEYCLOAK_PORT", $"{_keycloakPort}"), ("ACME_ADMIN_SECRET", Guid.NewGuid().ToString("N")),
            ("KEYCLOAK_ADMIN", "admin"), ("KEYCLOAK_ADMIN_PASSWORD", AdministratorPassword),
        ];
        _image = image;
        _start = new(UpAsync);
    }

    /// <summary>The service's address.</summary>
    public string Url { get; }

    /// <summary>The address of the realm with this name.</summary>
    public string Realm(string name = "acme") => $"http://localhost:{_keycloakPort}/realms/{name}";

    /// <summary>The password of Keycloak's administrator.</summary>
    public string AdministratorPassword { get; } = Guid.NewGuid().ToString("N");

    /// <summary>Starts it once; skips the calling test where there is no container engine.</summary>
    public Task StartAsync() => _start.Value;

    /// <summary>Runs a command in the container of a service. The answer is its exit code and what it wrote.</summary>
    internal async Task<ContainerEngine.Ended> ExecuteAsync(string service, params IEnumerable<string> command)
    {
        var engine = await ContainerEngine.FindOrSkipAsync();
        return await engine.TryAsync(["exec", await FindContainerAsync(service), .. command]);
    }

    /// <summary>Removes the service's container and lets compose make it again.</summary>
    public async Task ReplaceServiceAsync()
    {
        var engine = await ContainerEngine.FindOrSkipAsync();
        await engine.RunAsync("rm", "-f", await FindContainerAsync("api"));
        await UpAsync();
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? token = null, string? json = null)
    {
        using var request = new HttpRequestMessage(method, Url + path);
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        request.Content = json is null ? null : new StringContent(json, mediaType: new("application/json"));
        return await _http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>What a realm's token endpoint answers.</summary>
    public async Task<HttpResponseMessage> PostForTokenAsync(string realm, params (string Name, string Value)[] form)
    {
        using var content = new FormUrlEncodedContent(form.Select(field => KeyValuePair.Create(field.Name, field.Value)));
        return await _http.PostAsync(
            $"{Realm(realm)}/protocol/openid-connect/token", content, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (!_start.IsValueCreated)
        {
            return;
        }

        await Task.WhenAny(_start.Value);
        if (await ContainerEngine.FindAsync() is { } engine)
        {
            await engine.ComposeAsync(_project, await VariablesAsync(), "down", "--volumes");
            // The older podman-compose leaves it.
            await engine.TryAsync("network", "rm", $"{_project}_default");
        }
    }

    private async Task UpAsync()
    {
        var engine = await ContainerEngine.FindOrSkipAsync();
        var up = await engine.ComposeAsync(_project, await VariablesAsync(), "up", "--detach", "--no-build");
        Assert.True(up.Code == 0, up.Output);

        var watch = Stopwatch.StartNew();
        while (!await IsReadyAsync())
        {
            if (watch.Elapsed > StartLimit)
            {
                Assert.Fail($"The service is not ready after {StartLimit}.\n{up.Output}\n{await LogsAsync(engine)}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), TestContext.Current.CancellationToken);
        }
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var answer = await SendAsync(HttpMethod.Get, "/health/ready");
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task<(string Name, string Value)[]> VariablesAsync() => [.. _variables, ("API_IMAGE", await _image.NameAsync())];

    private async Task<string> FindContainerAsync(string service)
    {
        var engine = await ContainerEngine.FindOrSkipAsync();
        return await engine.RunAsync(
            "ps", "--all", "--quiet",
            "--filter", $"label=com.docker.compose.project={_project}", "--filter", $"label=com.docker.compose.service={service}");
    }

    private async Task<string> LogsAsync(ContainerEngine engine)
    {
        var logs = new List<string>();
        foreach (var service in new ComposeFile().Services)
        {
            logs.Add($"{service}:\n{KeycloakProcess.Tail((await engine.TryAsync("logs", await FindContainerAsync(service))).Output)}");
        }

        return string.Join('\n', logs);
    }
}
