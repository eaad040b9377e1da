using System.Diagnostics;
using System.Net;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Access;

/// <summary>
/// What one instance changes, the others decide by, without being asked; on SQLite another process does. How soon is measured by the
/// benchmark: a machine that is busy with other tests is late with everything.
/// </summary>
public abstract class OtherInstancesTests(ApiUnderTest api) : ApiTests(api)
{
    private static readonly TimeSpan Latest = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Whatever_is_changed_here_counts_there()
    {
        await using var other = Api.Variant();
        await using var third = Api.Variant();
        var ada = await Api.PersonAsync("ada");
        var (reader, token) = (await AccountIdAsync(await Api.ServiceAsync("acme-reader")), await Api.TokenOfAsync("acme-reader"));
        HttpClient[] there = [other.NewClient(token), third.NewClient(token)];
        foreach (var client in there)
        {
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/books", Cancel)).StatusCode);
        }

        await ada.PatchAsync($"/api/accounts/{reader}", JsonBody("""{"enabled":false}"""), Cancel);
        await AssertSoonAsync(there, "/api/books", HttpStatusCode.Forbidden);
        await ada.PatchAsync($"/api/accounts/{reader}", JsonBody("""{"enabled":true}"""), Cancel);
        await AssertSoonAsync(there, "/api/books", HttpStatusCode.OK);
        await using (var group = await GroupUnderTest.CreateAsync(ada, ["author:delete"]))
        {
            await AssertSoonAsync(there, "/access/forward-auth?permission=author:delete", HttpStatusCode.Forbidden);
            await group.WithAsync(reader);
            await AssertSoonAsync(there, "/access/forward-auth?permission=author:delete", HttpStatusCode.NoContent);
        }

        await AssertSoonAsync(there, "/access/forward-auth?permission=author:delete", HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Sessions_that_are_ended_here_are_over_there()
    {
        await using var other = Api.Variant();
        var pages = await Api.SignInAsync("ada");
        await Api.SignInAsync("linus");
        var token = (await Api.Realm.SignInAsync("acme-spa", "linus", "openid")).AccessToken;
        var there = other.NewClient(token);
        var url = $"{Api.Realm.ApiUrl}/admin/accounts/{await AccountIdAsync(there)}";
        var form = "form[action$='/sessions/end']:not([action^='/admin/sessions'])";

        await pages.SubmitAsync(await pages.GetAsync(url), form);

        await AssertSoonAsync([there], "/api/me", HttpStatusCode.Unauthorized);
    }

    private protected static async Task AssertSoonAsync(HttpClient[] clients, string path, HttpStatusCode expected)
    {
        var since = Stopwatch.StartNew();
        foreach (var client in clients)
        {
            while ((await client.GetAsync(path, Cancel)).StatusCode is var status && status != expected)
            {
                Assert.True(since.Elapsed < Latest, $"{path} still answers {status} after {since.Elapsed}.");
                await Task.Delay(5, Cancel);
            }
        }
    }
}

public sealed class OtherInstancesOnSqliteTests(ApiOnEmbeddedRealm api) : OtherInstancesTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class OtherInstancesOnPostgreSqlTests(ApiOnPostgreSql api) : OtherInstancesTests(api), IClassFixture<ApiOnPostgreSql>
{
    [Fact]
    public async Task A_notification_that_is_lost_is_made_up_for()
    {
        await using var other = Api.Variant();
        var reader = await AccountIdAsync(await Api.ServiceAsync("acme-reader"));
        var there = other.NewClient(await Api.TokenOfAsync("acme-reader"));
        Assert.Equal(HttpStatusCode.OK, (await there.GetAsync("/api/books", Cancel)).StatusCode);
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel);
        await connection.ExecuteAsync("ALTER TABLE access_version DISABLE TRIGGER access_version_changed");
        try
        {
            // By hand, so that nothing of this process hears of it.
            await connection.ExecuteAsync("UPDATE accounts SET enabled = false WHERE id = @reader", new { reader });
            await AssertSoonAsync([there], "/api/books", HttpStatusCode.Forbidden);
            await connection.ExecuteAsync("UPDATE accounts SET enabled = true WHERE id = @reader", new { reader });
            await AssertSoonAsync([there], "/api/books", HttpStatusCode.OK);
        }
        finally
        {
            await connection.ExecuteAsync("ALTER TABLE access_version ENABLE TRIGGER access_version_changed");
        }
    }
}
