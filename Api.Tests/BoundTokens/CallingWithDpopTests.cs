using System.Net;
using Api.Tests.Delivery;
using Api.Tests.Infrastructure;
using KeycloakAccess.Hosting;

namespace Api.Tests.BoundTokens;

/// <summary>Tokens that the realm has bound to a key, at one instance and at several.</summary>
public abstract class CallingWithDpopTests(ApiUnderTest api) : ApiTests(api)
{
    [Fact]
    public async Task A_service_gets_a_bound_token_and_calls_the_API_with_it()
    {
        using var key = new DpopKey();
        var token = await BoundTokenAsync(key);
        using var client = NewClient(Api.NewClient(), key, token);

        for (var count = 0; count < 3; count++)
        {
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/books", Cancel)).StatusCode);
        }

        var me = await JsonAsync(await client.GetAsync("/api/me", Cancel));
        Assert.Equal("acme-reader", me.GetProperty("username").GetString());
        var missing = await client.PostAsync("/api/groups", JsonBody("""{"name":"none"}"""), Cancel);
        await AssertProblemAsync(missing, 403, ProblemCode.PermissionMissing);
        // AuthZEN takes it too.
        var question = """{"subject":{"type":"user","id":"nobody"},"action":{"name":"view"},"resource":{"type":"book"}}""";
        Assert.NotEqual(
            HttpStatusCode.Unauthorized, (await client.PostAsync("/access/v1/evaluation", JsonBody(question), Cancel)).StatusCode);
        // Stolen, it opens nothing.
        await AssertProblemAsync(await Api.NewClient(token).GetAsync("/api/books", Cancel), 401, ProblemCode.InvalidToken);
        await AssertProblemAsync(
            await Api.NewClient(token).PostAsync("/access/v1/evaluation", JsonBody(question), Cancel), 401, ProblemCode.InvalidToken);
        await AssertProblemAsync(await Api.NewClient(token).GetAsync("/access/forward-auth", Cancel), 401, ProblemCode.InvalidToken);
    }

