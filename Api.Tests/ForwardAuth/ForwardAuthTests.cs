using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Api.Tests.Infrastructure;
using KeycloakAccess.Data;
using KeycloakAccess.ForwardAuth;
using KeycloakAccess.Hosting;

namespace Api.Tests.ForwardAuth;

/// <summary>What a proxy is answered about the request that it holds: by a token and by a session, as the API decides.</summary>
public abstract class ForwardAuthTests(ApiUnderTest api) : ApiTests(api)
{
    private const string Address = "/access/forward-auth";

    private static readonly string[] Identity = ["Remote-Account", "Remote-Groups", "Remote-Kind", "Remote-Subject", "Remote-User"];

    [Fact]
    public async Task A_service_passes_and_the_answer_says_who_it_is()
    {
        var reader = await Api.ServiceAsync("acme-reader");

        var answer = await reader.GetAsync($"{Address}?permission=book:view", Cancel);

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal("acme-reader", Header(answer, "Remote-User"));
        Assert.Equal("service", Header(answer, "Remote-Kind"));
        Assert.Equal("book-readers", Header(answer, "Remote-Groups"));
        Assert.Equal((await AccountIdAsync(reader)).ToString(), Header(answer, "Remote-Account"));
        var me = await reader.GetFromJsonAsync<JsonElement>("/api/me", Cancel);
        Assert.Equal(me.GetProperty("subject").GetString(), Header(answer, "Remote-Subject"));
    }

