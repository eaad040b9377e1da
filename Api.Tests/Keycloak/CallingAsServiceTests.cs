using System.Net;
using System.Text.Json;
using Api.Tests.Infrastructure;

namespace Api.Tests.Keycloak;

/// <summary>A service account calls the API with its access token.</summary>
public abstract class CallingAsServiceTests(ApiUnderTest api) : ApiTests(api)
{
    [Fact]
    public async Task A_service_is_let_in_with_its_access_token()
    {
        var client = await Api.ServiceAsync("acme-reader");

        var response = await client.GetAsync("/api/books", Cancel);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
    }

    [Fact]
    public async Task Me_says_who_is_calling_and_what_follows()
    {
        var me = await JsonAsync(await (await Api.ServiceAsync("acme-writer")).GetAsync("/api/me", Cancel));

        Assert.Equal("service", me.GetProperty("kind").GetString());
        Assert.Equal("acme-writer", me.GetProperty("username").GetString());
        Assert.Equal("acme-writer", me.GetProperty("client").GetString());
        Assert.Equal(Api.Realm.Issuer, me.GetProperty("issuer").GetString());
        Assert.Equal(
            """["book-editor","book-reader"]""", me.GetProperty("roles").GetProperty("clients").GetProperty("acme-api").GetRawText());
        Assert.Equal("book-editors book-readers", Names(me.GetProperty("groups")));
        Assert.Equal(
            "author:view author:add author:change author:delete book:view book:add book:change book:delete book:publish",
            string.Join(' ', me.GetProperty("permissions").EnumerateArray().Select(permission => permission.GetString())));
        Assert.Equal("[]", me.GetProperty("notes").GetRawText());
    }

    [Fact]
    public async Task A_service_without_roles_is_known_and_allowed_nothing()
    {
        var client = await Api.ServiceAsync("acme-nobody");

        var me = await JsonAsync(await client.GetAsync("/api/me", Cancel));
        Assert.Equal("[]", me.GetProperty("permissions").GetRawText());
        Assert.Contains("no roles claim", me.GetProperty("notes")[0].GetString(), StringComparison.Ordinal);

        var problem = await AssertProblemAsync(await client.GetAsync("/api/books", Cancel), 403, "permission_missing");
        Assert.Equal("book:view", problem.GetProperty("missingPermission").GetString());
    }

    [Fact]
    public async Task A_scope_narrows_what_the_groups_allow()
    {
        var client = await Api.ServiceAsync("acme-writer", "books:read");

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/books", Cancel)).StatusCode);
        var refused = await client.PostAsync(
            "/api/books", Body("""{"title":"T","authorId":"00000000-0000-0000-0000-000000000000"}"""), Cancel);

        var problem = await AssertProblemAsync(refused, 403, "insufficient_scope");
        Assert.Equal("books:write", problem.GetProperty("missingScope").GetString());
        Assert.Equal("Bearer realm=\"acme\", error=\"insufficient_scope\", scope=\"books:write\"", BearerChallenge(refused));
    }

    [Fact]
    public async Task A_scope_never_widens_what_the_groups_allow()
    {
        var client = await Api.ServiceAsync("acme-reader", "books:read books:write");

        var refused = await client.PostAsync(
            "/api/books", Body("""{"title":"T","authorId":"00000000-0000-0000-0000-000000000000"}"""), Cancel);

        await AssertProblemAsync(refused, 403, "permission_missing");
        Assert.Empty(refused.Headers.WwwAuthenticate);
    }

    [Fact]
    public async Task Without_a_token_the_answer_is_401_and_says_how_to_get_one()
    {
        var response = await Api.NewClient().GetAsync("/api/books", Cancel);

        await AssertProblemAsync(response, 401, "token_missing");
        // What a client may ask Keycloak for (RFC 6750, section 3).
        Assert.Equal("Bearer realm=\"acme\", scope=\"books:read\"", BearerChallenge(response));
    }

    [Theory]
    [InlineData("Basic YWNtZS1yZWFkZXI6YWNtZS1yZWFkZXItc2VjcmV0")]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    public async Task An_authorization_header_without_a_bearer_token_is_no_token(string header)
    {
        var client = Api.NewClient();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", header);

        await AssertProblemAsync(await client.GetAsync("/api/books", Cancel), 401, "token_missing");
    }