    [Theory]
    [InlineData("false")]
    [InlineData("true")]
    public async Task The_handler_of_the_documents_calls_with_a_nonce_and_without(string requiresNonce)
    {
        Assert.Contains(
            Repository.Read("Api.Tests/BoundTokens/DpopExample.cs").Split("namespace Api.Tests.BoundTokens;\n")[1].Trim(),
            Repository.Read("docs/bound-tokens.md"),
            StringComparison.Ordinal);
        await using var strict = Api.Variant(("BoundTokens:Dpop:RequireNonce", requiresNonce), ("BoundTokens:Required", "true"));
        using var client = new HttpClient(new DpopHandler(
            new Uri(Api.Realm.TokenEndpoint), "acme-writer", RealmUnderTest.SecretOf("acme-writer"), strict.NewHandler()))
        {
            BaseAddress = Api.BaseAddress,
        };

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/books?limit=1", Cancel)).StatusCode);
        Assert.Equal(
            HttpStatusCode.Created,
            (await client.PostAsync("/api/authors", JsonBody($$"""{"name":"Author {{Guid.NewGuid()}}"}"""), Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_missing_scope_is_challenged_under_the_scheme_of_the_call()
    {
        using var key = new DpopKey();
        using var client = NewClient(Api.NewClient(), key, await BoundTokenAsync(key, "acme-writer", "books:read"));

        var refused = await client.PostAsync("/api/books", JsonBody("{}"), Cancel);

        await AssertProblemAsync(refused, 403, ProblemCode.InsufficientScope);
        Assert.Contains("error=\"insufficient_scope\", scope=\"books:write\"", refused.ChallengeOf("DPoP"), StringComparison.Ordinal);
        Assert.DoesNotContain("error", refused.ChallengeOf("Bearer"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proof_that_one_instance_has_taken_is_taken_by_no_other()
    {
        await using var other = Api.Variant();
        using var key = new DpopKey();
        var token = await BoundTokenAsync(key);
        var proof = key.Prove("GET", Url("/api/books"), token);
        HttpClient[] instances = [Api.NewClient(), other.NewClient()];

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(index => SendAsync(instances[index % 2], token, proof)));

        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        await AssertProblemAsync(await SendAsync(instances[0], token, proof), 401, ProblemCode.InvalidDpopProof);
        await AssertProblemAsync(await SendAsync(instances[1], token, proof), 401, ProblemCode.InvalidDpopProof);
    }

    [Fact]
    public async Task A_nonce_of_one_instance_is_good_at_every_other()
    {
        await using var first = Api.Variant(("BoundTokens:Dpop:RequireNonce", "true"));
        await using var second = Api.Variant(("BoundTokens:Dpop:RequireNonce", "true"));
        using var key = new DpopKey();
        var token = await BoundTokenAsync(key);

        var asked = await SendAsync(first.NewClient(), token, key.Prove("GET", Url("/api/books"), token));

        await AssertProblemAsync(asked, 401, ProblemCode.UseDpopNonce);
        Assert.Contains("error=\"use_dpop_nonce\"", asked.ChallengeOf("DPoP"), StringComparison.Ordinal);
        var nonce = Assert.Single(asked.Headers.GetValues("DPoP-Nonce"));
        foreach (var instance in new[] { first, second, first })
        {
            var answer = await SendAsync(
                instance.NewClient(),
                token,
                key.Prove("GET", Url("/api/books"), token, change: (_, claims) => claims["nonce"] = nonce));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.False(answer.Headers.Contains("DPoP-Nonce"));
        }

        foreach (var wrong in new[] { "", "x", nonce[..^1], nonce + "A", new string('A', 2000) })
        {
            var refused = await SendAsync(
                first.NewClient(),
                token,
                key.Prove("GET", Url("/api/books"), token, change: (_, claims) => claims["nonce"] = wrong));
            await AssertProblemAsync(refused, 401, ProblemCode.UseDpopNonce);
        }

        // Where none is required, one is no mistake.
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(
            Api.NewClient(),
            token,
            key.Prove("GET", Url("/api/books"), token, change: (_, claims) => claims["nonce"] = "of another"))).StatusCode);
    }

    [Fact]
    public async Task Telling_a_nonce_counts_as_no_refusal()
    {
        await using var strict = Api.Variant(("BoundTokens:Dpop:RequireNonce", "true"), ("RateLimits:RefusedRequests", "1"));
        using var key = new DpopKey();
        var token = await BoundTokenAsync(key);

        for (var count = 0; count < 5; count++)
        {
            var asked = await SendAsync(strict.NewClient(), token, key.Prove("GET", Url("/api/books"), token));
            await AssertProblemAsync(asked, 401, ProblemCode.UseDpopNonce);
        }
    }

    [Theory]
    [InlineData("BoundTokens:Required", "true", "acme-reader")]
    [InlineData("BoundTokens:RequiredForClients:0", "acme-reader", "acme-reader")]
    [InlineData("BoundTokens:RequiredForPaths:0", "/api/books", "acme-reader")]
    public async Task Where_bound_tokens_are_required_no_other_one_is_taken(string setting, string value, string client)
    {
        await using var strict = Api.Variant((setting, value));
        using var key = new DpopKey();
        using var bound = NewClient(strict.NewClient(), key, await BoundTokenAsync(key, client));
        var plain = strict.NewClient(await Api.TokenOfAsync(client));
        var path = value.StartsWith('/') ? value : "/api/me";

        Assert.Equal(HttpStatusCode.OK, (await bound.GetAsync(path, Cancel)).StatusCode);
        // Also once it is known by a call that it may make.
        await plain.GetAsync("/api/me", Cancel);
        for (var count = 0; count < 2; count++)
        {
            var refused = await plain.GetAsync(path, Cancel);
            var problem = await AssertProblemAsync(refused, 401, ProblemCode.InvalidToken);
            Assert.Contains("must be bound", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
            Assert.Contains("DPoP", refused.Headers.WwwAuthenticate.Select(challenge => challenge.Scheme));
        }
    }

    [Fact]
    public async Task What_is_required_of_one_client_or_path_is_required_of_no_other()
    {
        await using var strict = Api.Variant(
            ("BoundTokens:RequiredForClients:0", "acme-writer"), ("BoundTokens:RequiredForPaths:0", "/api/groups"));
        var reader = strict.NewClient(await Api.TokenOfAsync("acme-reader"));

        for (var count = 0; count < 2; count++)
        {
            Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("/api/books", Cancel)).StatusCode);
        }

        await AssertProblemAsync(await reader.GetAsync("/api/groups", Cancel), 401, ProblemCode.InvalidToken);
        await AssertProblemAsync(await reader.GetAsync("/API/Groups", Cancel), 401, ProblemCode.InvalidToken);
        var writer = strict.NewClient(await Api.TokenOfAsync("acme-writer"));
        await AssertProblemAsync(await writer.GetAsync("/api/books", Cancel), 401, ProblemCode.InvalidToken);
    }

    private string Url(string path) => Api.Realm.ApiUrl + path;

    private async Task<HttpResponseMessage> SendAsync(HttpClient client, string token, string proof)
    {
        using var request = ForgedTokens.NewRequest("GET", Url("/api/books"), $"DPoP {token}", proof);
        return await client.SendAsync(request, Cancel);
    }

    private async Task<string> BoundTokenAsync(DpopKey key, string client = "acme-reader", string? scope = null)
    {
        using var request = RealmUnderTest.FormRequest(
            Api.Realm.TokenEndpoint,
            client,
            [("grant_type", "client_credentials"), .. scope is null ? Array.Empty<(string, string)>() : [("scope", scope)]]);
        request.Headers.Add("DPoP", key.Prove("POST", Api.Realm.TokenEndpoint));
        var answer = await Api.Realm.SendAsync(request);
        Assert.Equal("DPoP", answer["token_type"]);
        return answer["access_token"];
    }

    private static HttpClient NewClient(HttpClient inner, DpopKey key, string token) =>
        new(new ProvingHandler(inner, key, token)) { BaseAddress = inner.BaseAddress };

    /// <summary>Proves each request, as a caller's own handler would.</summary>
    private sealed class ProvingHandler(HttpClient inner, DpopKey key, string token) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var proof = key.Prove(request.Method.Method, request.RequestUri!.AbsoluteUri, token);
            using var proven = ForgedTokens.NewRequest(request.Method.Method, request.RequestUri.AbsoluteUri, $"DPoP {token}", proof);
            proven.Content = request.Content;
            return await inner.SendAsync(proven, cancellationToken);
        }
    }
}

public sealed class CallingWithDpopOnSqliteTests(ApiOnEmbeddedRealm api) : CallingWithDpopTests(api), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class CallingWithDpopOnPostgreSqlTests(ApiOnPostgreSql api) : CallingWithDpopTests(api), IClassFixture<ApiOnPostgreSql>;

public sealed class CallingWithDpopOnKeycloakTests(ApiOnKeycloak api) : CallingWithDpopTests(api), IClassFixture<ApiOnKeycloak>;
