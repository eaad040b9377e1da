using System.Diagnostics;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;

namespace Api.Tests.Audit;

/// <summary>Refusing costs a request nothing that the database takes, and what was refused survives the end of the service.</summary>
public abstract class RefusingTests(ApiUnderTest api) : ApiTests(api)
{
    [Fact]
    public async Task A_refusal_does_not_wait_for_a_log_that_nobody_can_write()
    {
        var nobody = await Api.ServiceAsync("acme-nobody");
        var id = await AccountIdAsync(nobody);
        await using var database = Database.From(Api.ConnectionString, "/");
        await using var connection = await database.OpenToWriteAsync(Cancel);
        await using (var transaction = await Database.BeginWriteAsync(connection, Cancel))
        {
            if (Api.Engine == DatabaseEngine.PostgreSql)
            {
                await connection.ExecuteAsync("LOCK TABLE audit_log IN ACCESS EXCLUSIVE MODE", transaction: transaction);
            }

            var since = Stopwatch.StartNew();
            for (var i = 0; i < 20; i++)
            {
                await AssertProblemAsync(await nobody.GetAsync("/api/books", Cancel), 403, "permission_missing");
            }

            // Long enough for the writer to have begun, and to wait in vain. A request that waited with it would wait for 5 s,
            // and twenty of them for 100 s.
            Assert.InRange(since.Elapsed.TotalSeconds, 0, 30);
            await Task.Delay(700, Cancel);
            for (var i = 0; i < 20; i++)
            {
                await AssertProblemAsync(await nobody.GetAsync("/api/groups", Cancel), 403, "permission_missing");
            }

            Assert.InRange(since.Elapsed.TotalSeconds, 0, 60);
        }

        long count = 0;
        for (var i = 0; i < 300 && count < 40; i++)
        {
            await Task.Delay(100, Cancel);
            count = await CountAsync(database, id);
        }

        Assert.Equal(40, count);
    }

    [Fact]
    public async Task What_was_refused_just_before_the_service_stops_is_in_the_log()
    {
        await using var database = Database.From(Api.ConnectionString, "/");
        Guid id;
        await using (var stopping = Api.Variant())
        {
            var writer = stopping.NewClient(await Api.TokenOfAsync("acme-writer"));
            id = await AccountIdAsync(writer);
            await AssertProblemAsync(await writer.GetAsync("/api/groups", Cancel), 403);
            Assert.Equal(0, await CountAsync(database, id));
        }

        Assert.Equal(1, await CountAsync(database, id));
    }

    [Fact]
    public async Task HEAD_is_in_the_log_as_HEAD_though_it_is_decided_as_GET()
    {
        Guid id;
        await using (var stopping = Api.Variant())
        {
            var reader = stopping.NewClient(await Api.TokenOfAsync("acme-reader"));
            id = await AccountIdAsync(reader);
            foreach (var method in new[] { HttpMethod.Head, HttpMethod.Get })
            {
                using var request = new HttpRequestMessage(method, "/api/audit");
                using var answer = await reader.SendAsync(request, Cancel);
                Assert.Equal(System.Net.HttpStatusCode.Forbidden, answer.StatusCode);
            }
        }

        await using var database = Database.From(Api.ConnectionString, "/");
        await using var connection = await database.OpenAsync(Cancel);
        Assert.Equal(
            ["GET", "HEAD"],
            await connection.QueryAsync<string>(
                "SELECT http_method FROM audit_log WHERE account_id = @id AND path LIKE '%/audit%' ORDER BY http_method", new { id }));
    }

    private static async Task<long> CountAsync(Database database, Guid account)
    {
        await using var connection = await database.OpenToWriteAsync(Cancel);
        return await connection.ExecuteScalarAsync<long?>(
            "SELECT SUM(count) FROM audit_log WHERE kind = 'denied-request' AND account_id = @account", new { account }) ?? 0;
    }
}

public sealed class RefusingOnEmbeddedRealmTests(ApiOnEmbeddedRealm api) : RefusingTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class RefusingOnPostgreSqlTests(ApiOnPostgreSql api) : RefusingTests(api), IClassFixture<ApiOnPostgreSql>;
