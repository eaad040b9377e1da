using System.Text.Json;
using Api.Tests.Infrastructure;
using Api.Tests.Realm;

namespace Api.Tests.Clients;

/// <summary>
/// What a certified OpenID Connect client does with the realm: each script of Clients/node that is a relying party answers
/// the same calls by another client.
/// </summary>
public abstract class NodeRelyingPartyTests(RealmUnderTest realm, NodeClients node, string script) : RealmTests(realm)
{
    [Fact]
    public async Task It_accepts_the_realms_metadata()
    {
        await using var client = await node.StartAsync(script);

        var metadata = await DiscoverAsync(client, "acme-spa");

        Assert.Equal(Realm.Issuer, metadata.GetProperty("issuer").GetString());
        Assert.Equal(Realm.TokenEndpoint, metadata.GetProperty("token_endpoint").GetString());
    }

    [Fact]
    public async Task A_service_gets_a_token_of_the_scope_that_it_asks_for()
    {
        await using var client = await NewClientAsync("acme-reader");

        var tokens = await client.CallAsync("clientCredentials", new { scope = "books:read" });

        AssertWords("books:read email profile", Text(tokens, "scope"));
        // Both clients write the type in small letters.
        Assert.Equal("bearer", Text(tokens, "token_type"));
        Assert.Equal("acme-reader", Jwt.Decode(Text(tokens, "access_token"))["azp"]);
    }

    [Fact]
    public async Task A_wrong_secret_is_told_as_such()
    {
        await using var client = await node.StartAsync(script);
        await DiscoverAsync(client, "acme-reader", "wrong");

        var failure = await client.FailAsync("clientCredentials");

        Assert.Equal("unauthorized_client: Invalid client or Invalid client credentials", $"{failure.Error}: {failure.Description}");
    }

    [Theory]
    [InlineData("acme-admin", false, false)]
    [InlineData("acme-admin", true, false)]
    [InlineData("acme-admin", false, true)]
    [InlineData("acme-spa", false, false)]
    [InlineData("acme-spa", true, false)]
    [InlineData("acme-spa", true, true)]
    public async Task A_person_signs_in(string clientId, bool pushed, bool jwt)
    {
        await using var client = await NewClientAsync(clientId);
        using var browser = Realm.NewBrowser();

        var url = await client.CallAsync("startSignIn", new { redirectUri = Realm.RedirectUriOf(clientId), pushed, jwt });
        Assert.Equal(pushed, url.GetString()!.Contains("request_uri=", StringComparison.Ordinal));
        var callback = await browser.SignInAsync(url.GetString()!, "grace", "grace");
        Assert.Equal(jwt, callback.Query.Contains("response=", StringComparison.Ordinal));
        var tokens = await client.CallAsync("finishSignIn", new { callback });

        var claims = tokens.GetProperty("claims");
        Assert.Equal("grace", Text(claims, "preferred_username"));
        Assert.Equal(clientId, Text(claims, "aud"));
        var user = await client.CallAsync("userInfo", new { accessToken = Text(tokens, "access_token"), subject = Text(claims, "sub") });
        Assert.Equal("grace@acme.test", Text(user, "email"));
    }

    [Fact]
    public async Task Whoever_is_not_signed_in_is_told_without_a_page()
    {
        await using var client = await NewClientAsync("acme-spa");
        using var browser = Realm.NewBrowser();
        var url = await client.CallAsync(
            "startSignIn", new { redirectUri = Realm.RedirectUriOf("acme-spa"), more = new { prompt = "none" } });
        var callback = (await browser.GetAsync(url.GetString()!)).Location;

        var failure = await client.FailAsync("finishSignIn", new { callback });

        Assert.Equal("login_required", failure.Error);
    }

    [Fact]
    public async Task A_refresh_token_is_good_for_one_refresh()
    {
        await using var client = await NewClientAsync("acme-spa");
        var first = await SignInAsync(client, "acme-spa");

        var second = await client.CallAsync("refresh", new { refreshToken = Text(first, "refresh_token") });

        Assert.Equal("nora", Text(second.GetProperty("claims"), "preferred_username"));
        var failure = await client.FailAsync("refresh", new { refreshToken = Text(first, "refresh_token") });
        Assert.Equal("invalid_grant: Maximum allowed refresh token reuse exceeded", $"{failure.Error}: {failure.Description}");
    }

