using System.Net;
using System.Text;
using Api.Tests.Infrastructure;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Api.Tests.Data;

/// <summary>The database goes away under a running service: 503, never a half-written change, and back when it is back.</summary>
public sealed class DatabaseOutageTests(ApiOnPostgreSql api) : ApiTests(api), IClassFixture<ApiOnPostgreSql>
{
    [Fact]
    public async Task While_the_database_refuses_connections_every_call_is_503_and_nothing_is_lost()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        await AssertWorksAsync(writer);
        var name = new NpgsqlConnectionStringBuilder(Api.ConnectionString).Database!;

        await ExecuteAsync($"ALTER DATABASE {name} ALLOW_CONNECTIONS false");
        await ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        try
        {
            // The first calls may still meet a connection of the pool that has just died; all are told the same.
            var before = Api.Log.Length;
            for (var i = 0; i < 100; i++)
            {
                var problem = await AssertProblemAsync(await CreateAsync(writer), 503);
                Assert.DoesNotContain(name, problem.GetRawText(), StringComparison.Ordinal);
                await AssertProblemAsync(await Api.NewClient("x.y.z").GetAsync("/api/me", Cancel), 401);
            }

            // One line a second, and no stack trace for each of them.
            var log = Api.Log[before..];
            Assert.Contains("Answered with 503 since", log, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", log, StringComparison.Ordinal);
            Assert.True(log.Split('\n').Count(line => line.StartsWith("Error", StringComparison.Ordinal)) < 20, log);

            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await Api.NewClient().GetAsync("/health/ready", Cancel)).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await Api.NewClient().GetAsync("/health/live", Cancel)).StatusCode);
        }
        finally
        {
            await ExecuteAsync($"ALTER DATABASE {name} ALLOW_CONNECTIONS true");
        }

        await AssertWorksAsync(writer);
    }

    [Theory]
    [InlineData("40001")]
    [InlineData("40P01")]
    [InlineData("55P03")]
    public async Task A_change_that_another_transaction_was_in_the_way_of_is_made_again(string state)
    {
        var changes = Api.Services.GetRequiredService<ChangeRunner>();
        var actor = new Actor(AccountId: null, "tester", Actor.CommandLine, RequestId: null);
        var tries = 0;

        Assert.Equal("done", (await changes.RunAsync(actor, MakeAsync, Cancel)).Value);
        Assert.Equal(3, tries);
        tries = 0;
        Assert.Equal("done", (await changes.RunOnRulesAsync(actor, allowsNoSuperuser: false, MakeAsync, Cancel)).Value);
        Assert.Equal(3, tries);
        Assert.True(DatabaseOutage.IsOutage(new PostgresException("", "ERROR", "ERROR", state)));

        Task<ChangeOutcome<string>> MakeAsync(ChangeTransaction transaction) => ++tries < 3
            ? throw new PostgresException("in the way", "ERROR", "ERROR", state)
            : Task.FromResult(ChangeOutcome.Unchanged("done"));
    }

    [Fact]
    public async Task A_database_that_has_become_read_only_is_503_for_writers_and_still_read()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        await AssertWorksAsync(writer);
        var name = new NpgsqlConnectionStringBuilder(Api.ConnectionString).Database!;

        // Seen so long ago that the next request would write it.
        await ExecuteAsync("UPDATE accounts SET last_seen_at = now() - interval '1 hour'", Api.ConnectionString);
        await ExecuteAsync($"ALTER DATABASE {name} SET default_transaction_read_only = on");
        await ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        try
        {
            var answers = new List<HttpStatusCode>();
            for (var i = 0; i < 4; i++)
            {
                answers.Add((await CreateAsync(writer)).StatusCode);
            }

            Assert.All(answers, status => Assert.Equal(HttpStatusCode.ServiceUnavailable, status));
            Assert.Equal(HttpStatusCode.OK, (await writer.GetAsync("/api/books", Cancel)).StatusCode);
            var ready = await writer.GetAsync("/health/ready", Cancel);
            Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
            Assert.Equal("Degraded", (await JsonAsync(ready)).GetProperty("checks").GetProperty("database").GetString());
        }
        finally
        {
            await ExecuteAsync($"ALTER DATABASE {name} SET default_transaction_read_only = off");
            await ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        }
    }

    // Connections of the pool that died meanwhile are found out one by one, each with a 503.
    private static async Task AssertWorksAsync(HttpClient writer)
    {
        var status = HttpStatusCode.ServiceUnavailable;
        for (var i = 0; i < 10 && status == HttpStatusCode.ServiceUnavailable; i++)
        {
            status = (await CreateAsync(writer)).StatusCode;
        }

        Assert.Equal(HttpStatusCode.Created, status);
    }

    private static Task<HttpResponseMessage> CreateAsync(HttpClient client) =>
        client.PostAsync("/api/authors", new StringContent("""{"name":"A"}""", Encoding.UTF8, "application/json"), Cancel);

    private static async Task ExecuteAsync(string sql, string? connectionString = null)
    {
        await using var connection = new NpgsqlConnection(connectionString ?? Environment.GetEnvironmentVariable("TEST_POSTGRES"));
        await connection.OpenAsync(Cancel);
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The name was made by TestDatabase of letters and digits.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(Cancel);
    }
}
