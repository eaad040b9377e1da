using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Api.Tests.Hosting;

/// <summary>Requests come from the addresses that they name, and a minute goes by when a test says so.</summary>
public sealed class ApiWithSendersAndClock() : ApiOnSharedRealm<EmbeddedRealmUnderTest>(DatabaseEngine.Sqlite)
{
    /// <summary>At the beginning of the next minute: a token that is new is never of a time that is far ahead.</summary>
    public FakeTimeProvider Clock { get; } =
        new(DateTimeOffset.FromUnixTimeSeconds((DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 60 * 60) + 60));

    private protected override void AddServices(IServiceCollection services) =>
        services.AddSingleton<IStartupFilter, SenderFilter>().AddSingleton<TimeProvider>(Clock);
}

public sealed partial class RateLimitsTests(ApiWithSendersAndClock api) : ApiTests(api), IClassFixture<ApiWithSendersAndClock>
{
    private const string Office = "203.0.113.5";

    [Fact]
    public async Task Too_many_sign_ins_from_one_address_are_told_when_to_try_again()
    {
        await using var limited = Api.Variant(("RateLimits:SignIns", "3"));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.Redirect, (await SendAsync(limited, "/signin", Office)).StatusCode);
        }

        api.Clock.Advance(TimeSpan.FromSeconds(20.5));
        var page = await SendAsync(limited, "/signin", Office, accept: "text/html");
        Assert.Equal(HttpStatusCode.TooManyRequests, page.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(40), page.Headers.RetryAfter?.Delta);
        Assert.Contains("Too many sign-ins", await page.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        await AssertProblemAsync(await SendAsync(limited, "/signin", Office), 429, "too_many_requests");
        Assert.Equal(HttpStatusCode.Redirect, (await SendAsync(limited, "/signin", "203.0.113.6")).StatusCode);

        api.Clock.Advance(TimeSpan.FromSeconds(39.5));
        Assert.Equal(HttpStatusCode.Redirect, (await SendAsync(limited, "/signin", Office)).StatusCode);
    }

    [Fact]
    public async Task An_IPv6_network_counts_as_one_and_an_IPv4_address_as_itself_however_it_is_written()
    {
        await using var limited = Api.Variant(("RateLimits:SignIns", "2"));

        Assert.Equal(
            "302 302 429 302",
            await StatusesAsync("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:1::3", "2001:db8:0:2::1"));
        Assert.Equal("302 302 429", await StatusesAsync(Office, $"::ffff:{Office}", Office));

        async Task<string> StatusesAsync(params string[] senders)
        {
            var statuses = new List<int>();
            foreach (var sender in senders)
            {
                statuses.Add((int)(await SendAsync(limited, "/signin", sender)).StatusCode);
            }

            api.Clock.Advance(TimeSpan.FromMinutes(1));
            return string.Join(' ', statuses);
        }
    }

    [Fact]
    public async Task Behind_a_proxy_the_caller_is_counted_and_not_the_proxy()
    {
        await using var limited = Api.Variant(("RateLimits:SignIns", "1"), ("Proxies", "10.0.0.0/24"));
        for (var i = 0; i < 5; i++)
        {
            var answer = await SendAsync(limited, "/signin", $"10.0.0.1/198.51.100.{i}, 10.0.0.2");
            Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        }

        // What a caller says of itself does not help.
        Assert.Equal(
            HttpStatusCode.TooManyRequests,
            (await SendAsync(limited, "/signin", "10.0.0.1/8.8.8.8, 198.51.100.1")).StatusCode);
    }

    [Fact]
    public async Task However_many_are_refused_good_tokens_of_the_same_address_are_served()
    {
        await using var limited = Api.Variant(("RateLimits:RefusedRequests", "3"));
        var (good, without) = (await Api.TokenOfAsync("acme-reader"), await Api.TokenOfAsync("acme-nobody"));
        for (var i = 0; i < 3; i++)
        {
            await AssertProblemAsync(await SendAsync(limited, "/api/books", Office, token: "nonsense"), 401, "invalid_token");
        }

        foreach (var token in new[] { "nonsense", null, good + "x", without })
        {
            var refused = await SendAsync(limited, "/api/books", Office, token: token);
            await AssertProblemAsync(refused, 429, "too_many_requests");
            Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
            Assert.Empty(refused.Headers.WwwAuthenticate);
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(limited, "/api/books", Office, token: good)).StatusCode);
        }

        await AssertProblemAsync(await SendAsync(limited, "/api/books", "203.0.113.6", token: without), 403, "permission_missing");
        api.Clock.Advance(TimeSpan.FromMinutes(1));
        await AssertProblemAsync(await SendAsync(limited, "/api/books", Office, token: "nonsense"), 401, "invalid_token");
    }

    [Fact]
    public async Task Good_tokens_never_count()
    {
        await using var limited = Api.Variant(("RateLimits:RefusedRequests", "1"));
        var good = await Api.TokenOfAsync("acme-reader");
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(limited, "/api/books", Office, token: good)).StatusCode);
        }

        await AssertProblemAsync(await SendAsync(limited, "/api/books", Office, token: "nonsense"), 401, "invalid_token");
    }

    [Fact]
    public async Task Every_endpoint_that_takes_tokens_refuses_so()
    {
        await using var limited = Api.Variant(("RateLimits:RefusedRequests", "1"));
        await SendAsync(limited, "/api/me", Office);
        var without = await Api.TokenOfAsync("acme-nobody");
        var looked = 0;
        foreach (var endpoint in limited.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null && endpoint.Metadata.OfType<AuthorizationPolicy>()
                .Any(policy => policy.AuthenticationSchemes.Contains(Schemes.Bearer))))
        {
            var path = Parameter().Replace(endpoint.RoutePattern.RawText!, Guid.NewGuid().ToString());
            foreach (var method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods)
            {
                looked++;
                await AssertProblemAsync(await SendAsync(limited, path, Office, method: method), 429, "too_many_requests");
                var refused = await SendAsync(limited, path, Office, token: without, method: method);
                Assert.NotEqual(HttpStatusCode.Forbidden, refused.StatusCode);
            }
        }

        Assert.True(looked > 30, $"{looked}");
    }

    [Theory]
    [InlineData("/api/books")]
    [InlineData("/api/me")]
    [InlineData("/access/forward-auth")]
    [InlineData("/access/forward-auth?permission=book:view")]
    public async Task An_account_has_so_many_requests_by_whatever_token_and_from_wherever_and_others_have_theirs(string path)
    {
        await using var limited = Api.Variant(("RateLimits:RequestsOfAccount", "4"));
        var (one, other) = (await Api.TokenOfAsync("acme-reader"), await Api.TokenOfAsync("acme-reader"));
        for (var i = 0; i < 4; i++)
        {
            var answer = await SendAsync(limited, path, $"203.0.113.{i}", token: i % 2 == 0 ? one : other);
            Assert.True(answer.IsSuccessStatusCode, $"{i}: {answer.StatusCode}");
        }

        foreach (var token in new[] { one, other })
        {
            var refused = await SendAsync(limited, path, "203.0.113.9", token: token);
            await AssertProblemAsync(refused, 429, "too_many_requests");
            Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
            Assert.Empty(refused.Headers.WwwAuthenticate);
        }

        Assert.True((await SendAsync(limited, path, Office, token: await Api.TokenOfAsync("acme-writer"))).IsSuccessStatusCode);
        api.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.True((await SendAsync(limited, path, Office, token: one)).IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_client_has_so_many_requests_whoever_comes_with_its_tokens()
    {
        await using var limited = Api.Variant(("RateLimits:RequestsOfClient", "2"));
        var (ada, grace) = (await TokenOfAsync("ada"), await TokenOfAsync("grace"));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(limited, "/api/me", Office, token: ada)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(limited, "/api/me", Office, token: grace)).StatusCode);

        var refused = await SendAsync(limited, "/api/me", Office, token: ada);

        await AssertProblemAsync(refused, 429, "too_many_requests");
        Assert.Contains("acme-spa", await refused.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        var service = await Api.TokenOfAsync("acme-reader");
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(limited, "/api/me", Office, token: service)).StatusCode);

        async Task<string> TokenOfAsync(string person) => (await Api.Realm.SignInAsync("acme-spa", person, "openid")).AccessToken;
    }

    [Fact]
    public async Task Every_endpoint_that_takes_tokens_limits_accounts()
    {
        await using var limited = Api.Variant(("RateLimits:RequestsOfAccount", "1"), ("RateLimits:RefusedRequests", "0"));
        var token = await Api.TokenOfAsync("acme-nobody");
        await SendAsync(limited, "/api/me", Office, token: token);
        var looked = 0;
        foreach (var endpoint in limited.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null && endpoint.Metadata.OfType<AuthorizationPolicy>()
                .Any(policy => policy.AuthenticationSchemes.Contains(Schemes.Bearer))))
        {
            var path = Parameter().Replace(endpoint.RoutePattern.RawText!, Guid.NewGuid().ToString());
            foreach (var method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods)
            {
                looked++;
                await AssertProblemAsync(await SendAsync(limited, path, Office, token: token, method: method), 429, "too_many_requests");
            }
        }

        Assert.True(looked > 30, $"{looked}");
    }

    [Fact]
    public async Task Logout_tokens_and_answers_of_a_sign_in_count_where_they_are_refused()
    {
        await using var limited = Api.Variant(("RateLimits:RefusedRequests", "2"));
        Assert.Equal(HttpStatusCode.BadRequest, (await LogoutAsync()).StatusCode);
        var failed = await SendAsync(limited, "/signin-oidc?state=x&code=y", Office);
        Assert.Equal("/signin-failed", failed.Headers.Location?.OriginalString.Split('?')[0]);

        await AssertProblemAsync(await LogoutAsync(), 429, "too_many_requests");
        await AssertProblemAsync(await SendAsync(limited, "/signin-oidc?state=x&code=y", Office), 429, "too_many_requests");

        Task<HttpResponseMessage> LogoutAsync() => SendAsync(limited, "/signout-backchannel", Office, method: "POST");
    }

    [Fact]
    public async Task Both_can_be_switched_off()
    {
        await using var free = Api.Variant(("RateLimits:SignIns", "0"), ("RateLimits:RefusedRequests", "0"));
        for (var i = 0; i < 700; i++)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(free, "/api/me", Office)).StatusCode);
        }

        for (var i = 0; i < 310; i++)
        {
            Assert.Equal(HttpStatusCode.Redirect, (await SendAsync(free, "/signin", Office)).StatusCode);
        }
    }

    [Fact]
    public async Task By_default_an_office_has_300_sign_ins_and_600_refusals_a_minute()
    {
        await using var limited = Api.Variant();
        for (var i = 0; i <= 600; i++)
        {
            var status = (await SendAsync(limited, "/api/me", Office)).StatusCode;
            Assert.Equal(i < 600 ? HttpStatusCode.Unauthorized : HttpStatusCode.TooManyRequests, status);
        }

        for (var i = 0; i <= 300; i++)
        {
            var status = (await SendAsync(limited, "/signin", Office)).StatusCode;
            Assert.Equal(i < 300 ? HttpStatusCode.Redirect : HttpStatusCode.TooManyRequests, status);
        }
    }

    [Fact]
    public void Memory_is_bounded_whoever_calls()
    {
        var limit = new AddressLimit(1, api.Clock);
        for (var i = 0; i < MinuteLimit<IPAddress>.MostKeys; i++)
        {
            Assert.Null(limit.Take(new IPAddress(i)));
        }

        // Those that are counted still are, and the others are not kept.
        Assert.NotNull(limit.Take(new IPAddress(7)));
        var other = IPAddress.Parse("203.0.113.5");
        Assert.Null(limit.Take(other));
        Assert.Null(limit.Take(other));
    }

    [Fact]
    public async Task Callers_at_the_same_moment_are_each_counted()
    {
        var limit = new AddressLimit(500, api.Clock);
        var refused = 0;
        await Parallel.ForAsync(0, 1000, Cancel, (_, _) =>
        {
            Interlocked.Add(ref refused, limit.Take(IPAddress.Loopback) is null ? 0 : 1);
            return ValueTask.CompletedTask;
        });
        Assert.Equal(500, refused);
    }

    [GeneratedRegex("{[^}]*}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Parameter();

    private static async Task<HttpResponseMessage> SendAsync(
        ApiVariant variant, string path, string sender, string? token = null, string method = "GET", string accept = "application/json")
    {
        // A public address needs HTTPS.
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(new Uri("https://localhost"), path));
        // With a slash before them, what the sender forwards for.
        var hops = sender.Split('/');
        request.Headers.Add(SenderFilter.Header, hops[0]);
        request.Headers.Accept.ParseAdd(accept);
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        if (hops.Length > 1)
        {
            request.Headers.Add("X-Forwarded-For", hops[1]);
        }

        return await variant.NewClient().SendAsync(request, Cancel);
    }
}