    [Fact]
    public async Task A_person_passes_by_the_session_for_any_method_and_without_an_antiforgery_token()
    {
        var pages = await SessionAsync("grace");

        foreach (var path in new[] { Address, $"{Address}?permission=book:view,book:change" })
        {
            var answer = await pages.GetAsync(path, Cancel);
            Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
            Assert.Equal("grace", Header(answer, "Remote-User"));
            Assert.Equal("person", Header(answer, "Remote-Kind"));
        }

        foreach (var method in new[] { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), $"{Address}/book:view/shop/7?page=2&permission=x");
            request.Headers.Add("Origin", "https://third.example.com");
            request.Headers.Add("Access-Control-Request-Method", "GET");
            var answer = await pages.SendAsync(request, Cancel);
            Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{method}: {answer.StatusCode}");
            Assert.Equal("grace", Header(answer, "Remote-User"));
        }
    }

    [Theory]
    [InlineData("acme-reader", "permission=book:delete", ProblemCode.PermissionMissing)]
    [InlineData("acme-reader", "permission=book:view,book:delete", ProblemCode.PermissionMissing)]
    [InlineData("acme-reader", "permission=book:view&row=00000000-0000-0000-0000-000000000001", ProblemCode.RowHidden)]
    [InlineData("acme-reader", "permission=book:view&row=seven", ProblemCode.RowHidden)]
    [InlineData("acme-reader", "permission=book:view&scopes=books:write", ProblemCode.InsufficientScope)]
    [InlineData("acme-reader", "scopes=books:write", ProblemCode.InsufficientScope)]
    public async Task Who_may_not_is_403_with_the_code_and_no_identity(string client, string query, string code)
    {
        var answer = await (await Api.ServiceAsync(client, "books:read")).GetAsync($"{Address}?{query}", Cancel);

        await AssertProblemAsync(answer, 403, code);
        Assert.All(Identity, name => Assert.False(answer.Headers.Contains(name), name));
        Assert.Equal(code == ProblemCode.InsufficientScope, answer.Headers.WwwAuthenticate.Count > 0);
    }

    [Theory]
    [InlineData("acme-reader", "scopes=books:read")]
    [InlineData("acme-reader", "permission=book:view&scopes=books:read")]
    [InlineData("acme-reader", "")]
    public async Task Who_may_passes(string client, string query) => Assert.Equal(
        HttpStatusCode.NoContent,
        (await (await Api.ServiceAsync(client, "books:read")).GetAsync($"{Address}?{query}", Cancel)).StatusCode);

    [Fact]
    public async Task A_row_that_is_shown_passes()
    {
        var ada = await Api.PersonAsync("ada");
        await using var group = await GroupUnderTest.CreateAsync(ada, []);

        foreach (var query in new[] { $"permission=group:view&row={group.Id}", "permission=group:add&row=new" })
        {
            Assert.Equal(HttpStatusCode.NoContent, (await ada.GetAsync($"{Address}?{query}", Cancel)).StatusCode);
        }
    }

    [Theory]
    [InlineData("permission=book:veiw", "permission", "Did you mean book:view?")]
    [InlineData("permission=book:*", "permission", "book:*")]
    [InlineData("permission=", "permission", "model:action")]
    [InlineData("permission=book:view,", "permission", "model:action")]
    [InlineData("scopes=book:read", "scopes", "books:read")]
    [InlineData("scopes=", "scopes", "does not exist")]
    [InlineData("row=1", "row", "give permission")]
    [InlineData("permission=book:view,author:view&row=1", "row", "that model alone")]
    [InlineData("permissions=book:view", "permissions", "permission")]
    [InlineData("permission=book:view&permission=book:add", "permission", "Give it once")]
    public async Task A_mistake_in_the_settings_of_a_proxy_lets_nobody_through_and_is_named(string query, string field, string message)
    {
        var problem = await AssertProblemAsync(
            await (await Api.PersonAsync("ada")).GetAsync($"{Address}?{query}", Cancel), 400, ProblemCode.InvalidRequest);

        Assert.Contains(message, problem.GetProperty("errors").GetProperty(field)[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Envoy_is_refused_by_the_same_codes()
    {
        var reader = await Api.ServiceAsync("acme-reader");

        await AssertProblemAsync(
            await reader.PostAsync($"{Address}/book:delete/shop", content: null, Cancel), 403, ProblemCode.PermissionMissing);
        await AssertProblemAsync(await reader.GetAsync($"{Address}/book:veiw/shop", Cancel), 400, ProblemCode.InvalidRequest);
        await AssertProblemAsync(await Api.NewClient().GetAsync($"{Address}/book:view/", Cancel), 401, ProblemCode.TokenMissing);
    }

    [Theory]
    [InlineData("GET", Address)]
    [InlineData("OPTIONS", Address + "/book:view/shop")]
    public async Task Nobody_is_401_with_the_challenge_also_for_a_preflight(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Add("Accept", "text/html");
        request.Headers.Add("Origin", "https://third.example.com");
        request.Headers.Add("Access-Control-Request-Method", "GET");

        var answer = await Api.NewClient().SendAsync(request, Cancel);

        await AssertProblemAsync(answer, 401, ProblemCode.TokenMissing);
        Assert.StartsWith("Bearer realm=", Challenge(answer), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_request_says_to_the_application_does_not_disturb()
    {
        var reader = await Api.ServiceAsync("acme-reader");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Address}?permission=book:view");
        request.Headers.Add("If-None-Match", "*");
        request.Headers.TryAddWithoutValidation("If-Match", "seven");
        request.Headers.TryAddWithoutValidation("Idempotency-Key", "seven");
        request.Headers.Add("Range", "bytes=0-9");
        request.Headers.TryAddWithoutValidation("Content-Encoding", "gzip");
        request.Headers.TryAddWithoutValidation("Content-Type", "text/plain; charset=latin1");
        request.Headers.TryAddWithoutValidation("Remote-User", "ada");

        var answer = await reader.SendAsync(request, Cancel);

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal("acme-reader", Header(answer, "Remote-User"));
    }

    [Theory]
    [InlineData("ada.lovelace@example.com", "ada.lovelace@example.com")]
    [InlineData("Büro, 100 %", "B%C3%BCro%2C%20100%20%25")]
    [InlineData("😀\r\nRemote-Kind: person", "%F0%9F%98%80%0D%0ARemote-Kind:%20person")]
    public void What_no_header_holds_is_percent_encoded(string name, string header) => Assert.Equal(header, IdentityHeaders.Encode(name));

    [Fact]
    public async Task An_account_that_is_switched_off_is_refused_at_once()
    {
        var ada = await Api.PersonAsync("ada");
        var pages = await SessionAsync("linus");
        var id = Header(await pages.GetAsync(Address, Cancel), "Remote-Account");
        try
        {
            (await ada.PatchAsJsonAsync($"/api/accounts/{id}", new { enabled = false }, Cancel)).EnsureSuccessStatusCode();
            await AssertProblemAsync(await pages.GetAsync(Address, Cancel), 403, ProblemCode.AccountDisabled);
        }
        finally
        {
            (await ada.PatchAsJsonAsync($"/api/accounts/{id}", new { enabled = true }, Cancel)).EnsureSuccessStatusCode();
        }
    }

    private static string Header(HttpResponseMessage answer, string name) => Assert.Single(answer.Headers.GetValues(name));

    private async Task<HttpClient> SessionAsync(string person)
    {
        var pages = Api.NewClient();
        pages.DefaultRequestHeaders.Add("Cookie", (await Api.SignInAsync(person)).Cookies.HeaderFor(Api.BaseAddress));
        return pages;
    }
}

public sealed class ForwardAuthOnSqliteTests(ForwardAuthOnSqliteTests.Own api)
    : ForwardAuthTests(api), IClassFixture<ForwardAuthOnSqliteTests.Own>
{
    public sealed class Own() : ApiOnSharedRealm<EmbeddedRealmUnderTest>(DatabaseEngine.Sqlite);
}

public sealed class ForwardAuthOnPostgreSqlTests(ForwardAuthOnPostgreSqlTests.Own api)
    : ForwardAuthTests(api), IClassFixture<ForwardAuthOnPostgreSqlTests.Own>
{
    public sealed class Own() : ApiOnSharedRealm<EmbeddedRealmUnderTest>(DatabaseEngine.PostgreSql);
}