    [Fact]
    public async Task The_resource_server_reads_a_token_until_it_is_revoked()
    {
        await using var client = await NewClientAsync("acme-admin");
        await using var api = await NewClientAsync("acme-api");
        var tokens = await SignInAsync(client, "acme-admin");
        var token = Text(tokens, "access_token");

        var before = await api.CallAsync("introspect", new { token });
        Assert.True(before.GetProperty("active").GetBoolean());
        Assert.Equal("nora", Text(before, "username"));

        await client.CallAsync("revoke", new { token });

        Assert.False((await api.CallAsync("introspect", new { token })).GetProperty("active").GetBoolean());
    }

    [Fact]
    public async Task A_revoked_refresh_token_refreshes_nothing()
    {
        await using var client = await NewClientAsync("acme-spa");
        var tokens = await SignInAsync(client, "acme-spa");

        await client.CallAsync("revoke", new { token = Text(tokens, "refresh_token") });

        var failure = await client.FailAsync("refresh", new { refreshToken = Text(tokens, "refresh_token") });
        Assert.Equal("invalid_grant", failure.Error);
    }

    [Fact]
    public async Task Whoever_signs_out_comes_back_and_has_no_session()
    {
        await using var client = await NewClientAsync("acme-spa");
        using var browser = Realm.NewBrowser();
        var tokens = await SignInAsync(client, "acme-spa", browser);

        var url = await client.CallAsync(
            "logoutUrl",
            new { idToken = Text(tokens, "id_token"), redirectUri = Realm.PostLogoutRedirectUriOf("acme-spa"), state = "see you" });
        var answer = await browser.GetAsync(url.GetString()!);

        Assert.Equal($"{Realm.PostLogoutRedirectUriOf("acme-spa")}?state=see+you", answer.Header("Location"));
        var failure = await client.FailAsync("refresh", new { refreshToken = Text(tokens, "refresh_token") });
        Assert.Equal("invalid_grant", failure.Error);
    }

    [Fact]
    public async Task A_persons_tokens_are_bound_to_a_key()
    {
        await using var client = await NewClientAsync("acme-spa");
        var thumbprint = Text(await client.CallAsync("useDPoP"), "thumbprint");

        var tokens = await SignInAsync(client, "acme-spa");

        Assert.Equal("dpop", Text(tokens, "token_type"));
        Assert.Equal(thumbprint, Jwt.Decode(Text(tokens, "access_token")).Payload.GetProperty("cnf").GetProperty("jkt").GetString());
        var again = await client.CallAsync("refresh", new { refreshToken = Text(tokens, "refresh_token") });
        Assert.Equal("dpop", Text(again, "token_type"));
        await client.CallAsync(
            "userInfo", new { accessToken = Text(again, "access_token"), subject = Text(tokens.GetProperty("claims"), "sub") });
    }

    private async Task<NodeScript> NewClientAsync(string clientId)
    {
        var client = await node.StartAsync(script);
        await DiscoverAsync(client, clientId);
        return client;
    }

    private async Task<JsonElement> SignInAsync(NodeScript client, string clientId, RealmBrowser? browser = null)
    {
        browser ??= Realm.NewBrowser();
        var url = await client.CallAsync("startSignIn", new { redirectUri = Realm.RedirectUriOf(clientId) });
        var callback = await browser.SignInAsync(url.GetString()!, "nora", "nora");
        return await client.CallAsync("finishSignIn", new { callback });
    }

    private static string Text(JsonElement json, string member) => json.GetProperty(member).GetString()!;

    private Task<JsonElement> DiscoverAsync(NodeScript client, string clientId, string? secret = null) => client.CallAsync(
        "discover",
        new { issuer = Realm.Issuer, clientId, secret = clientId is "acme-spa" ? null : secret ?? RealmUnderTest.SecretOf(clientId) });
}
