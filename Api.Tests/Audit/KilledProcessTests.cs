using System.Net;
using Api.Tests.Commands;
using Api.Tests.Infrastructure;

namespace Api.Tests.Audit;

/// <summary>A process that is killed: the audit log lacks at most what its last second brought.</summary>
public sealed class KilledProcessTests(EmbeddedRealmUnderTest realm) : HttpTests
{
    [Fact]
    public async Task Refusals_are_written_while_a_process_runs_and_outlive_one_that_is_killed()
    {
        await realm.StartAsync();
        await using var executable = await Executable.CreateAsync();
        var address = $"http://127.0.0.1:{FreePort.Find()}";
        using var client = new HttpClient { BaseAddress = new Uri(address) };
        await using (var service = executable.Start(Environment(executable.PathOf("keys"), address), input: null))
        {
            for (var attempt = 0; attempt < 120 && !await AnswersAsync(client); attempt++)
            {
                Assert.False(service.HasExited, service.HasExited ? service.Output : "");
                await Task.Delay(TimeSpan.FromMilliseconds(250), Cancel);
            }

            client.DefaultRequestHeaders.Authorization = new(
                "Bearer", (await realm.GetServiceTokenAsync("acme-nobody", scope: null))["access_token"]);
            for (var i = 0; i < 30; i++)
            {
                Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/api/groups", Cancel)).StatusCode);
            }

            for (var attempt = 0; attempt < 120 && await CountAsync(executable) < 30; attempt++)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(250), Cancel);
            }

            // Its end kills the process, which gets no chance to write anything.
        }

        Assert.Equal(30, await CountAsync(executable));
    }

    private static Task<long> CountAsync(Executable executable) =>
        executable.QueryAsync<long>("SELECT COALESCE(SUM(count), 0) FROM audit_log WHERE kind = 'denied-request' AND model = 'group'");

    private Dictionary<string, string> Environment(string keys, string address) => new(StringComparer.Ordinal)
    {
        ["ASPNETCORE_ENVIRONMENT"] = "Production",
        ["ASPNETCORE_URLS"] = address,
        ["DataProtection__KeysFolder"] = keys,
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
