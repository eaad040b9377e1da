using System.Net;
using Api.Tests.Delivery;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;

namespace Api.Tests.Audit;

/// <summary>A process that is killed, as it is delivered: the audit log lacks at most what its last second brought.</summary>
public sealed class KilledProcessTests(PublishedOutput published, EmbeddedRealmUnderTest realm) : HttpTests
{
    [Fact]
    public async Task Refusals_are_written_while_a_process_runs_and_outlive_one_that_is_killed()
    {
        await realm.StartAsync();
        var data = published.NewFolder();
        var address = $"http://127.0.0.1:{FreePort.Find()}";
        using var client = new HttpClient { BaseAddress = new Uri(address) };
        await using (var service = await published.StartAsync(Environment(data, address)))
        {
            for (var attempt = 0; attempt < 120 && !await AnswersAsync(client); attempt++)
            {
                Assert.False(service.HasExited, service.HasExited ? service.Output : "");
                await Task.Delay(TimeSpan.FromMilliseconds(250), Cancel);
            }

            // Not before: a token lives for five minutes, and publishing may take longer.
            client.DefaultRequestHeaders.Authorization = new(
                "Bearer", (await realm.GetServiceTokenAsync("acme-nobody", scope: null))["access_token"]);
            for (var i = 0; i < 30; i++)
            {
                Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/api/groups", Cancel)).StatusCode);
            }

            for (var attempt = 0; attempt < 120 && await CountAsync(data) < 30; attempt++)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(250), Cancel);
            }

            // Its end kills the process, which gets no chance to write anything.
        }

        Assert.Equal(30, await CountAsync(data));
    }

    private static async Task<long> CountAsync(string data)
    {
        await using var database = Database.From($"Data Source={data}/api.db", data);
        await using var connection = await database.OpenAsync(Cancel);
        return await connection.ExecuteScalarAsync<long>(
            "SELECT COALESCE(SUM(count), 0) FROM audit_log WHERE kind = 'denied-request' AND model = 'group'");
    }

    private Dictionary<string, string> Environment(string data, string address) => new(StringComparer.Ordinal)
    {
        ["ASPNETCORE_ENVIRONMENT"] = "Production",
        ["ASPNETCORE_URLS"] = address,
        ["ConnectionStrings__Database"] = $"Data Source={data}/api.db",
        ["DataProtection__KeysFolder"] = Path.Combine(data, "keys"),
        ["Keycloak__auth-server-url"] = realm.Url.AbsoluteUri,
        ["Keycloak__realm"] = RealmUnderTest.RealmName,
        ["Keycloak__resource"] = "acme-api",
        ["Keycloak__ssl-required"] = "none",
        ["Keycloak__sign-in__resource"] = "acme-admin",
        ["Keycloak__sign-in__credentials__secret"] = RealmUnderTest.SecretOf("acme-admin"),
    };

    private static async Task<bool> AnswersAsync(HttpClient client)
    {
        try
        {
            return (await client.GetAsync("/health/ready", Cancel)).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
