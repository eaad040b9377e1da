using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;

namespace Api.Tests.Accounts;

/// <summary>Accounts of people and services, written at first sight, named by the realm, switched here.</summary>
public abstract class AccountsTests(ApiUnderTest api) : ApiTests(api)
{
    [Fact]
    public async Task An_account_appears_at_first_sight_under_issuer_and_subject()
    {
        var ada = await Api.PersonAsync("ada");
        var me = await ada.GetFromJsonAsync<JsonElement>("/api/me", Cancel);

        var account = await ada.GetFromJsonAsync<JsonElement>($"/api/accounts/{me.GetProperty("accountId").GetGuid()}", Cancel);

        Assert.Equal("person", account.GetProperty("kind").GetString());
        Assert.Equal("ada", account.GetProperty("username").GetString());
        Assert.Equal("ada@acme.test", account.GetProperty("email").GetString());
        Assert.Equal("Ada Lovelace", account.GetProperty("name").GetString());
        Assert.Equal(Api.Realm.Issuer, account.GetProperty("issuer").GetString());
        Assert.Equal("ba7ccfa8-8939-52cd-9c73-10b794570992", account.GetProperty("subject").GetString());
        Assert.True(account.GetProperty("enabled").GetBoolean());
        Assert.InRange((DateTimeOffset.UtcNow - account.GetProperty("lastSeenAt").GetDateTimeOffset()).TotalMinutes, -1, 2);
    }

    [Fact]
    public async Task A_person_is_the_same_account_by_token_and_by_session()
    {
        var grace = await Api.PersonAsync("grace");
        var id = await AccountIdAsync(grace);
        await Api.SignInAsync("grace");

        var ada = await Api.PersonAsync("ada");
        var list = await ada.GetFromJsonAsync<JsonElement>("/api/accounts?search=grace", Cancel);

        Assert.Equal(id, Assert.Single(list.GetProperty("items").EnumerateArray()).GetProperty("id").GetGuid());
    }

    [Fact]
    public async Task Of_many_first_requests_at_once_one_account_comes()
    {
        var token = await Api.TokenOfAsync("acme-writer");

        var ids = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => AccountIdAsync(Api.NewClient(token))));

        Assert.Single(ids.Distinct());
    }

    [Fact]
    public async Task The_list_is_filtered_and_paged()
    {
        foreach (var person in new[] { "ada", "grace", "linus", "nora" })
        {
            await AccountIdAsync(await Api.PersonAsync(person));
        }

        await AccountIdAsync(await Api.ServiceAsync("acme-reader"));
        var ada = await Api.PersonAsync("ada");

        var names = new List<string>();
        string? after = null;
        do
        {
            var page = await ada.GetFromJsonAsync<JsonElement>(
                "/api/accounts?kind=person&limit=3" + (after is null ? "" : $"&after={after}"), Cancel);
            names.AddRange(page.GetProperty("items").EnumerateArray().Select(account => account.GetProperty("username").GetString()!));
            after = page.GetProperty("next").GetString();
        }
        while (after is not null);

        Assert.Equal(["ada", "grace", "linus", "nora"], names);
        var services = await ada.GetFromJsonAsync<JsonElement>("/api/accounts?kind=service&search=READER", Cancel);
        Assert.Equal("acme-reader", Assert.Single(services.GetProperty("items").EnumerateArray()).GetProperty("username").GetString());
        Assert.Equal(
            0, (await ada.GetFromJsonAsync<JsonElement>("/api/accounts?enabled=false", Cancel)).GetProperty("items").GetArrayLength());
        await AssertProblemAsync(await ada.GetAsync("/api/accounts?kind=robot", Cancel), 400);
        await AssertProblemAsync(await ada.GetAsync("/api/accounts?enabled=perhaps", Cancel), 400);
        await AssertProblemAsync(await ada.GetAsync("/api/accounts?after=zzz", Cancel), 400);
        await AssertProblemAsync(await ada.GetAsync("/api/accounts?limit=1000", Cancel), 400);
    }

    [Fact]
    public async Task Nobody_disables_their_own_account()
    {
        var ada = await Api.PersonAsync("ada");
        var id = await AccountIdAsync(ada);

        await AssertProblemAsync(await ada.PatchAsync($"/api/accounts/{id}", Json("""{"enabled":false}"""), Cancel), 409, "conflict");
        Assert.Equal(HttpStatusCode.OK, (await ada.GetAsync("/api/me", Cancel)).StatusCode);
    }

    [Theory]
    [InlineData("{}", 400)]
    [InlineData("""{"enabled":"no"}""", 400)]
    public async Task A_change_that_says_nothing_changes_nothing(string body, int status)
    {
        var ada = await Api.PersonAsync("ada");

        await AssertProblemAsync(await ada.PatchAsync($"/api/accounts/{Guid.NewGuid()}", Json(body), Cancel), status);
        await AssertProblemAsync(await ada.PatchAsync($"/api/accounts/{Guid.NewGuid()}", Json("""{"enabled":false}"""), Cancel), 404);
    }

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");
}

public sealed class AccountsOnEmbeddedRealmTests(ApiOnEmbeddedRealm api) : AccountsTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class AccountsOnPostgreSqlTests(ApiOnPostgreSql api) : AccountsTests(api), IClassFixture<ApiOnPostgreSql>;

public sealed class AccountsOnKeycloakTests(ApiOnKeycloak api) : AccountsTests(api), IClassFixture<ApiOnKeycloak>;
