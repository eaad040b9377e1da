using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Api.Tests.Delivery;
using Api.Tests.Infrastructure;
using KeycloakAccess.Data;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Api.Tests.ForwardAuth;

/// <summary>
/// An application that answers with the headers that reach it, behind a real nginx and a real Caddy with the settings of the documents:
/// people are signed in and led back, services pass by their token, and nobody says who they are by themselves.
/// </summary>
public sealed class ProxiedApplicationTests : IAsyncDisposable
{
    private readonly int _port = FreePort.Find();
    private readonly int _apiPort = FreePort.Find();
    private readonly int _applicationPort = FreePort.Find();
    private readonly Stack<IAsyncDisposable> _started = [];
    private readonly EmbeddedRealmUnderTest _realm;
    private readonly SocketsHttpHandler _network = new() { AllowAutoRedirect = false, UseCookies = false, UseProxy = false };

    public ProxiedApplicationTests()
    {
        _realm = EmbeddedRealmUnderTest.For($"https://localhost:{_port}/access");
        _network.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=localhost";
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Site => $"https://localhost:{_port}";

    public async ValueTask DisposeAsync()
    {
        while (_started.TryPop(out var started))
        {
            await started.DisposeAsync();
        }

        await _realm.DisposeAsync();
        _network.Dispose();
    }

    [Fact]
    public async Task Behind_the_nginx_of_the_documents()
    {
        Nginx.Find();
        await StartAsync();
        _started.Push(await Nginx.StartAsync(
            Adapt(Settings("nginx"))
                .Replace("443", $"127.0.0.1:{_port}", StringComparison.Ordinal)
                .Replace("server_name www.example.com", "server_name localhost", StringComparison.Ordinal)
                .Replace("/etc/nginx/www.example.com.pem", "CERTIFICATE", StringComparison.Ordinal)
                .Replace("/etc/nginx/www.example.com.key", "KEY", StringComparison.Ordinal),
            _port));
        await UseAsync();
    }

    [Fact]
    public async Task Behind_the_Caddy_of_the_documents()
    {
        Caddy.Find();
        await StartAsync();
        _started.Push(await Caddy.StartAsync(
            Adapt(Settings("caddyfile"))
                .Replace("https://www.example.com {", $"https://localhost:{_port} {{\n\ttls CERTIFICATE KEY", StringComparison.Ordinal),
            _port));
        await UseAsync();
    }

    private async Task UseAsync()
    {
        // A person is led to the sign-in and back, with the whole query.
        using var browser = new RealmBrowser(_realm.Url, new Uri(Site), _network);
        var end = await browser.SignInAsync($"{Site}/shop/list?page=2&sort=name", "grace", "grace");
        Assert.Equal($"{Site}/shop/list?page=2&sort=name", end.AbsoluteUri);
        var seen = JsonElement.Parse((await browser.GetAsync(end.AbsoluteUri)).Text);
        Assert.Equal("grace", Of(seen, "Remote-User"));
        Assert.Equal("person", Of(seen, "Remote-Kind"));
        Assert.Contains("book-editors", Of(seen, "Remote-Groups"), StringComparison.Ordinal);

        // A form of the application goes through, and its body too.
        using var form = new HttpRequestMessage(HttpMethod.Post, $"{Site}/shop")
        {
            Content = new StringContent("a=b", new MediaTypeHeaderValue("application/x-www-form-urlencoded")),
        };
        var posted = JsonElement.Parse((await browser.SendAsync(form)).Text);
        Assert.Equal(("POST", "a=b"), (posted.GetProperty("method").GetString(), posted.GetProperty("body").GetString()));

        // A service says nothing about itself, and what it asks the application for is not asked here.
        var passed = await SendAsync(
            "acme-reader", ("Remote-User", "ada"), ("remote-groups", "superusers"), ("Remote_User", "ada"), ("If-None-Match", "*"));
        Assert.Equal(HttpStatusCode.OK, passed.StatusCode);
        var service = await passed.Content.ReadFromJsonAsync<JsonElement>(Cancel);
        Assert.Equal("acme-reader", Of(service, "Remote-User"));
        Assert.Equal("book-readers", Of(service, "Remote-Groups"));
        Assert.Equal("service", Of(service, "Remote-Kind"));
        Assert.False(service.GetProperty("headers").TryGetProperty("remote_user", out _));

        await ProveAsync();
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync("acme-nobody")).StatusCode);
        using var nobody = new HttpClient(_network, disposeHandler: false);
        nobody.DefaultRequestHeaders.Add("Remote-User", "ada");
        var refused = await nobody.GetAsync(new Uri($"{Site}/shop"), Cancel);
        Assert.Equal(HttpStatusCode.Found, refused.StatusCode);
        Assert.Contains("/access/signin?returnUrl=/shop", refused.Headers.Location!.OriginalString, StringComparison.Ordinal);
    }

    // A token that is bound to a key passes with a proof for the request to the application, once.
    private async Task ProveAsync()
    {
        using var key = new DpopKey();
        using var ask = RealmUnderTest.FormRequest(_realm.TokenEndpoint, "acme-reader", ("grant_type", "client_credentials"));
        ask.Headers.Add("DPoP", key.Prove("POST", _realm.TokenEndpoint));
        var token = (await _realm.SendAsync(ask))["access_token"];
        var proof = key.Prove("PUT", $"{Site}/shop/a%20b", token);
        foreach (var (authorization, of, status) in new[]
        {
            ($"DPoP {token}", proof, HttpStatusCode.OK),
            ($"DPoP {token}", proof, HttpStatusCode.Unauthorized),
            ($"DPoP {token}", key.Prove("GET", $"{Site}/access/access/forward-auth", token), HttpStatusCode.Unauthorized),
            ($"Bearer {token}", key.Prove("PUT", $"{Site}/shop/a%20b", token), HttpStatusCode.Unauthorized),
            ($"DPoP {token}", key.Prove("PUT", $"{Site}/shop/a%20b", token), HttpStatusCode.OK),
        })
        {
            using var http = new HttpClient(_network, disposeHandler: false);
            using var request = new HttpRequestMessage(HttpMethod.Put, $"{Site}/shop/a%20b?page=2") { Content = new StringContent("x") };
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
            request.Headers.Add("DPoP", of);
            var answer = await http.SendAsync(request, Cancel);
            // Caddy leads whoever is refused to the sign-in.
            Assert.Equal(status == HttpStatusCode.OK, answer.StatusCode == HttpStatusCode.OK);
            Assert.Contains(answer.StatusCode, new[] { HttpStatusCode.OK, HttpStatusCode.Unauthorized, HttpStatusCode.Found });
        }
    }

    private async Task<HttpResponseMessage> SendAsync(string client, params (string Name, string Value)[] headers)
    {
        using var http = new HttpClient(_network, disposeHandler: false);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Site}/shop");
        request.Headers.Authorization = new("Bearer", (await _realm.GetServiceTokenAsync(client))["access_token"]);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await http.SendAsync(request, Cancel);
    }

    // Of a header that was sent twice, the application would see both.
    private static string Of(JsonElement seen, string header) =>
        seen.GetProperty("headers").GetProperty(header.ToLowerInvariant()).GetString()!;

    private static string Settings(string language) =>
        Document.ForwardAuth.Text.Split($"```{language}\n")[1].Split("```")[0];

    private string Adapt(string settings) => settings
        .Replace("127.0.0.1:5000", $"127.0.0.1:{_apiPort}", StringComparison.Ordinal)
        .Replace("127.0.0.1:8000", $"127.0.0.1:{_applicationPort}", StringComparison.Ordinal);

    private async Task StartAsync()
    {
        await _realm.StartAsync();
        var database = await TestDatabase.CreateMigratedAsync(DatabaseEngine.Sqlite);
        _started.Push(database);
        var factory = new ApiUnderTest.Factory(
        [
            .. ApiUnderTest.Settings(_realm, database.ConnectionString),
            ("environment", "Production"), ("AllowedHosts", "localhost"), ("Proxies", "127.0.0.1"), ("ForwardAuth:ReturnPaths:0", "/"),
        ]);
        _started.Push(factory);
        factory.UseKestrel(_apiPort);
        factory.StartServer();

        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls($"http://127.0.0.1:{_applicationPort}");
        var application = builder.Build();
        application.Run(async context => await context.Response.WriteAsJsonAsync(new
        {
            method = context.Request.Method,
            headers = context.Request.Headers.ToDictionary(
                header => header.Key.ToLowerInvariant(), header => string.Join('|', header.Value.ToArray()), StringComparer.Ordinal),
            body = await new StreamReader(context.Request.Body).ReadToEndAsync(context.RequestAborted),
        }));
        await application.StartAsync(Cancel);
        _started.Push(application);
    }
}