    [Fact]
    public async Task A_token_in_the_query_is_not_read()
    {
        var token = await Api.TokenOfAsync("acme-reader");

        await AssertProblemAsync(await Api.NewClient().GetAsync($"/api/books?access_token={token}", Cancel), 401, "token_missing");
    }

    [Theory]
    [InlineData("x")]
    [InlineData("a.b.c")]
    [InlineData("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.")]
    public async Task Garbage_is_refused(string token)
    {
        var response = await Api.NewClient(token).GetAsync("/api/books", Cancel);

        await AssertProblemAsync(response, 401, "invalid_token");
        Assert.StartsWith(
            "Bearer realm=\"acme\", error=\"invalid_token\", error_description=\"", Challenge(response), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tampered_token_is_refused()
    {
        var parts = (await Api.TokenOfAsync("acme-reader")).Split('.');
        var payload = JsonSerializer.Serialize(JsonElement.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(parts[1])))
            .Replace("book-reader", "book-editor", StringComparison.Ordinal);
        parts[1] = System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(payload));

        var problem = await AssertProblemAsync(
            await Api.NewClient(string.Join('.', parts)).GetAsync("/api/books", Cancel), 401, "invalid_token");
        Assert.Contains("signature", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_tokens_of_a_sign_in_that_are_no_access_tokens_are_refused()
    {
        var signedIn = await Api.Realm.SignInAsync("acme-spa", "ada");

        await AssertProblemAsync(await Api.NewClient(signedIn.IdToken).GetAsync("/api/me", Cancel), 401, "invalid_token");
        await AssertProblemAsync(await Api.NewClient(signedIn.RefreshToken).GetAsync("/api/me", Cancel), 401, "invalid_token");
        Assert.Equal(HttpStatusCode.OK, (await Api.NewClient(signedIn.AccessToken).GetAsync("/api/me", Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_session_cookie_is_nothing_to_the_API()
    {
        var browser = await Api.SignInAsync("ada");

        var answer = await browser.SendAsync(new(HttpMethod.Get, $"{Api.Realm.ApiUrl}/api/me"));

        Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
    }

    [Fact]
    public async Task An_account_that_is_disabled_is_refused_from_the_next_request_on()
    {
        var reader = await Api.ServiceAsync("acme-reader");
        var ada = await Api.PersonAsync("ada");
        var id = await AccountIdAsync(reader);

        var off = await ada.PatchAsync($"/api/accounts/{id}", Body("""{"enabled":false}"""), Cancel);
        Assert.Equal(HttpStatusCode.OK, off.StatusCode);
        try
        {
            await AssertProblemAsync(await reader.GetAsync("/api/books", Cancel), 403, "account_disabled");
            await AssertProblemAsync(await reader.GetAsync("/api/me", Cancel), 403, "account_disabled");
        }
        finally
        {
            await ada.PatchAsync($"/api/accounts/{id}", Body("""{"enabled":true}"""), Cancel);
        }

        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("/api/books", Cancel)).StatusCode);
    }

    [Fact]
    public async Task No_token_and_no_secret_is_ever_logged()
    {
        var token = await Api.TokenOfAsync("acme-reader");
        await Api.NewClient(token).GetAsync("/api/me", Cancel);
        await Api.NewClient(token + "x").GetAsync("/api/me", Cancel);
        await Api.SignInAsync("ada");

        Assert.NotEmpty(Api.Log);
        Assert.DoesNotContain(token[..40], Api.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("acme-admin-secret", Api.Log, StringComparison.Ordinal);
    }

    private static StringContent Body(string json) => new(json, System.Text.Encoding.UTF8, "application/json");

    private static string Names(JsonElement groups) =>
        string.Join(' ', groups.EnumerateArray().Select(group => group.GetProperty("name").GetString()));
}

public sealed class CallingAsServiceOnEmbeddedRealmTests(
    ApiOnEmbeddedRealm api) : CallingAsServiceTests(api);

public sealed class CallingAsServiceOnKeycloakTests(ApiOnKeycloak api) : CallingAsServiceTests(api);
