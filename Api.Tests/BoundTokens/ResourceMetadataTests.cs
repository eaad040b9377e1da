using System.Net;
using System.Text.Json;
using Api.Tests.Infrastructure;
using KeycloakAccess.Authentication;
using KeycloakAccess.Hosting;

namespace Api.Tests.BoundTokens;

/// <summary>What clients are told about this API (RFC 9728), and where every refusal leads them.</summary>
public abstract class ResourceMetadataTests(ApiUnderTest api) : ApiTests(api)
{
    private const string Path = "/.well-known/oauth-protected-resource";

    [Fact]
    public async Task They_name_the_API_its_realm_and_what_it_takes()
    {
        var answer = await Api.NewClient().GetAsync(Path, Cancel);

        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal("public, max-age=3600", answer.Headers.CacheControl?.ToString());
        var metadata = await JsonAsync(answer);
        Assert.Equal(Api.Realm.ApiUrl, metadata.GetProperty("resource").GetString());
        Assert.Equal($"""["{Api.Realm.Issuer}"]""", metadata.GetProperty("authorization_servers").GetRawText());
        Assert.Equal("""["header"]""", metadata.GetProperty("bearer_methods_supported").GetRawText());
        Assert.Equal(
            SignatureAlgorithms.Verifiable,
            metadata.GetProperty("dpop_signing_alg_values_supported").EnumerateArray().Select(each => each.GetString()!));
        Assert.False(metadata.GetProperty("dpop_bound_access_tokens_required").GetBoolean());
        Assert.False(metadata.GetProperty("tls_client_certificate_bound_access_tokens").GetBoolean());
        // What a client may ask the realm for: a scope that it has not would be an error there.
        var scopes = metadata.GetProperty("scopes_supported").EnumerateArray().Select(scope => scope.GetString()!).ToArray();
        Assert.Contains("books:read", scopes);
        var offered = JsonElement.Parse((await Api.Realm.GetAsync(Api.Realm.DiscoveryEndpoint)).Text).GetProperty("scopes_supported")
            .EnumerateArray().Select(scope => scope.GetString()!).ToArray();
        Assert.Empty(scopes.Except(offered, StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("GET", "/api/books", null, 401)]
    [InlineData("GET", "/api/books", "Bearer x", 401)]
    [InlineData("GET", "/api/books", "DPoP x", 401)]
    [InlineData("GET", "/api/books", "Bearer x,y", 400)]
    [InlineData("POST", "/access/v1/evaluation", null, 401)]
    [InlineData("GET", "/access/forward-auth", null, 401)]
    [InlineData("POST", "/api/books", "narrow", 403)]
    public async Task Every_challenge_leads_there(string method, string path, string? authorization, int status)
    {
        authorization = authorization == "narrow" ? $"Bearer {await Api.TokenOfAsync("acme-writer", "books:read")}" : authorization;
        using var request = ForgedTokens.NewRequest(method, path, authorization);
        request.Content = method == "POST" ? JsonBody("{}") : null;

        var answer = await Api.NewClient().SendAsync(request, Cancel);

        Assert.Equal(status, (int)answer.StatusCode);
        foreach (var scheme in new[] { "Bearer", "DPoP" })
        {
            var address = answer.ChallengeOf(scheme).Split("resource_metadata=\"")[1].TrimEnd('"');
            Assert.Equal(HttpStatusCode.OK, (await Api.NewClient().GetAsync(new Uri(address), Cancel)).StatusCode);
        }

        Assert.Contains(
            "algs=\"RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512\"", answer.ChallengeOf("DPoP"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_challenge_names_the_scopes_that_the_endpoint_needs_where_the_realm_has_them()
    {
        foreach (var (method, path, scope) in new[]
        {
            ("GET", "/api/books", "books:read"), ("POST", "/api/books", "books:write"), ("GET", "/api/me", null),
        })
        {
            using var request = ForgedTokens.NewRequest(method, path, authorization: null);
            var answer = await Api.NewClient().SendAsync(request, Cancel);
            Assert.All(answer.Headers.WwwAuthenticate, challenge => Assert.Equal(
                scope, challenge.ToString().Split("scope=\"") is [_, var rest] ? rest.Split('"')[0] : null));
        }
    }

    [Fact]
    public async Task An_identifier_of_the_settings_is_the_same_for_everybody_and_has_the_address_of_the_specification()
    {
        await using var variant = Api.Variant(
            ("ProtectedResource:Identifier", "https://www.example.com/access"), ("BoundTokens:Required", "true"));

        var challenge = (await variant.NewClient().GetAsync("/api/me", Cancel)).ChallengeOf("DPoP");
        Assert.Contains(
            "resource_metadata=\"https://www.example.com/.well-known/oauth-protected-resource/access\"",
            challenge,
            StringComparison.Ordinal);
        foreach (var path in new[] { Path, $"{Path}/access" })
        {
            var metadata = await JsonAsync(await variant.NewClient().GetAsync(path, Cancel));
            Assert.Equal("https://www.example.com/access", metadata.GetProperty("resource").GetString());
            Assert.True(metadata.GetProperty("dpop_bound_access_tokens_required").GetBoolean());
        }

        await AssertProblemAsync(await variant.NewClient().GetAsync($"{Path}/other", Cancel), 404, ProblemCode.NotFound);
        await AssertProblemAsync(await Api.NewClient().GetAsync($"{Path}/access", Cancel), 404, ProblemCode.NotFound);
    }

    [Fact]
    public async Task Pages_of_every_origin_may_read_them()
    {
        using var preflight = new HttpRequestMessage(HttpMethod.Options, Path);
        preflight.Headers.Add("Origin", "https://app.example.com");
        preflight.Headers.Add("Access-Control-Request-Method", "GET");
        preflight.Headers.Add("Access-Control-Request-Headers", "mcp-protocol-version");
        var allowed = await Api.NewClient().SendAsync(preflight, Cancel);
        Assert.Equal("*", Assert.Single(allowed.Headers.GetValues("Access-Control-Allow-Origin")));

        using var request = new HttpRequestMessage(HttpMethod.Get, Path);
        request.Headers.Add("Origin", "https://app.example.com");
        var answer = await Api.NewClient().SendAsync(request, Cancel);
        Assert.Equal("*", Assert.Single(answer.Headers.GetValues("Access-Control-Allow-Origin")));
    }
}

public sealed class ResourceMetadataOnEmbeddedTests(ApiOnEmbeddedRealm api)
    : ResourceMetadataTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class ResourceMetadataOnKeycloakTests(ApiOnKeycloak api) : ResourceMetadataTests(api), IClassFixture<ApiOnKeycloak>;
