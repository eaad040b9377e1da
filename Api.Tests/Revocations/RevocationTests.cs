using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Api.Tests.Revocations;

/// <summary>A token that has not expired is refused from the next request on, here and elsewhere, until that is taken back.</summary>
public abstract class RevocationTests(ApiUnderTest api) : ApiTests(api)
{
    private static readonly string[] Paths = ["/api/books", "/access/forward-auth", "/access/forward-auth?permission=book:view"];

    [Fact]
    public async Task A_token_is_refused_by_its_id_or_by_itself_and_another_one_of_the_client_is_not()
    {
        var ada = await Api.PersonAsync("ada");
        foreach (var whole in new[] { true, false })
        {
            var (token, other) = (await NewTokenAsync("acme-reader"), await NewTokenAsync("acme-reader"));
            var jwt = new JsonWebToken(token);
            var client = await KnownAsync(token);
            await KnownAsync(other);

            var revoked = await RevokeAsync(ada, new { kind = "token", value = whole ? token : jwt.Id });

            Assert.Equal(jwt.Id, revoked.GetProperty("value").GetString());
            Assert.Equal(whole, revoked.GetProperty("keepUntil").ValueKind != JsonValueKind.Null);
            await AssertRefusedAsync(client, "The token has been revoked here.");
            await KnownAsync(other);

            await TakeBackAsync(ada, revoked);
            await KnownAsync(token);
        }
    }

