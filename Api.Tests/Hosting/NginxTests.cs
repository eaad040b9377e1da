using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Api.Tests.Delivery;
using Api.Tests.Infrastructure;
using KeycloakAccess.Data;
using Microsoft.Playwright;

namespace Api.Tests.Hosting;

/// <summary>
/// The service in Production behind a real nginx that ends TLS, under a path: signed in through it, looked at, changed and signed out
/// of. The caller, nginx and a second one have addresses of their own, of this machine.
/// </summary>
public sealed class NginxTests : IAsyncDisposable
{
    private const string Prefix = "/access";
    private const string Caller = "127.0.0.9";

    private readonly int _port = FreePort.Find();
    private readonly int _plainPort = FreePort.Find();
    private readonly int _innerPort = FreePort.Find();
    private readonly int _apiPort = FreePort.Find();
    private readonly Stack<IAsyncDisposable> _started = [];
    private readonly EmbeddedRealmUnderTest _realm;
    private readonly SocketsHttpHandler _network;
    private readonly Chromium _chromium;

    public NginxTests(Chromium chromium)
    {
        _chromium = chromium;
        _realm = EmbeddedRealmUnderTest.For($"https://localhost:{_port}{Prefix}");
        _network = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectCallback = ConnectAsync,
        };
        _network.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=localhost";
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Url => _realm.ApiUrl;

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
    public async Task Behind_the_nginx_of_the_documents_staff_sign_in_change_something_and_sign_out()
    {
        await StartAsync(Documented(), ("Proxies", "127.0.0.1"));
        await UseAsync();
    }

    [Fact]
    public async Task So_they_do_where_nginx_leaves_the_path_as_it_is()
    {
        await StartAsync(
            Documented()
                .Replace($"proxy_pass http://127.0.0.1:{_apiPort}/;", $"proxy_pass http://127.0.0.1:{_apiPort};", StringComparison.Ordinal)
                .Replace($"X-Forwarded-Prefix {Prefix};", "X-Forwarded-Prefix \"\";", StringComparison.Ordinal),
            ("Proxies", "127.0.0.1"), ("PathBase", Prefix));
        await UseAsync();
    }

    [Fact]
    public async Task So_they_do_behind_two_in_a_row_and_plain_HTTP_at_the_first_is_seen()
    {
        await StartAsync(TwoInARow(), ("Proxies", "127.0.0.2, 127.0.0.3"));
        await UseAsync();

        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://localhost:{_plainPort}{Prefix}/admin");
        request.Headers.Accept.ParseAdd("text/html");
        request.Headers.Add("X-Forwarded-Proto", "https");
        using var client = new HttpMessageInvoker(_network, disposeHandler: false);
        var refused = await client.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("name the proxy in Proxies", await refused.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_one_of_two_is_not_listed_the_caller_is_not_taken_from_it()
    {
        var lines = await StartAsync(TwoInARow(), ("Proxies", "127.0.0.2"));

        using var browser = NewBrowser();
        var refused = await browser.GetAsync($"{Url}/admin");

        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Contains("X-Forwarded-* came from 127.0.0.3, which Proxies does not list", lines.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_a_browser_the_scripts_of_the_pages_find_their_addresses_too()
    {
        await StartAsync(Documented(), ("Proxies", "127.0.0.1"));
        var page = await _chromium.NewPageAsync(new() { IgnoreHTTPSErrors = true });
        page.SetDefaultTimeout(20_000);
        var faults = new ConcurrentQueue<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                faults.Enqueue(message.Text);
            }
        };
        await page.GotoAsync($"{Url}/admin/groups");
        await page.FillAsync("#kc-form-login [name=username]", "ada");
        await page.FillAsync("#kc-form-login [name=password]", "ada");
        await page.PressAsync("#kc-form-login [name=password]", "Enter");
        await Assertions.Expect(page.Locator("main h1")).ToHaveTextAsync("Groups");

        // Asked for as it is typed, and kept in the address.
        await page.FillAsync("[name=search]", "superusers");
        await Assertions.Expect(page.Locator("#results")).Not.ToContainTextAsync("librarians");
        await Assertions.Expect(page).ToHaveURLAsync($"{Url}/admin/groups?search=superusers");
        await page.GotoAsync($"{Url}/admin/role-mappings/new");
        await page.FillAsync("[name=name]", "superuser");
        await page.FillAsync("[name=group]", "staff");
        await Assertions.Expect(page.Locator("#preview")).ToContainTextAsync("It fits one role that tokens have shown");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("signed out here and at Keycloak")).ToBeVisibleAsync();

        Assert.Equal($"{Url}/signed-out", page.Url);
        Assert.Empty(faults);
        await page.Context.CloseAsync();
    }

    private async Task UseAsync()
    {
        using var browser = NewBrowser();
        var end = await browser.SignInAsync($"{Url}/admin", "ada", "ada");
        Assert.Equal($"{Url}/admin", end.AbsoluteUri);
        Assert.Contains("__Host-access.session=", browser.Cookies.HeaderFor(end), StringComparison.Ordinal);
        Assert.DoesNotContain("__Host-session", browser.Cookies.HeaderFor(end), StringComparison.Ordinal);
        foreach (var path in new[] { "/admin", "/admin/accounts", "/admin/groups", "/admin/audit", "/admin/models/books", "/account" })
        {
            var page = await browser.GetAsync(Url + path);
            Assert.True(page.Status == HttpStatusCode.OK, page.ToString());
            foreach (var file in page.Page.QuerySelectorAll("link[href], script[src]"))
            {
                var address = new Uri(page.Url, file.GetAttribute("href") ?? file.GetAttribute("src"));
                Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(address.AbsoluteUri)).Status);
            }
        }

