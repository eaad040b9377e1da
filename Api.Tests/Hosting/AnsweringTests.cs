using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;

namespace Api.Tests.Hosting;

/// <summary>What every answer has: headers, limits, problem details, health, the API's description.</summary>
public sealed class AnsweringTests(ApiOnEmbeddedRealm api) : ApiTests(api), IClassFixture<ApiOnEmbeddedRealm>
{
    [Theory]
    [InlineData("/api/books")]
    [InlineData("/admin")]
    [InlineData("/signed-out")]
    [InlineData("/nothing-here")]
    [InlineData("/admin.css")]
    public async Task Every_answer_carries_the_security_headers(string path)
    {
        var response = await Api.NewClient().GetAsync(path, Cancel);

        Assert.Equal("nosniff", Header(response, "X-Content-Type-Options"));
        Assert.Equal("DENY", Header(response, "X-Frame-Options"));
        Assert.Equal("same-origin", Header(response, "Referrer-Policy"));
        Assert.Equal("same-origin", Header(response, "Cross-Origin-Opener-Policy"));
        var policy = Header(response, "Content-Security-Policy")!;
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Null(Header(response, "Server"));
    }

    [Theory]
    [InlineData("Küche")]
    [InlineData("the \"quoted\" one")]
    [InlineData("back\\slash")]
    [InlineData("日本")]
    public async Task A_realm_of_any_name_is_named_in_a_challenge_that_can_be_sent(string realm)
    {
        await using var odd = Api.Variant(("Keycloak:realm", realm));

        var answer = await odd.NewClient().GetAsync("/api/me", Cancel);

        await AssertProblemAsync(answer, 401, "token_missing");
        Assert.All(answer.Headers.WwwAuthenticate, challenge => Assert.Matches(
            "^(Bearer|DPoP) realm=\"([ !#-\\[\\]-~]|\\\\[\"\\\\])+\"", challenge.ToString()));
    }

    [Fact]
    public async Task No_page_holds_inline_script_or_style()
    {
        var browser = await Api.SignInAsync("ada");
        string[] paths =
        [
            "/admin", "/admin/accounts", "/admin/groups", "/admin/role-mappings", "/admin/access", "/admin/access/who?permission=book:view",
            "/admin/sessions", "/admin/realm",
            "/admin/audit", "/admin/design", "/account", "/signed-out", "/signin-failed?reason=expired",
        ];
        foreach (var path in paths)
        {
            var page = (await browser.GetAsync(Api.Realm.ApiUrl + path)).Page;
            Assert.Empty(page.QuerySelectorAll("script:not([src]), style, [style], [onclick], [onload], [onsubmit], [hx-on]"));
            Assert.Equal("en", page.DocumentElement.GetAttribute("lang"));
            Assert.Single(page.QuerySelectorAll("h1"));
            Assert.Single(page.QuerySelectorAll("main"));
        }
    }

    [Fact]
    public async Task What_comes_from_outside_is_written_as_text()
    {
        var browser = await Api.SignInAsync("ada");

        var page = await browser.GetAsync(
            $"{Api.Realm.ApiUrl}/admin/accounts?search={Uri.EscapeDataString("\"><script>alert(1)</script>")}");