    [Fact]
    public async Task The_tokens_of_a_client_are_refused_until_an_instant_or_until_it_is_taken_back()
    {
        var ada = await Api.PersonAsync("ada");
        var token = await NewTokenAsync("acme-writer");
        var client = await KnownAsync(token);
        var reader = await KnownAsync(await NewTokenAsync("acme-reader"));

        var before = new JsonWebToken(token).IssuedAt.AddSeconds(-1);
        var revoked = await RevokeAsync(ada, new { kind = "client", value = "acme-writer", issuedUntil = before });
        await KnownAsync(token);

        // Never less than before: the instant moves on, and then there is none.
        await RevokeAsync(ada, new { kind = "client", value = "acme-writer", issuedUntil = before.AddSeconds(1) });
        await AssertRefusedAsync(client, "The tokens of this client have been revoked here.");
        await RevokeAsync(ada, new { kind = "client", value = "acme-writer", issuedUntil = before });
        await AssertRefusedAsync(client, "The tokens of this client have been revoked here.");
        await RevokeAsync(ada, new { kind = "client", value = "acme-writer" });
        await AssertRefusedAsync(Api.NewClient(await NewTokenAsync("acme-writer")), "The tokens of this client have been revoked here.");
        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("/api/books", Cancel)).StatusCode);

        await TakeBackAsync(ada, revoked);
        await KnownAsync(token);
    }

    [Fact]
    public async Task Everything_that_was_issued_until_now_is_refused_and_every_session_ends()
    {
        await Api.SignInAsync("linus");
        var service = await KnownAsync(await NewTokenAsync("acme-reader"));
        var revoker = Api.NewClient((await Api.Realm.SignInAsync("acme-spa", "ada", "openid")).AccessToken);
        Assert.NotEqual(0, await CountSessionsAsync());

        var revoked = await RevokeAsync(revoker, new { kind = "everything" });

        try
        {
            await AssertRefusedAsync(service, "All tokens that were issued before have been revoked here.");
            await AssertRefusedAsync(revoker, "All tokens that were issued before have been revoked here.");
            Assert.Equal(0, await CountSessionsAsync());
        }
        finally
        {
            // The realm's clock has whole seconds.
            var later = await AgainAsync(
                async () => Api.NewClient((await Api.Realm.SignInAsync("acme-spa", "ada", "openid")).AccessToken),
                async client => (await client.GetAsync("/api/me", Cancel)).IsSuccessStatusCode);
            await TakeBackAsync(later, revoked);
        }

        Assert.Equal(HttpStatusCode.OK, (await service.GetAsync("/api/books", Cancel)).StatusCode);
    }

    [Theory]
    [InlineData("""{"kind":"person","value":"ada"}""", "kind")]
    [InlineData("""{"kind":"token","value":""}""", "value")]
    [InlineData("""{"kind":"token","value":"a\u0000b"}""", "value")]
    [InlineData("""{"kind":"token","value":"a","issuedUntil":"2026-01-01T00:00:00Z"}""", "issuedUntil")]
    [InlineData("""{"kind":"client","value":" "}""", "value")]
    [InlineData("""{"kind":"client","value":"a","issuedUntil":"2999-01-01T00:00:00Z"}""", "issuedUntil")]
    [InlineData("""{"kind":"client","value":"acme-admin"}""", "issuedUntil")]
    [InlineData("""{"kind":"everything","value":"all"}""", "value")]
    public async Task What_cannot_be_meant_is_refused_with_the_remedy(string body, string field)
    {
        var ada = await Api.PersonAsync("ada");

        var problem = await AssertProblemAsync(await ada.PostAsync("/api/revocations", JsonBody(body), Cancel), 400);

        Assert.Contains(
            problem.GetProperty("errors").EnumerateObject(),
            error => string.Equals(error.Name, field, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_token_of_another_issuer_or_without_an_id_says_what_to_do_instead()
    {
        var ada = await Api.PersonAsync("ada");
        const string header = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEiLCJ0eXAiOiJKV1QifQ";
        foreach (var (claims, says) in new[]
        {
            ($$"""{"iss":"{{Api.Realm.Issuer}}","sub":"a"}""", "has no id (jti)"),
            ("""{"iss":"https://elsewhere.test/realms/acme","jti":"a"}""", "of another issuer"),
        })
        {
            var token = $"{header}.{Microsoft.IdentityModel.Tokens.Base64UrlEncoder.Encode(claims)}.c2ln";

            var refused = await ada.PostAsJsonAsync("/api/revocations", new { kind = "token", value = token }, Cancel);

            var problem = await AssertProblemAsync(refused, 400);
            Assert.Contains(says, problem.GetProperty("errors").ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task It_takes_permissions_of_its_own_and_is_in_the_audit_log()
    {
        var ada = await Api.PersonAsync("ada");
        var reader = await Api.ServiceAsync("acme-reader");
        await AssertProblemAsync(await reader.GetAsync("/api/revocations", Cancel), 403, "permission_missing");
        await AssertProblemAsync(
            await reader.PostAsJsonAsync("/api/revocations", new { kind = "everything" }, Cancel), 403, "permission_missing");

        var revoked = await RevokeAsync(ada, new { kind = "client", value = "leaked" }, "?reason=A+secret+leaked");
        Assert.Contains(
            await ListAsync(ada, "/api/revocations"),
            each => each.GetProperty("id").GetGuid() == revoked.GetProperty("id").GetGuid());
        await TakeBackAsync(ada, revoked);
        await AssertProblemAsync(await ada.DeleteAsync($"/api/revocations/{revoked.GetProperty("id").GetGuid()}", Cancel), 404);

        var log = await ListAsync(ada, "/api/audit", 100);
        var rows = log.Where(row => row.GetProperty("rowId").GetString() == revoked.GetProperty("id").GetString()).ToArray();
        Assert.Equal(["delete", "add"], rows.Select(row => row.GetProperty("action").GetString()));
        Assert.Equal("A secret leaked", rows[1].GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Other_instances_hear_of_it()
    {
        await using var other = Api.Variant();
        var ada = await Api.PersonAsync("ada");
        var token = await NewTokenAsync("acme-reader");
        await KnownAsync(token);
        var there = other.NewClient(token);
        Assert.Equal(HttpStatusCode.OK, (await there.GetAsync("/api/books", Cancel)).StatusCode);

        foreach (var what in new object[]
        {
            new { kind = "token", value = new JsonWebToken(token).Id }, new { kind = "client", value = "acme-reader" },
        })
        {
            var revoked = await RevokeAsync(ada, what);
            await SoonAsync(HttpStatusCode.Unauthorized);
            await TakeBackAsync(ada, revoked);
            await SoonAsync(HttpStatusCode.OK);
        }

        async Task SoonAsync(HttpStatusCode expected)
        {
            var since = Stopwatch.StartNew();
            while ((await there.GetAsync("/api/books", Cancel)).StatusCode != expected)
            {
                Assert.True(since.Elapsed < TimeSpan.FromSeconds(10), $"Not {expected} after {since.Elapsed}.");
                await Task.Delay(5, Cancel);
            }
        }
    }

    [Fact]
    public async Task A_change_by_hand_counts_too()
    {
        var token = await NewTokenAsync("acme-reader");
        var client = await KnownAsync(token);
        await using (var connection = await Api.Services.GetRequiredService<Database>().OpenToWriteAsync(Cancel))
        {
            await connection.ExecuteAsync(
                "INSERT INTO revocations (id, issuer, kind, value, revoked_at) VALUES (@id, @Issuer, 'token', @value, @now)",
                new { id = Guid.NewGuid(), Api.Realm.Issuer, value = new JsonWebToken(token).Id, now = DateTimeOffset.UtcNow });
        }

        var since = Stopwatch.StartNew();
        while ((await client.GetAsync("/api/books", Cancel)).StatusCode != HttpStatusCode.Unauthorized)
        {
            Assert.True(since.Elapsed < TimeSpan.FromSeconds(10));
            await Task.Delay(5, Cancel);
        }
    }

    [Fact]
    public async Task On_the_pages_it_is_revoked_and_taken_back()
    {
        var pages = await Api.SignInAsync("ada");
        var token = await NewTokenAsync("acme-writer");
        var client = await KnownAsync(token);
        var url = Api.Realm.ApiUrl;

        var form = await pages.GetAsync($"{url}/admin/revocations/new?kind=client&value=acme-writer");
        var list = await pages.SubmitAsync(form, "form[action='/admin/revocations/new']", ("reason", "It leaked"));

        Assert.Contains("Refused from now on: the older tokens of the client acme-writer.", list.Text, StringComparison.Ordinal);
        await AssertRefusedAsync(client, "The tokens of this client have been revoked here.");

        var row = list.Page.QuerySelectorAll("tbody tr").First(each => each.TextContent.Contains("acme-writer", StringComparison.Ordinal));
        var back = await pages.GetAsync(url + row.QuerySelector("a.button")!.GetAttribute("href"));
        list = await pages.SubmitAsync(back, "form[action$='/take-back']");

        Assert.Contains("Good again until it expires", list.Text, StringComparison.Ordinal);
        await KnownAsync(token);
    }

    [Fact]
    public async Task A_form_that_cannot_be_meant_comes_back_as_it_was_typed()
    {
        var pages = await Api.SignInAsync("ada");
        var form = await pages.GetAsync($"{Api.Realm.ApiUrl}/admin/revocations/new");

        var again = await pages.SubmitAsync(
            form, "form[action='/admin/revocations/new']", ("value", "acme-admin"), ("which", "always"), ("reason", "why not"));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, again.Status);
        Assert.Contains("Staff sign in with this client", again.Text, StringComparison.Ordinal);
        Assert.Equal("acme-admin", again.Page.QuerySelector("[name=value]")!.GetAttribute("value"));
        Assert.Equal("why not", again.Page.QuerySelector("[name=reason]")!.GetAttribute("value"));
    }

    private static async Task<JsonElement> RevokeAsync(HttpClient client, object what, string query = "")
    {
        var answer = await client.PostAsJsonAsync($"/api/revocations{query}", what, Cancel);
        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync(Cancel));
        return await JsonAsync(answer);
    }

    private static async Task TakeBackAsync(HttpClient client, JsonElement revoked) => Assert.Equal(
        HttpStatusCode.NoContent,
        (await client.DeleteAsync($"/api/revocations/{revoked.GetProperty("id").GetGuid()}", Cancel)).StatusCode);

    private static async Task AssertRefusedAsync(HttpClient client, string says)
    {
        foreach (var path in Paths)
        {
            var problem = await AssertProblemAsync(await client.GetAsync(path, Cancel), 401, "invalid_token");
            Assert.StartsWith(says, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    private static async Task<T> AgainAsync<T>(Func<Task<T>> make, Func<T, Task<bool>> isGood)
    {
        for (var since = Stopwatch.StartNew(); ; await Task.Delay(200, Cancel))
        {
            var made = await make();
            if (await isGood(made))
            {
                return made;
            }

            Assert.True(since.Elapsed < TimeSpan.FromSeconds(20), "Not good yet.");
        }
    }

    private async Task<long> CountSessionsAsync()
    {
        await using var connection = await Api.Services.GetRequiredService<Database>().OpenAsync(Cancel);
        return await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM sessions");
    }

    private async Task<string> NewTokenAsync(string client) => (await Api.Realm.GetServiceTokenAsync(client))["access_token"];

    // So often that it is answered from memory.
    private async Task<HttpClient> KnownAsync(string token)
    {
        var client = Api.NewClient(token);
        foreach (var path in Paths.Concat(Paths))
        {
            var answer = await client.GetAsync(path, Cancel);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancel));
        }

        return client;
    }
}

public sealed class RevocationOnSqliteTests(ApiOnEmbeddedRealm api) : RevocationTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class RevocationOnPostgreSqlTests(ApiOnPostgreSql api) : RevocationTests(api), IClassFixture<ApiOnPostgreSql>;
