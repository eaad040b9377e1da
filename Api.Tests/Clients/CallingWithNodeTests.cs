using System.Text.Json;
using Api.Tests.Infrastructure;

namespace Api.Tests.Clients;

/// <summary>
/// npm's oauth4webapi finds out about the API by its metadata, gets a token that is bound to its key, and calls with its own proofs.
/// </summary>
public abstract class CallingWithNodeTests(ApiUnderTest api, NodeClients node) : ApiTests(api)
{
    [Theory]
    [InlineData("false")]
    [InlineData("true")]
    public async Task It_calls_with_a_bound_token_with_a_nonce_and_without(string requiresNonce)
    {
        await using var served = Api.Variant(("BoundTokens:Dpop:RequireNonce", requiresNonce));
        var url = $"http://localhost:{served.Listen()}";
        await using var client = await node.StartAsync("oauth4webapi.mjs");
        var resource = await client.CallAsync("discoverResource", new { url });
        var issuer = resource.GetProperty("authorization_servers")[0].GetString();
        await client.CallAsync(
            "discover", new { issuer, clientId = "acme-reader", secret = RealmUnderTest.SecretOf("acme-reader") });
        await client.CallAsync("useDPoP");
        var token = (await client.CallAsync("boundToken")).GetProperty("access_token").GetString();

        for (var count = 0; count < 2; count++)
        {
            var answer = await client.CallAsync("callResource", new { accessToken = token, url = $"{url}/api/books?limit=1" });
            Assert.Equal(200, answer.GetProperty("status").GetInt32());
            Assert.Equal(count == 0 && requiresNonce == "true", answer.TryGetProperty("nonce", out _));
        }

        var refused = await client.CallAsync("callResource", new { accessToken = token, url = $"{url}/api/books", bearer = true });
        Assert.Equal(401, refused.GetProperty("status").GetInt32());
        var challenges = refused.GetProperty("challenges").EnumerateArray().ToArray();
        Assert.Equal(["bearer", "dpop"], challenges.Select(challenge => Text(challenge, "scheme")));
        Assert.Equal("invalid_token", Text(challenges[0], "error"));
        Assert.All(challenges, challenge =>
            Assert.Equal($"{url}/.well-known/oauth-protected-resource", Text(challenge, "resource_metadata")));
        Assert.Contains("ES256", Text(challenges[1], "algs"), StringComparison.Ordinal);
    }

    private static string Text(JsonElement holder, string name) => holder.GetProperty(name).GetString()!;
}

public sealed class CallingWithNodeOnEmbeddedTests(ApiOnEmbeddedRealm api, NodeClients node)
    : CallingWithNodeTests(api, node), IClassFixture<ApiOnEmbeddedRealm>;

public sealed class CallingWithNodeOnKeycloakTests(ApiOnKeycloak api, NodeClients node)
    : CallingWithNodeTests(api, node), IClassFixture<ApiOnKeycloak>;