        Assert.Contains(Caller, (await browser.GetAsync($"{Url}/admin/sessions")).Text, StringComparison.Ordinal);

        var name = $"g-{Guid.NewGuid():N}";
        var made = await browser.SubmitAsync(await browser.GetAsync($"{Url}/admin/groups/new"), "main form", ("name", name));
        Assert.StartsWith($"{Url}/admin/groups/", made.Url.AbsoluteUri, StringComparison.Ordinal);
        Assert.Contains(name, made.Text, StringComparison.Ordinal);
        await CallAsync();

        var out_ = await browser.SubmitAsync(made, "form[action$='/signout']");
        Assert.Equal($"{Url}/signed-out", out_.Url.AbsoluteUri);
        Assert.Contains("signed out here and at Keycloak", out_.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("session", browser.Cookies.HeaderFor(end), StringComparison.OrdinalIgnoreCase);
        Assert.NotNull((await browser.GetAsync($"{Url}/admin")).Page.QuerySelector("#kc-form-login"));
    }

    private async Task CallAsync()
    {
        using var client = new HttpClient(_network, disposeHandler: false);
        client.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Bearer", (await _realm.SignInAsync("acme-spa", "ada")).AccessToken);

        var group = new { name = $"g-{Guid.NewGuid():N}", permissions = Array.Empty<string>() };
        var made = await client.PostAsJsonAsync($"{Url}/api/groups", group, Cancel);

        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        var address = new Uri(new Uri(Url), made.Headers.Location!);
        Assert.StartsWith($"{Url}/api/groups/", address.AbsoluteUri, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(address, Cancel)).StatusCode);
        var document = await client.GetFromJsonAsync<JsonElement>($"{Url}/openapi/v1.json", Cancel);
        Assert.Equal(Url, document.GetProperty("servers")[0].GetProperty("url").GetString()!.TrimEnd('/'));
    }

    private RealmBrowser NewBrowser() => new(_realm.Url, new Uri(Url), _network);

    private async Task<LogLines> StartAsync(string servers, params (string Key, string? Value)[] settings)
    {
        Nginx.Find();
        await _realm.StartAsync();
        var database = await TestDatabase.CreateMigratedAsync(DatabaseEngine.Sqlite);
        _started.Push(database);
        var factory = new ApiUnderTest.Factory(
        [
            .. ApiUnderTest.Settings(_realm, database.ConnectionString),
            ("environment", "Production"), ("AllowedHosts", "localhost"), ("Reference:Enabled", "true"), .. settings,
        ]);
        _started.Push(factory);
        factory.UseKestrel(_apiPort);
        factory.StartServer();
        _started.Push(await Nginx.StartAsync(servers, _port));
        return factory.Lines;
    }

    // As it is documented, but for names, ports and files.
    private string Documented() => Document.Configuration.Section("## Behind a proxy").Split("```nginx\n")[1].Split("```")[0]
        .Replace("443", $"127.0.0.1:{_port}", StringComparison.Ordinal)
        .Replace("server_name api.example.com", "server_name localhost", StringComparison.Ordinal)
        .Replace("/etc/nginx/api.example.com.pem", "CERTIFICATE", StringComparison.Ordinal)
        .Replace("/etc/nginx/api.example.com.key", "KEY", StringComparison.Ordinal)
        .Replace("127.0.0.1:5000", $"127.0.0.1:{_apiPort}", StringComparison.Ordinal);

    // The first sets all headers, and the second adds to the one and passes the others on.
    private string TwoInARow() => Documented()
        .Replace("ssl_certificate ", $"listen 127.0.0.1:{_plainPort};\n ssl_certificate ", StringComparison.Ordinal)
        .Replace($":{_apiPort}/;", $":{_innerPort}/;\n proxy_bind 127.0.0.2;", StringComparison.Ordinal)
        + $$"""
        server {
            listen 127.0.0.1:{{_innerPort}};
            location / {
                proxy_pass http://127.0.0.1:{{_apiPort}};
                proxy_bind 127.0.0.3;
                proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            }
        }
        """;

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(IPAddress.Parse(Caller), 0));
        await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
