using System.Net;
using Api.Tests.Commands;
using Api.Tests.Infrastructure;
using KeycloakAccess.Commands;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Time.Testing;

namespace Api.Tests.Hosting;

/// <summary>An application of its own clock, with one check that waits and one that blocks its thread.</summary>
public sealed class ApiThatHangs() : ApiOnSharedRealm<EmbeddedRealmUnderTest>(DatabaseEngine.Sqlite)
{
    public FakeTimeProvider Clock { get; } = new(DateTimeOffset.UtcNow);

    public ManualResetEventSlim Release { get; } = new();

    public CountdownEvent Begun { get; } = new(2);

    private protected override void AddServices(IServiceCollection services) => services.AddSingleton<TimeProvider>(Clock).AddHealthChecks()
        .AddAsyncCheck("waits", async cancel =>
        {
            Begun.Signal();
            await Task.Delay(Timeout.Infinite, cancel);
            return HealthCheckResult.Healthy();
        })
        .AddCheck("blocks", () =>
        {
            Begun.Signal();
            Release.Wait();
            return HealthCheckResult.Healthy();
        });
}

public sealed class HangingHealthTests(ApiThatHangs api) : ApiTests(api), IClassFixture<ApiThatHangs>
{
    [Fact]
    public async Task Whether_it_is_ready_is_said_within_three_seconds_and_whether_it_lives_at_once()
    {
        var ready = Api.NewClient().GetAsync("/health/ready", Cancel);
        Assert.True(api.Begun.Wait(TimeSpan.FromSeconds(30), Cancel));
        Assert.Equal(HttpStatusCode.OK, (await Api.NewClient().GetAsync("/health/live", Cancel)).StatusCode);
        api.Clock.Advance(HealthEndpoints.Limit - TimeSpan.FromMilliseconds(1));
        Assert.False(ready.IsCompleted);

        // The clock that a check waits by is looked at once it has begun, which the other thread does by itself.
        for (var moment = 0; moment < 100_000 && !ready.IsCompleted; moment++)
        {
            api.Clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        Assert.True(ready.IsCompleted);
        var answer = await ready;
        api.Release.Set();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        var checks = (await JsonAsync(answer)).GetProperty("checks");
        Assert.Equal("Unhealthy", checks.GetProperty("waits").GetString());
        Assert.Equal("Unhealthy", checks.GetProperty("blocks").GetString());
        Assert.Equal("Healthy", checks.GetProperty("database").GetString());
    }
}

public sealed class HealthTests(ApiOnEmbeddedRealm api) : ApiTests(api), IClassFixture<ApiOnEmbeddedRealm>
{
    [Fact]
    public async Task The_verb_asks_this_machine_whatever_hosts_and_prefix_are_set()
    {
        await using var variant = Api.Variant(
            ("environment", "Production"), ("AllowedHosts", "api.example.com"), ("PathBase", "/access"));
        var port = variant.Listen();

        foreach (var host in new[] { "localhost", "127.0.0.1" })
        {
            var verb = HealthCommand.Create().Parse([$"http://{host}:{port}"]);
            Assert.Equal(ExitCode.Done, await verb.InvokeAsync(cancellationToken: Cancel));
        }
    }

    [Theory]
    [InlineData("ASPNETCORE_URLS", "https://+:1;http://+:{0}")]
    [InlineData("ASPNETCORE_URLS", "http://[::]:{0}")]
    [InlineData("ASPNETCORE_HTTP_PORTS", "{0};1")]
    public async Task The_verb_finds_the_service_where_the_environment_says_whatever_proxy_leads_out(string name, string value)
    {
        await using var variant = Api.Variant();
        await using var executable = await Executable.CreateAsync(isMigrated: false);
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [name] = value.Replace("{0}", variant.Listen().ToString(), StringComparison.Ordinal),
            ["HTTP_PROXY"] = "http://127.0.0.1:1",
        };

        (await executable.RunAsync(environment, input: null, "health")).With(ExitCode.Done);
    }

    [Fact]
    public async Task A_file_that_can_only_be_read_is_found_out()
    {
        await using var writable = Database.From(Api.ConnectionString, AppContext.BaseDirectory);
        await using var readOnly = Database.From(Api.ConnectionString + ";Mode=ReadOnly", AppContext.BaseDirectory);

        Assert.False(await IsReadOnlyAsync(writable));
        Assert.True(await IsReadOnlyAsync(readOnly));

        static async Task<bool> IsReadOnlyAsync(Database database)
        {
            await using var connection = await database.OpenAsync(Cancel);
            return await Database.IsReadOnlyAsync(connection, Cancel);
        }
    }
}
