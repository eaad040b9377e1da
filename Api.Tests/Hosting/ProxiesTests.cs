using System.Net;
using System.Net.Sockets;
using System.Text;
using Api.Tests.Infrastructure;
using KeycloakAccess;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Api.Tests.Hosting;

/// <summary>An application whose requests come from the addresses that they name.</summary>
public sealed class ApiWithSenders() : ApiOnSharedRealm<EmbeddedRealmUnderTest>(DatabaseEngine.Sqlite)
{
    private protected override void AddServices(IServiceCollection services) => services.AddSingleton<IStartupFilter, SenderFilter>();
}

/// <summary>Proxies in front, which are listed or are not, and plain HTTP.</summary>
public sealed class ProxiesTests(ApiWithSenders api) : ApiTests(api), IClassFixture<ApiWithSenders>
{
    private const string NotListed = "X-Forwarded-* came from 10.9.9.9, which Proxies does not list";

    [Theory]
    [InlineData("/signin", "10.9.9.9")]
    [InlineData("/admin", "10.9.9.9")]
    [InlineData("/admin", "192.0.2.9")]
    [InlineData("/account", "10.9.9.9")]
    [InlineData("/signin-oidc?state=x&code=y", "10.9.9.9")]
    [InlineData("/signout-callback-oidc?state=x", "10.9.9.9")]
    public async Task In_production_whoever_comes_by_plain_HTTP_is_told_what_to_set(string path, string sender)
    {
        await using var production = Api.Variant(("environment", "Production"), ("Proxies", "10.0.0.1"));

        var page = await SendAsync(production, path, "text/html", (SenderFilter.Header, sender));
        var problem = await SendAsync(production, path, "application/json", (SenderFilter.Header, sender));

        Assert.Equal(HttpStatusCode.Forbidden, page.StatusCode);
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        Assert.Contains("name the proxy in Proxies", await page.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        var details = await AssertProblemAsync(problem, 403, "ssl_required");
        Assert.Contains("Proxies", details.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.False(page.Headers.Contains("Set-Cookie"));
        Assert.Single(production.Log.Split('\n'), line =>
            line.StartsWith($"Warning: Refused a request over plain HTTP, by {sender}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_proxy_that_is_not_listed_is_named_in_the_log_once_and_not_believed()
    {
        await using var production = Api.Variant(("environment", "Production"), ("Proxies", "10.0.0.1"));
        for (var i = 0; i < 3; i++)
        {
            var answer = await SendAsync(
                production, "/admin", "text/html", ("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "10.0.0.1"));
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        }

        Assert.Single(production.Log.Split('\n'), line => line.StartsWith($"Warning: {NotListed}", StringComparison.Ordinal));
        Assert.Single(production.Log.Split('\n'), line => line.Contains("over plain HTTP, by 10.9.9.9", StringComparison.Ordinal));
    }

    [Fact]
    public async Task However_many_send_such_headers_the_log_stays_short()
    {
        await using var variant = Api.Variant();
        for (var i = 0; i < 50; i++)
        {
            await SendAsync(variant, "/health/live", "*/*", (SenderFilter.Header, $"198.51.100.{i}"), ("X-Forwarded-For", "10.0.0.1"));
        }

        Assert.Equal(10, variant.Log.Split('\n').Count(line => line.Contains("which Proxies does not list", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("10.9.9.9")]
    [InlineData("10.0.0.1,10.9.9.0/24")]
    [InlineData("10.0.0.1; 10.9.9.9")]
    [InlineData("::ffff:10.9.9.9")]
    [InlineData("::ffff:10.9.9.0/120")]
    [InlineData("0.0.0.0/0")]
    public async Task One_variable_lists_one_proxy_or_several(string proxies)
    {
        await using var production = Api.Variant(("environment", "Production"), ("Proxies", proxies));
        await AssertBelievedAsync(production);
    }

    [Fact]
    public async Task So_does_a_list()
    {
        await using var production = Api.Variant(("environment", "Production"), ("Proxies:0", "10.0.0.1"), ("Proxies:1", "10.9.9.9"));
        await AssertBelievedAsync(production);
    }

    [Fact]
    public async Task A_dual_stack_listener_gives_IPv4_callers_as_IPv6()
    {
        await using var production = Api.Variant(("environment", "Production"), ("Proxies", "10.9.9.9"));
        var answer = await SendAsync(
            production, "/signin", "text/html", (SenderFilter.Header, "::ffff:10.9.9.9"), ("X-Forwarded-Proto", "https"));
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
    }

    [Theory]
    [InlineData("Proxies", "nginx", "Proxies holds \"nginx\"")]
    [InlineData("Proxies", "10.0.0.1,10.0.0.2/33", "10.0.0.2/33")]
    [InlineData("Proxies", "10.0.0.7/8", "10.0.0.7/8")]
    [InlineData("Proxies", "10.1", "\"10.1\"")]
    [InlineData("Proxies", "10.0.0.1:80", "10.0.0.1:80")]
    [InlineData("Proxies", "::ffff:0.0.0.0/90", "/90")]
    [InlineData("Proxies:0", "http://10.0.0.1", "http://10.0.0.1")]
    [InlineData("Proxies:0:Address", "10.0.0.1", "Proxies:0 is not known")]
    [InlineData("Proxies:Known", "10.0.0.1", "Proxies:Known is not known")]
    [InlineData("PathBase", "access", "PathBase is \"access\"")]
    [InlineData("PathBase", "/a//b", "PathBase is")]
    [InlineData("PathBase", "/a/../b", "PathBase is")]
    [InlineData("PathBase", "/health/x", "PathBase must not begin with /health")]
    [InlineData("AllowedHosts", "https://api.example.com", "AllowedHosts holds \"https://api.example.com\"")]
    [InlineData("AllowedHosts", "a.test;b..test", "AllowedHosts holds \"b..test\"")]
    [InlineData("ForwardedHeaders_Enabled", "true", "ASPNETCORE_FORWARDEDHEADERS_ENABLED")]
    [InlineData("RateLimits:SignIns", "-1", "SignIns")]
    public async Task A_mistake_ends_the_start_and_is_named(string key, string value, string named)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration[key] = value;
        builder.Services.AddRateLimits();
        await using var app = builder.Build();

        var mistake = Assert.ThrowsAny<Exception>(() =>
        {
            app.UseProxies();
            app.UseAllowedHosts(HealthEndpoints.Path);
            return app.Services.GetRequiredService<IOptions<RateLimitOptions>>().Value;
        });

        Assert.Contains(named, StartError.Explain(mistake), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("X-Forwarded-Host", "a.test:b:c")]
    [InlineData("X-Forwarded-Host", "[::")]
    [InlineData("X-Forwarded-Host", "a b")]
    [InlineData("X-Forwarded-Host", "..")]
    [InlineData("X-Forwarded-Host", "a%")]
    [InlineData("X-Forwarded-Host", "evil.test/../")]
    [InlineData("X-Forwarded-Host", "evil.test#")]
    [InlineData("X-Forwarded-Proto", "javascript")]
    [InlineData("X-Forwarded-Prefix", "//evil.test")]
    public async Task Nonsense_of_a_listed_proxy_is_400_with_the_security_headers(string header, string value)
    {
        await using var variant = Api.Variant(("Proxies", "10.9.9.9"));
        foreach (var path in new[] { "/signin", "/api/me", "/", "/openapi/v1.json" })
        {
            var answer = await SendAsync(variant, path, "application/json", (header, value), ("X-Forwarded-For", "203.0.113.5"));
            var problem = await AssertProblemAsync(answer, 400, "invalid_request");
            Assert.StartsWith(header, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
            Assert.True(answer.Headers.Contains("X-Frame-Options"));
        }

        Assert.DoesNotContain(value, variant.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_host_that_counts_is_the_one_that_the_caller_asked_for()
    {
        await using var variant = Api.Variant(("Proxies", "10.9.9.9"), ("AllowedHosts", "api.example.com;*.example.org"));

        Assert.Equal(400, await StatusAsync());
        Assert.Equal(400, await StatusAsync(("X-Forwarded-Host", "evil.test")));
        Assert.Equal(400, await StatusAsync(("X-Forwarded-Host", "example.com")));
        Assert.Equal(401, await StatusAsync(("X-Forwarded-Host", "api.example.com")));
        Assert.Equal(401, await StatusAsync(("X-Forwarded-Host", "api.example.com:8443")));
        Assert.Equal(401, await StatusAsync(("X-Forwarded-Host", "a.example.org")));
        // Of somebody else it is not believed.
        Assert.Equal(400, await StatusAsync(("X-Forwarded-Host", "api.example.com"), (SenderFilter.Header, "203.0.113.5")));
        await AssertProblemAsync(await SendAsync(variant, "/api/me", "*/*"), 400, "host_refused");

        async Task<int> StatusAsync(params (string Name, string Value)[] headers) =>
            (int)(await SendAsync(variant, "/api/me", "*/*", [("X-Forwarded-Proto", "https"), .. headers])).StatusCode;
    }

    [Fact]
    public async Task Probes_ask_for_this_machine_whatever_hosts_are_allowed()
    {
        await using var variant = Api.Variant(("AllowedHosts", "api.example.com"));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(variant, "/health/live", "*/*")).StatusCode);
        var ready = await SendAsync(variant, "/health/ready", "*/*");
        // Not before the realm has been reached, which is looked for in the background.
        for (var i = 0; i < 200 && ready.StatusCode == HttpStatusCode.ServiceUnavailable; i++)
        {
            await Task.Delay(50, Cancel);
            ready = await SendAsync(variant, "/health/ready", "*/*");
        }

        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
    }

    [Theory]
    [InlineData("Host: ..")]
    [InlineData("Host: a..b")]
    [InlineData("Host: a%41")]
    [InlineData("Host: a,b")]
    [InlineData("Host: [::1]:99999")]
    [InlineData("Host: localhost:")]
    [InlineData("Host: :80")]
    [InlineData("Host: xn--\u00fc.test")]
    [InlineData("Host: -")]
    [InlineData("Host: localhost, evil.test")]
    [InlineData("Host:")]
    [InlineData("Host: localhost\r\nHost: evil.test")]
    [InlineData("X-Nothing: x")]
    public async Task A_host_that_is_none_is_400(string header)
    {
        await using var variant = Api.Variant();
        var port = variant.Listen();
        foreach (var path in new[] { "/signin", "/api/me", "/openapi/v1.json", "/.well-known/authzen-configuration", "/reference/" })
        {
            var answer = await RawAsync(port, $"GET {path} HTTP/1.1\r\n{header}\r\nConnection: close\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Whatever_host_is_asked_for_it_is_no_fault_of_the_service()
    {
        await using var variant = Api.Variant();
        var port = variant.Listen();
        const string characters = "a-.:[]%_0~!$&'()*+,;=@/\\\"<>#?ü\t";
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var host = new string([.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => characters[random.Next(characters.Length)])]);
            var answer = await RawAsync(port, $"GET /signin HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            Assert.True(answer.Split(' ')[1] is "400" or "302", $"{host}: {answer}");
        }
    }

    private static async Task AssertBelievedAsync(ApiVariant production)
    {
        var answer = await SendAsync(
            production, "/signin", "text/html", ("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "203.0.113.5"));
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.DoesNotContain("Proxies does not list", production.Log, StringComparison.Ordinal);
    }

    private static async Task<HttpResponseMessage> SendAsync(
        ApiVariant variant, string path, string accept, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd(accept);
        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        if (!request.Headers.Contains(SenderFilter.Header))
        {
            request.Headers.Add(SenderFilter.Header, "10.9.9.9");
        }

        return await variant.NewClient().SendAsync(request, Cancel);
    }

    private static async Task<string> RawAsync(int port, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, Cancel);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes(request), Cancel);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync(Cancel);
    }
}
