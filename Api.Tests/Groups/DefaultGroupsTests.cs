using System.Net;
using Api.Tests.Infrastructure;

namespace Api.Tests.Groups;

/// <summary>A default group: every account is in it, without any role and without anybody's hand.</summary>
public abstract class DefaultGroupsTests(ApiUnderTest api) : ApiTests(api)
{
    [Fact]
    public async Task Whoever_calls_is_in_it_people_and_services_and_those_without_a_role()
    {
        var ada = await Api.PersonAsync("ada");
        var nobody = await Api.ServiceAsync("acme-nobody");
        var nora = await Api.PersonAsync("nora");
        await AssertProblemAsync(await nobody.GetAsync("/api/accounts", Cancel), 403, "permission_missing");

        await using (var group = await GroupUnderTest.CreateAsync(ada, ["account:view"], isDefault: true))
        {
            foreach (var client in new[] { nobody, nora, ada })
            {
                Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/accounts", Cancel)).StatusCode);
                var me = await JsonAsync(await client.GetAsync("/api/me", Cancel));
                var mine = Assert.Single(
                    me.GetProperty("groups").EnumerateArray(), one => one.GetProperty("name").GetString() == group.Name);
                Assert.Equal("""["default group"]""", mine.GetProperty("because").GetRawText());
            }

            Assert.True((await JsonAsync(await ada.GetAsync($"/api/groups/{group.Id}", Cancel))).GetProperty("isDefault").GetBoolean());
            // A scope narrows it like any other.
            await AssertProblemAsync(
                await (await Api.ServiceAsync("acme-nobody", "books:read")).GetAsync("/api/accounts", Cancel), 403, "insufficient_scope");
        }

        await AssertProblemAsync(await nobody.GetAsync("/api/accounts", Cancel), 403, "permission_missing");
    }

    [Fact]
    public async Task An_account_that_is_not_known_yet_is_in_it_from_its_first_request_on()
    {
        var ada = await Api.PersonAsync("ada");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["group:view"], isDefault: true);
        await using var fresh = Api.Variant(("ConnectionStrings:Database", Api.ConnectionString));

        Assert.Equal(
            HttpStatusCode.OK, (await fresh.NewClient(await Api.TokenOfAsync("acme-reader")).GetAsync("/api/groups", Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_group_becomes_one_by_default_and_ceases_to_be()
    {
        var ada = await Api.PersonAsync("ada");
        var nobody = await Api.ServiceAsync("acme-nobody");
        await using var group = await GroupUnderTest.CreateAsync(ada, ["account:view"]);

        foreach (var (everybody, status) in new[] { (true, HttpStatusCode.OK), (false, HttpStatusCode.Forbidden) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/groups/{group.Id}")
            {
                Content = JsonBody(
                    $$"""{"name":"{{group.Name}}","permissions":["account:view"],"isDefault":{{(everybody ? "true" : "false")}}}"""),
            };
            request.Headers.IfMatch.ParseAdd("*");
            Assert.Equal(HttpStatusCode.OK, (await ada.SendAsync(request, Cancel)).StatusCode);
            Assert.Equal(status, (await nobody.GetAsync("/api/accounts", Cancel)).StatusCode);
        }
    }

    [Fact]
    public async Task Nobody_gives_everybody_what_they_do_not_hold()
    {
        var linus = await Api.PersonAsync("linus");

        var refused = await linus.PostAsync("/api/groups", JsonBody("""{"name":"all","permissions":["*:*"],"isDefault":true}"""), Cancel);

        await AssertProblemAsync(refused, 403, "grant_refused");
    }
}

public sealed class DefaultGroupsOnEmbeddedRealmTests(ApiOnEmbeddedRealm api) : DefaultGroupsTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class DefaultGroupsOnPostgreSqlTests(ApiOnPostgreSql api) : DefaultGroupsTests(api), IClassFixture<ApiOnPostgreSql>;
