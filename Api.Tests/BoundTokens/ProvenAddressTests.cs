using Api.Tests.Infrastructure;
using KeycloakAccess.Data;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.BoundTokens;

/// <summary>
/// The address that a proof must name is the one that callers use: behind a proxy, under a prefix, and where a proxy asks about a request
/// to another application. What anybody can send says nothing of it.
/// </summary>
public sealed class ProvenAddressTests(ProvenAddressTests.BehindProxy place)
    : ForgingRealmTests(place), IClassFixture<ProvenAddressTests.BehindProxy>, IDisposable
{
    private const string Proxy = "10.0.0.7";
    private const string Stranger = "192.168.0.9";
    private const string ForwardAuth = "/access/forward-auth?permission=book:view";

    private readonly DpopKey _key = new();

    public void Dispose() => _key.Dispose();

    [Fact]
    public async Task Behind_a_proxy_it_is_the_address_at_the_proxy()
    {
        (string, string)[] forwarded =
            [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "api.example.com"), ("X-Forwarded-Prefix", "/staff")];

        Assert.Equal(200, await SendAsync(Proxy, "GET", "/api/me", "https://api.example.com/staff/api/me", forwarded));
        Assert.Equal(200, await SendAsync(Proxy, "GET", "/api/me", "https://API.example.com:443/staff/api/me?x=1", forwarded));
        Assert.Equal(401, await SendAsync(Proxy, "GET", "/api/me", "https://api.example.com/api/me", forwarded));
        Assert.Equal(401, await SendAsync(Proxy, "GET", "/api/me", "http://localhost/api/me", forwarded));
        // Anybody may say so.
        Assert.Equal(401, await SendAsync(Stranger, "GET", "/api/me", "https://api.example.com/staff/api/me", forwarded));
        Assert.Equal(200, await SendAsync(Stranger, "GET", "/api/me", "http://localhost/api/me", forwarded));
    }

    [Theory]
    [InlineData("GET", "/shop/list?page=2", "GET", "https://www.example.com/shop/list", true)]
    [InlineData("DELETE", "/shop/a%20b%2Fc", "DELETE", "https://www.example.com/shop/a%20b%2Fc", true)]
    [InlineData("GET", "/shop/x/../list", "GET", "https://www.example.com/shop/list", true)]
    [InlineData("HEAD", "/shop", "HEAD", "https://www.example.com/shop", true)]
    [InlineData("POST", "/shop", "GET", "https://www.example.com/shop", false)]
    [InlineData("GET", "/shop", "GET", "https://www.example.com/access/shop", false)]
    [InlineData("GET", "/shop", "GET", "https://www.example.com/access/access/forward-auth", false)]
    [InlineData("GET", "shop", "GET", "https://www.example.com/shop", false)]
    [InlineData("GET", "//evil.example.com/shop", "GET", "https://evil.example.com/shop", false)]
    [InlineData("GET", "@evil.example.com/shop", "GET", "https://evil.example.com/shop", false)]
    [InlineData("GET", "/%00", "GET", "https://www.example.com/%00", false)]
    [InlineData("GET", null, "GET", "https://www.example.com/shop", false)]
    [InlineData(null, "/shop", "GET", "https://www.example.com/shop", false)]
    [InlineData("", "/shop", "GET", "https://www.example.com/shop", false)]
    public async Task A_proxy_that_asks_says_which_request_is_proved(string? method, string? uri, string htm, string htu, bool passes)
    {
        var headers = new List<(string, string)>
        {
            ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "www.example.com"), ("X-Forwarded-Prefix", "/access"),
        };
        if (method is not null)
        {
            headers.Add(("X-Forwarded-Method", method));
        }

        if (uri is not null)
        {
            headers.Add(("X-Forwarded-Uri", uri));
        }

        Assert.Equal(passes ? 204 : 401, await SendAsync(Proxy, htm, ForwardAuth, htu, [.. headers]));
        // The question is known by now, and the token too.
        Assert.Equal(passes ? 204 : 401, await SendAsync(Proxy, htm, ForwardAuth, htu, [.. headers]));
        Assert.Equal(401, await SendAsync(Stranger, htm, ForwardAuth, htu, [.. headers]));
    }

    [Fact]
    public async Task Only_a_proxy_that_is_listed_says_which_request_it_is()
    {
        (string, string)[] headers = [("X-Forwarded-Method", "GET"), ("X-Forwarded-Uri", "/shop")];

        Assert.Equal(204, await SendAsync(Proxy, "GET", ForwardAuth, "http://localhost/shop", headers));
        Assert.Equal(401, await SendAsync(Stranger, "GET", ForwardAuth, "http://localhost/shop", headers));
        // And without a proxy nobody has said it, so that no proof is for forward-auth itself.
        Assert.Equal(401, await SendAsync(Stranger, "GET", ForwardAuth, "http://localhost/access/forward-auth"));
        Assert.Equal(401, await SendAsync(Proxy, "GET", ForwardAuth, "http://localhost/access/forward-auth"));
    }

    [Fact]
    public async Task A_question_that_is_known_is_answered_to_nobody_without_a_proof()
    {
        (string, string)[] headers = [("X-Forwarded-Method", "GET"), ("X-Forwarded-Uri", "/shop")];
        var token = Realm.MintBound(_key);
        var proof = _key.Prove("GET", "http://localhost/shop", token);

        Assert.Equal(204, await SendAsync(Proxy, ForwardAuth, $"DPoP {token}", [proof], headers));
        Assert.Equal(401, await SendAsync(Proxy, ForwardAuth, $"DPoP {token}", [proof], headers));
        Assert.Equal(401, await SendAsync(Proxy, ForwardAuth, $"DPoP {token}", [], headers));
        Assert.Equal(401, await SendAsync(Proxy, ForwardAuth, $"Bearer {token}", [], headers));
        // To a proxy that asks, 400 is no refusal.
        Assert.Equal(401, await SendAsync(Proxy, ForwardAuth, $"DPoP  {token}", [proof], headers));
    }

    [Fact]
    public async Task Headers_that_stand_twice_say_nothing()
    {
        Assert.Equal(401, await SendAsync(
            Proxy,
            "GET",
            ForwardAuth,
            "http://localhost/shop",
            ("X-Forwarded-Method", "GET"),
            ("X-Forwarded-Uri", "/other"),
            ("X-Forwarded-Uri", "/shop")));
    }

    [Theory]
    [InlineData("GET", "/access/forward-auth/book:view/shop/7?page=2", "http://localhost/shop/7", 200)]
    [InlineData("PUT", "/access/forward-auth/book:view/shop/a%20b", "http://localhost/shop/a%20b", 200)]
    [InlineData("GET", "/access/forward-auth/book:view/", "http://localhost/", 200)]
    [InlineData("GET", "/access/forward-auth/book:view", "http://localhost/", 200)]
    [InlineData("GET", "/access/forward-auth/book:view/shop/7", "http://localhost/access/forward-auth/book:view/shop/7", 401)]
    public async Task Envoy_asks_with_the_method_and_behind_the_permission_the_path(string method, string path, string htu, int status)
    {
        Assert.Equal(status, await SendAsync(Proxy, method, path, htu));
        Assert.Equal(401, await SendAsync(Proxy, method == "GET" ? "POST" : "GET", path, htu, asked: method));
    }

    private Task<int> SendAsync(
        string sender, string htm, string path, string htu, params (string Name, string Value)[] headers) =>
        SendAsync(sender, htm, path, htu, asked: null, headers);

    private Task<int> SendAsync(
        string sender, string htm, string path, string htu, string? asked, params (string Name, string Value)[] headers)
    {
        var token = Realm.MintBound(_key);
        var method = asked ?? (path.StartsWith("/access/forward-auth/", StringComparison.Ordinal) ? htm : "GET");
        return SendAsync(sender, path, $"DPoP {token}", [_key.Prove(htm, htu, token)], [("", method), .. headers]);
    }

    private async Task<int> SendAsync(
        string sender, string path, string authorization, string[] proofs, (string Name, string Value)[] headers)
    {
        var method = headers.FirstOrDefault(header => header.Name.Length == 0).Value ?? "GET";
        using var request = ForgedTokens.NewRequest(method, "http://localhost" + path, authorization, proofs);
        request.Headers.Add(SenderFilter.Header, sender);
        foreach (var (name, value) in headers.Where(header => header.Name.Length > 0))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        var answer = await Realm.NewClient(token: null).SendAsync(request, Cancel);
        Assert.True((int)answer.StatusCode < 500, await answer.Content.ReadAsStringAsync(Cancel));
        return (int)answer.StatusCode;
    }

    public sealed class BehindProxy() : ForgingRealmPlace(() => ForgingRealm.StartAsync(
        DatabaseEngine.Sqlite,
        services => services.AddSingleton<IStartupFilter, SenderFilter>(),
        mapEndpoints: null,
        ("Proxies", "10.0.0.0/8")));
}