        Assert.Empty(page.Page.QuerySelectorAll("script:not([src])"));
        Assert.DoesNotContain("<script>alert", page.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text/html", "text/html")]
    [InlineData("text/html,application/xhtml+xml,*/*;q=0.8", "text/html")]
    [InlineData("application/json", "application/problem+json")]
    [InlineData("*/*", "application/problem+json")]
    [InlineData("image/png", "application/problem+json")]
    public async Task A_person_gets_a_page_where_a_program_gets_problem_details(string accept, string expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/admin/nothing-here");
        request.Headers.Accept.ParseAdd(accept);

        var response = await Api.NewClient().SendAsync(request, Cancel);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal(expected, response.Content.Headers.ContentType?.MediaType);
        if (expected == "text/html")
        {
            Assert.Contains("There is no such page", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Health_names_its_parts()
    {
        var ready = await Api.NewClient().GetFromJsonAsync<JsonElement>("/health/ready", Cancel);

        Assert.Equal("Healthy", ready.GetProperty("status").GetString());
        Assert.Equal("Healthy", ready.GetProperty("checks").GetProperty("database").GetString());
        Assert.Equal("Healthy", ready.GetProperty("checks").GetProperty("realm").GetString());
    }

    [Fact]
    public async Task The_description_is_OpenAPI_3_1_and_says_what_each_call_needs()
    {
        var document = await Api.NewClient().GetFromJsonAsync<JsonElement>("/openapi/v1.json", Cancel);

        Assert.StartsWith("3.1", document.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        var flows = document.GetProperty("components").GetProperty("securitySchemes").GetProperty("Keycloak").GetProperty("flows");
        Assert.Equal(
            $"{Api.Realm.Issuer}/protocol/openid-connect/token",
            flows.GetProperty("clientCredentials").GetProperty("tokenUrl").GetString());
        Assert.True(flows.GetProperty("authorizationCode").GetProperty("scopes").TryGetProperty("books:read", out _));
        var create = document.GetProperty("paths").GetProperty("/api/books").GetProperty("post");
        Assert.Contains("book:add", create.GetProperty("description").GetString(), StringComparison.Ordinal);
        foreach (var status in new[] { "201", "401", "403", "503" })
        {
            Assert.True(create.GetProperty("responses").TryGetProperty(status, out _), status);
        }

        var group = document.GetProperty("components").GetProperty("schemas").GetProperty("GroupRequest").GetProperty("properties");
        Assert.Equal("string", group.GetProperty("name").GetProperty("type").GetString());
        Assert.Equal("string", group.GetProperty("permissions").GetProperty("items").GetProperty("type").GetString());

        var evaluation = document.GetProperty("paths")
            .GetProperty("/access/v1/evaluation")
            .GetProperty("post")
            .GetProperty("requestBody")
            .GetProperty("content")
            .GetProperty("application/json");
        Assert.Equal("#/components/schemas/EvaluationRequest", evaluation.GetProperty("schema").GetProperty("$ref").GetString());
        Assert.Equal("book", evaluation.GetProperty("example").GetProperty("resource").GetProperty("type").GetString());
        var question = document.GetProperty("components").GetProperty("schemas").GetProperty("EvaluationRequest");
        Assert.Equal("""["subject","action","resource"]""", JsonSerializer.Serialize(question.GetProperty("required")));
        // Unlike elsewhere, what is not known is ignored there.
        Assert.False(question.TryGetProperty("additionalProperties", out _));

        var paths = document.GetProperty("paths").EnumerateObject().Select(path => path.Name).ToArray();
        Assert.All(paths, path => Assert.Matches(
            "^/(api|access/v1)/|^/access/forward-auth$|^/.well-known/(authzen-configuration|oauth-protected-resource)$", path));
        Assert.Equal(31, paths.Length);
    }

    [Fact]
    public async Task The_reference_is_served_only_where_it_is_wanted()
    {
        await using var production = Api.Variant(("environment", "Production"));
        var client = production.NewClient();
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/openapi/v1.json", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/reference/", Cancel)).StatusCode);

        await using var wanted = Api.Variant(("environment", "Production"), ("Reference:Enabled", "true"));
        Assert.Equal(HttpStatusCode.OK, (await wanted.NewClient().GetAsync("/openapi/v1.json", Cancel)).StatusCode);
    }

    [Fact]
    public async Task In_production_every_cookie_is_bound_to_HTTPS_and_to_the_host()
    {
        await using var production = Api.Variant(("environment", "Production"));

        var signIn = new UriBuilder(Api.BaseAddress) { Scheme = "https", Path = "/signin" }.Uri;
        var response = await production.NewClient().GetAsync(signIn, Cancel);

        Assert.All(
            response.Headers.GetValues("Set-Cookie"), cookie => Assert.Contains("; secure", cookie, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_malformed_body_is_explained_in_production_too()
    {
        await using var production = Api.Variant(("environment", "Production"));
        var client = production.NewClient(await Api.TokenOfAsync("acme-writer"));

        var problem = await AssertProblemAsync(
            await client.PostAsync("/api/books", new StringContent("{", Encoding.UTF8, "application/json"), Cancel), 400);

        Assert.Contains("not the JSON that is expected", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_new_accounts_are_not_enabled_somebody_must_enable_them()
    {
        await using var strict = Api.Variant(("Accounts:EnabledByDefault", "false"));
        var signedIn = await Api.Realm.SignInAsync("acme-spa", "linus");

        var refused = await strict.NewClient(signedIn.AccessToken).GetAsync("/api/me", Cancel);
        await AssertProblemAsync(refused, 403, "account_disabled");

        var ada = await Api.PersonAsync("ada");
        var accounts = await ada.GetFromJsonAsync<JsonElement>("/api/accounts?enabled=false&search=linus", Cancel);
        var id = Assert.Single(accounts.GetProperty("items").EnumerateArray()).GetProperty("id").GetGuid();
        await ada.PatchAsync($"/api/accounts/{id}", new StringContent("""{"enabled":true}""", Encoding.UTF8, "application/json"), Cancel);
        Assert.Equal(HttpStatusCode.OK, (await strict.NewClient(signedIn.AccessToken).GetAsync("/api/me", Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_token_of_a_realm_with_another_audience_setting_is_taken_only_where_that_is_said()
    {
        await using var loose = Api.Variant(("Keycloak:audience", "somebody-else"));
        var token = await Api.TokenOfAsync("acme-reader");
        await AssertProblemAsync(await loose.NewClient(token).GetAsync("/api/me", Cancel), 401, "invalid_token");

        await using var unchecked_ = Api.Variant(("Keycloak:audience", "somebody-else"), ("Keycloak:verify-token-audience", "false"));
        Assert.Equal(HttpStatusCode.OK, (await unchecked_.NewClient(token).GetAsync("/api/me", Cancel)).StatusCode);
    }

    [Fact]
    public async Task Where_HTTPS_is_required_a_plain_request_is_refused_except_for_probes()
    {
        // The realm itself must then be asked over HTTPS, which it is not here: the start of such a service is not ready.
        await using var all = Api.Variant(
            ("Keycloak:ssl-required", "all"), ("Keycloak:auth-server-url", "https://sso.example.test/"));
        var client = all.NewClient();

        await AssertProblemAsync(await client.GetAsync("/api/me", Cancel), 403, "ssl_required");
        await AssertProblemAsync(await client.GetAsync("/signin", Cancel), 403, "ssl_required");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/live", Cancel)).StatusCode);
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;
}
