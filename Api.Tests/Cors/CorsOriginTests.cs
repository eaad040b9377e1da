using System.Net;
using Api.Development;
using Api.Tests.Contract;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using KeycloakAccess.Cors;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Net.Http.Headers;

namespace Api.Tests.Cors;

/// <summary>
/// Which pages may call the API, and read what it says: by the settings, and by what Keycloak names in the token. One table over addresses,
/// origins and answers.
/// </summary>
public sealed class CorsOriginTests : HttpTests
{
    private const string Listed = "https://listed.example.com";
    private const string Named = "https://named.example.com";
    private const string Third = "https://third.example.com";

    private static readonly (string, string?)[] Both = [("Cors:Origins:0", Listed), ("Keycloak:enable-cors", "true")];

    [Theory]
    // By the list.
    [InlineData(false, true, Listed, "/api/me", 200, true)]
    [InlineData(false, true, Listed, "/access/v1/evaluation", 400, true)]
    [InlineData(false, true, Third, "/api/me", 200, false)]
    [InlineData(false, true, Named, "/api/me", 200, false)]
    [InlineData(false, true, "https://LISTED.example.com", "/api/me", 200, false)]
    [InlineData(false, true, "https://listed.example.com:443", "/api/me", 200, false)]
    [InlineData(false, true, "http://listed.example.com", "/api/me", 200, false)]
    [InlineData(false, true, "https://listed.example.com.third.example.com", "/api/me", 200, false)]
    [InlineData(false, true, "null", "/api/me", 200, false)]
    // By the token.
    [InlineData(true, false, Named, "/api/me", 200, true)]
    [InlineData(true, false, Named, "/access/v1/evaluation", 400, true)]
    [InlineData(true, false, Third, "/api/me", 403, false)]
    [InlineData(true, false, Listed, "/api/me", 403, false)]
    [InlineData(true, false, "null", "/api/me", 403, false)]
    [InlineData(true, false, "http://localhost", "/api/me", 200, null)]
    // By both, and by neither.
    [InlineData(true, true, Listed, "/api/me", 200, true)]
    [InlineData(true, true, Named, "/api/me", 200, true)]
    [InlineData(true, true, Third, "/api/me", 403, false)]
    [InlineData(false, false, Named, "/api/me", 200, false)]
    // Nowhere but there.
    [InlineData(true, true, Listed, "/health/live", 200, false)]
    [InlineData(true, true, Listed, "/signed-out", 200, false)]
    [InlineData(true, true, Listed, "/admin", 401, false)]
    [InlineData(true, true, Listed, "/antiforgery", 401, false)]
    [InlineData(true, true, Listed, "/apis", 404, false)]
    public async Task A_page_reads_an_answer_if_its_origin_may(
        bool byToken, bool byList, string origin, string path, int status, bool? mayRead)
    {
        await using var realm = await StartAsync([.. Both.Where(setting => setting.Item1[0] == 'C' ? byList : byToken)]);
        using var request = Request(path.StartsWith("/access", StringComparison.Ordinal) ? "POST" : "GET", path, origin);

        var response = await realm.NewClient(TokenOf(realm)).SendAsync(request, Cancel);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.False(response.Headers.Contains(HeaderNames.AccessControlAllowCredentials));
        if (mayRead is not null)
        {
            AssertReadable(response, origin, mayRead.Value);
        }

        if (status == 403)
        {
            var detail = (await AssertProblemAsync(response, 403, ProblemCode.OriginRefused)).GetProperty("detail").GetString();
            Assert.Contains("Web origins", detail, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("GET", "/api/me", "", 401)]
    [InlineData("GET", "/api/me", "Bearer x", 401)]
    [InlineData("GET", "/api/me", "expired", 401)]
    [InlineData("GET", "/api/me", "wrong audience", 401)]
    [InlineData("GET", "/api/groups", "good", 403)]
    [InlineData("GET", "/api/books/00000000-0000-0000-0000-000000000000", "good", 404)]
    [InlineData("GET", "/api/nothing", "good", 404)]
    [InlineData("PATCH", "/api/me", "good", 405)]
    [InlineData("POST", "/access/v1/evaluation", "good", 400)]
    [InlineData("POST", "/access/v1/evaluation", "utf-16", 415)]
    public async Task Every_error_can_be_read_by_the_page_that_may_call(string method, string path, string token, int status)
    {
        await using var realm = await StartAsync(Both);
        foreach (var origin in new[] { Listed, Named })
        {
            using var request = Request(method, path, origin);
            var authorization = token switch
            {
                "good" or "utf-16" => "Bearer " + TokenOf(realm),
                "expired" => "Bearer " + TokenOf(realm, ("exp", DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 5)),
                "wrong audience" => "Bearer " + TokenOf(realm, ("aud", "other")),
                _ => token,
            };
            request.Headers.TryAddWithoutValidation(HeaderNames.Authorization, authorization);
            if (token == "utf-16")
            {
                request.Content!.Headers.Remove(HeaderNames.ContentType);
                request.Content.Headers.TryAddWithoutValidation(HeaderNames.ContentType, "application/json; charset=utf-16");
            }

            var response = await realm.NewClient(token: null).SendAsync(request, Cancel);

            await AssertProblemAsync(response, status);
            AssertReadable(response, origin, mayRead: true);
        }
    }

    [Fact]
    public async Task An_outage_and_a_fault_can_be_read_too()
    {
        await using var realm = await ForgingRealm.StartAsync(
            DatabaseEngine.Sqlite,
            settings: [.. Both, ("Keycloak:ssl-required", "none")],
            mapEndpoints: routes => Microsoft.AspNetCore.Builder.EndpointRouteBuilderExtensions.MapGet(
                routes, "/api/fault", string () => throw new InvalidOperationException("a fault")));
        realm.IsDown = true;
        using var fault = Request("GET", "/api/fault", Listed);
        using var outage = Request("GET", "/api/me", Listed);
        // Signed with a key that the realm can no longer be asked for.
        realm.Key = new Microsoft.IdentityModel.Tokens.RsaSecurityKey(System.Security.Cryptography.RSA.Create(2048)) { KeyId = "unknown" };

        var response = await realm.NewClient(token: null).SendAsync(fault, Cancel);
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        AssertReadable(response, Listed, mayRead: true);

        response = await realm.NewClient(TokenOf(realm)).SendAsync(outage, Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
        AssertReadable(response, Listed, mayRead: true);
    }

    [Theory]
    [InlineData(false, Listed, true)]
    [InlineData(false, Third, false)]
    [InlineData(true, Third, true)]
    public async Task A_preflight_is_answered_by_the_list_or_for_everybody_where_the_token_decides(
        bool byToken, string origin, bool allowed)
    {
        await using var realm = await StartAsync([Both[0], ("Keycloak:enable-cors", byToken ? "true" : "false")]);

        var response = await PreflightAsync(realm, "/api/books", origin);

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.False(response.Headers.Contains(HeaderNames.AccessControlAllowCredentials));
        Assert.Equal(allowed ? [origin] : [], Values(response, HeaderNames.AccessControlAllowOrigin));
        if (allowed)
        {
            Assert.Equal(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"], Values(response, HeaderNames.AccessControlAllowMethods));
            Assert.Contains("Authorization", Values(response, HeaderNames.AccessControlAllowHeaders));
            Assert.Contains("If-Match", Values(response, HeaderNames.AccessControlAllowHeaders));
            // What a session needs is no header that another origin may send.
            Assert.DoesNotContain("RequestVerificationToken", Values(response, HeaderNames.AccessControlAllowHeaders));
        }

        Assert.Empty(Values(await PreflightAsync(realm, "/admin/groups", origin), HeaderNames.AccessControlAllowOrigin));
    }

    [Fact]
    public async Task Every_header_that_the_API_describes_may_be_sent()
    {
        await using var realm = await StartAsync(Both);
        var description = await ApiDescription.ReadAsync(realm.NewClient(token: null), Cancel);

        var allowed = Values(await PreflightAsync(realm, "/api/books", Listed), HeaderNames.AccessControlAllowHeaders);

        Assert.Subset(
            allowed.ToHashSet(StringComparer.Ordinal),
            description.Operations.SelectMany(operation => operation.Parameters("header"))
                .Select(parameter => parameter["name"]!.GetValue<string>()).ToHashSet(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_Keycloaks_adapters_set_is_answered()
    {
        await using var realm = await StartAsync(
        [
            ("Keycloak:enable-cors", "true"), ("Keycloak:cors-max-age", "1000"), ("Keycloak:cors-allowed-methods", "GET, POST"),
            ("Keycloak:cors-allowed-headers", "Authorization, X-Own"), ("Keycloak:cors-exposed-headers", "X-Shown"),
        ]);

        var preflight = await PreflightAsync(realm, "/api/books", Named);
        using var request = Request("GET", "/api/me", Named);
        var answer = await realm.NewClient(TokenOf(realm)).SendAsync(request, Cancel);

        Assert.Equal(["1000"], Values(preflight, HeaderNames.AccessControlMaxAge));
        Assert.Equal(["GET", "POST"], Values(preflight, HeaderNames.AccessControlAllowMethods));
        Assert.Equal(["Authorization", "X-Own"], Values(preflight, HeaderNames.AccessControlAllowHeaders));
        Assert.Equal(["X-Shown"], Values(answer, HeaderNames.AccessControlExposeHeaders));
    }

    [Fact]
    public async Task A_star_in_the_token_is_every_origin_and_a_token_without_the_claim_none()
    {
        await using var realm = await StartAsync([("Keycloak:enable-cors", "true")]);
        using var first = Request("GET", "/api/me", Third);
        using var second = Request("GET", "/api/me", Third);

        var everybody = realm.NewClient(TokenOf(realm, ("allowed-origins", new[] { "*" })));
        AssertReadable(await everybody.SendAsync(first, Cancel), Third, mayRead: true);
        var response = await realm.NewClient(TokenOf(realm, ("allowed-origins", null))).SendAsync(second, Cancel);
        await AssertProblemAsync(response, 403, ProblemCode.OriginRefused);
        AssertReadable(response, Third, mayRead: false);
    }

    [Theory]
    [InlineData("Development", null, true)]
    [InlineData("Development", "false", false)]
    [InlineData("Production", null, false)]
    public async Task Beside_the_embedded_realm_the_token_decides_unless_a_setting_says_otherwise(
        string environment, string? setting, bool isEnabled)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment });
        builder.Configuration.AddInMemoryCollection(setting is null ? [] : [new("Keycloak:enable-cors", setting)]);

        await DevelopmentRealm.AddAsync(builder, start: false);

        var options = new KeycloakOptions();
        new KeycloakOptionsReader(builder.Configuration).Configure(options);
        Assert.Equal(isEnabled, options.EnableCors);
    }

    [Theory]
    [InlineData("https://app.example.com", null)]
    [InlineData("http://localhost:5173", null)]
    [InlineData("http://[::1]:5173", null)]
    [InlineData("https://xn--bcher-kva.example", null)]
    [InlineData("*", "Name each origin")]
    [InlineData("https://*.example.com", "Name each origin")]
    [InlineData("null", "Did you mean \"https://null\"?")]
    [InlineData("https://app.example.com/", "Did you mean \"https://app.example.com\"?")]
    [InlineData("https://app.example.com/page?x#y", "Did you mean \"https://app.example.com\"?")]
    [InlineData("HTTPS://App.Example.com", "Did you mean \"https://app.example.com\"?")]
    [InlineData("https://app.example.com:443", "Did you mean \"https://app.example.com\"?")]
    [InlineData("http://app.example.com:80/", "Did you mean \"http://app.example.com\"?")]
    [InlineData("https://user@app.example.com", "Did you mean \"https://app.example.com\"?")]
    [InlineData("https://bücher.example", "Did you mean \"https://xn--bcher-kva.example\"?")]
    [InlineData("app.example.com", "Did you mean \"https://app.example.com\"?")]
    [InlineData(" https://app.example.com", "Did you mean \"https://app.example.com\"?")]
    [InlineData("", "as in https://app.example.com")]
    [InlineData("https://", "as in https://app.example.com")]
    [InlineData("ftp://app.example.com", "It must be an origin")]
    public void An_origin_is_written_as_browsers_write_it(string text, string? says)
    {
        var result = new CorsOriginValidator().Validate(name: null, new CorsOriginOptions { Origins = [text] });

        Assert.Equal(says is null, result.Succeeded);
        Assert.Contains(says ?? "", result.FailureMessage ?? "", StringComparison.Ordinal);
        if (says is not null)
        {
            Assert.Contains($"Cors:Origins:0 is \"{text}\"", result.FailureMessage, StringComparison.Ordinal);
        }
    }

    private static Task<ForgingRealm> StartAsync((string, string?)[] settings) =>
        ForgingRealm.StartAsync(DatabaseEngine.Sqlite, settings: settings);

    private static string TokenOf(ForgingRealm realm, params (string Name, object? Value)[] changes) =>
        realm.Mint(changes: [("allowed-origins", new[] { Named, "https://other.example.com" }), .. changes]);

    private static HttpRequestMessage Request(string method, string path, string origin)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Add(HeaderNames.Origin, origin);
        if (method is "POST")
        {
            request.Content = JsonBody("{}");
        }

        return request;
    }

    private static Task<HttpResponseMessage> PreflightAsync(ForgingRealm realm, string path, string origin)
    {
        var request = new HttpRequestMessage(HttpMethod.Options, path);
        request.Headers.Add(HeaderNames.Origin, origin);
        request.Headers.Add(HeaderNames.AccessControlRequestMethod, "PUT");
        request.Headers.Add(HeaderNames.AccessControlRequestHeaders, "authorization,if-match");
        return realm.NewClient(token: null).SendAsync(request, Cancel);
    }

    private static void AssertReadable(HttpResponseMessage response, string origin, bool mayRead)
    {
        Assert.Equal(mayRead ? [origin] : [], Values(response, HeaderNames.AccessControlAllowOrigin));
        if (mayRead)
        {
            Assert.Contains("Origin", Values(response, HeaderNames.Vary));
            Assert.Equal(
                ["WWW-Authenticate", "ETag", "Location", "Retry-After", "Allow", "Content-Disposition", "X-Request-ID", "DPoP-Nonce"],
                Values(response, HeaderNames.AccessControlExposeHeaders));
        }
    }

    private static string[] Values(HttpResponseMessage response, string header) => response.Headers.TryGetValues(header, out var values)
        ? [.. values.SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries))]
        : [];
}
