using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

public abstract class DiscoveryTests(RealmUnderTest realm) : RealmTests(realm)
{
    [Fact]
    public async Task The_document_is_Keycloaks_to_the_last_member()
    {
        var discovery = await Realm.GetAsync(Realm.DiscoveryEndpoint);

        Assert.Equal(OK, discovery.Status);
        Assert.Equal("application/json", discovery.Header("Content-Type"));
        Assert.Equal("no-cache, must-revalidate, no-transform, no-store", discovery.Header("Cache-Control"));
        var text = await File.ReadAllTextAsync(
            Path.Combine(AppContext.BaseDirectory, "Realm", "discovery.json"),
            TestContext.Current.CancellationToken);
        var expected = text.Replace("{base}", Realm.Url.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal);
        Assert.Equal(Normalize(expected), Normalize(discovery.Text));
    }

    [Theory]
    [InlineData("/realms/acme/.well-known/oauth-authorization-server")]
    [InlineData("/.well-known/oauth-authorization-server/realms/acme")]
    [InlineData("/realms/acme/.well-known/openid-configuration/")]
    public async Task The_same_document_is_at(string path)
    {
        var document = await Realm.GetAsync(new Uri(Realm.Url, path).AbsoluteUri);

        Assert.Equal(OK, document.Status);
        var discovery = await Realm.GetAsync(Realm.DiscoveryEndpoint);
        Assert.Equal(Normalize(discovery.Text), Normalize(document.Text));
    }

    [Fact]
    public async Task A_browser_that_wants_a_page_gets_no_document() =>
        Assert.Equal(NotAcceptable, (await Realm.GetAsync(Realm.DiscoveryEndpoint, ("Accept", "text/html"))).Status);

    [Fact]
    public async Task HEAD_is_answered()
    {
        var head = await Realm.SendAsync(new(HttpMethod.Head, Realm.DiscoveryEndpoint));

        Assert.Equal(OK, head.Status);
        Assert.Empty(head.Text);
    }

    [Fact]
    public async Task The_realm_describes_itself()
    {
        var description = await Realm.GetAsync(Realm.Issuer);

        Assert.Equal(OK, description.Status);
        Assert.Equal("no-cache", description.Header("Cache-Control"));
        AssertMembers("realm public_key token-service account-service tokens-not-before", description.Json);
        Assert.Equal("acme", description["realm"]);
        Assert.Equal($"{Realm.Issuer}/protocol/openid-connect", description["token-service"]);
        Assert.Equal($"{Realm.Issuer}/account", description["account-service"]);
        Assert.Equal(0, description.Json.GetProperty("tokens-not-before").GetInt32());
    }

    [Theory]
    [InlineData("/realms/nowhere/.well-known/openid-configuration", "Realm does not exist")]
    [InlineData("/realms/ACME/.well-known/openid-configuration", "Realm does not exist")]
    [InlineData("/realms/nowhere/protocol/openid-connect/certs", "Realm does not exist")]
    [InlineData("/realms/acme/nothing", "HTTP 404 Not Found")]
    [InlineData("/realms/acme/protocol/openid-connect/nothing", "HTTP 404 Not Found")]
    public async Task What_is_not_there_is_not_found(string path, string error) =>
        AssertError(await Realm.GetAsync(new Uri(Realm.Url, path).AbsoluteUri), NotFound, error, description: null);

    [Fact]
    public async Task Discovery_cannot_be_posted_to() =>
        AssertError(
            await Realm.PostAsync(Realm.DiscoveryEndpoint, clientId: null),
            NotFound,
            "HTTP 404 Not Found",
            description: null);

    [Theory]
    [InlineData("GET", "token")]
    [InlineData("PUT", "token")]
    [InlineData("GET", "token/introspect")]
    [InlineData("GET", "revoke")]
    [InlineData("GET", "ext/par/request")]
    [InlineData("POST", "certs")]
    [InlineData("PUT", "userinfo")]
    [InlineData("PUT", "logout")]
    [InlineData("DELETE", "auth")]
    public async Task A_wrong_method_is_not_allowed(string method, string endpoint)
    {
        var answer = await Realm.SendAsync(new(new HttpMethod(method), $"{Realm.Issuer}/protocol/openid-connect/{endpoint}"));

        AssertError(answer, MethodNotAllowed, "HTTP 405 Method Not Allowed", description: null);
        Assert.Null(answer.Header("Allow"));
    }

    [Theory]
    [InlineData("/realms/acme/.well-known/openid-configuration", "SAMEORIGIN")]
    [InlineData("/realms/acme/protocol/openid-connect/certs", "SAMEORIGIN")]
    [InlineData("/realms/acme/protocol/openid-connect/userinfo", null)]
    [InlineData("/realms/nowhere", "SAMEORIGIN")]
    public async Task Every_answer_carries_the_security_headers(string path, string? frameOptions)
    {
        var answer = await Realm.GetAsync(new Uri(Realm.Url, path).AbsoluteUri);

        Assert.Equal("no-referrer", answer.Header("Referrer-Policy"));
        Assert.Equal("max-age=31536000; includeSubDomains", answer.Header("Strict-Transport-Security"));
        Assert.Equal("nosniff", answer.Header("X-Content-Type-Options"));
        Assert.Equal(frameOptions, answer.Header("X-Frame-Options"));
        Assert.Equal("none", answer.Header("X-Robots-Tag"));
    }

    /// <summary>One member a line, in order of their names; arrays sorted, because Keycloak's sets have no order.</summary>
    private static string Normalize(string json) => string.Join('\n', JsonNode.Parse(json)!.AsObject()
        .OrderBy(member => member.Key, StringComparer.Ordinal)
        .Select(member => member.Key + ": " + (member.Value is JsonArray array
            ? string.Join(' ', array.Select(item => item!.ToString()).Order(StringComparer.Ordinal))
            : member.Value!.ToJsonString())));
}

public sealed class EmbeddedDiscoveryTests(EmbeddedRealmUnderTest realm) : DiscoveryTests(realm);

public sealed class KeycloakDiscoveryTests(KeycloakUnderTest realm) : DiscoveryTests(realm);
