using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>Cross-origin requests: the web origins of acme-spa, and the lack of any at the other clients.</summary>
public abstract class CorsTests(RealmUnderTest realm) : RealmTests(realm)
{
    private const string Own = "http://localhost:5173";
    private const string Foreign = "https://elsewhere.test";

    [Theory]
    [InlineData("protocol/openid-connect/token", "POST OPTIONS")]
    [InlineData("protocol/openid-connect/revoke", "POST OPTIONS")]
    [InlineData("protocol/openid-connect/userinfo", "GET HEAD OPTIONS")]
    [InlineData("protocol/openid-connect/logout", "GET HEAD OPTIONS")]
    [InlineData("protocol/openid-connect/certs", "GET")]
    [InlineData(".well-known/openid-configuration", "GET")]
    public async Task A_preflight_lets_any_origin_ask(string path, string methods)
    {
        var request = new HttpRequestMessage(HttpMethod.Options, $"{Realm.Issuer}/{path}");
        request.Headers.Add("Origin", Foreign);
        request.Headers.Add("Access-Control-Request-Method", "POST");

        var answer = await Realm.SendAsync(request);

        Assert.Equal(OK, answer.Status);
        Assert.Empty(answer.Text);
        Assert.Equal(Foreign, answer.Header("Access-Control-Allow-Origin"));
        AssertWords(methods, answer.Header("Access-Control-Allow-Methods"));
        Assert.Equal("true", answer.Header("Access-Control-Allow-Credentials"));
        Assert.Equal("3600", answer.Header("Access-Control-Max-Age"));
        AssertWords(
            "Origin Access-Control-Request-Method X-Requested-With Accept Access-Control-Request-Headers DPoP Content-Type Authorization",
            answer.Header("Access-Control-Allow-Headers"));
    }

    [Theory]
    [InlineData("token/introspect")]
    [InlineData("ext/par/request")]
    public async Task A_preflight_of_what_is_for_servers_allows_nothing(string endpoint)
    {
        var request = new HttpRequestMessage(HttpMethod.Options, $"{Realm.Issuer}/protocol/openid-connect/{endpoint}");
        request.Headers.Add("Origin", Own);
        request.Headers.Add("Access-Control-Request-Method", "POST");

        var answer = await Realm.SendAsync(request);

        Assert.Equal(OK, answer.Status);
        AssertNoCors(answer);
    }

    [Fact]
    public async Task The_clients_own_origins_may_read_its_tokens()
    {
        var signedIn = await Realm.SignInAsync("acme-spa", "nora");

        var refreshed = await SendAsync(
            Realm.TokenEndpoint,
            "acme-spa",
            Realm.ApiUrl,
            ("grant_type", "refresh_token"),
            ("refresh_token", signedIn.RefreshToken));

        Assert.Equal(OK, refreshed.Status);
        AssertCors(refreshed, Realm.ApiUrl);
    }

    [Fact]
    public async Task The_clients_own_origins_may_read_its_errors()
    {
        var answer = await SendAsync(
            Realm.TokenEndpoint, "acme-spa", Own, ("grant_type", "refresh_token"), ("refresh_token", "garbage"));

        AssertError(answer, BadRequest, "invalid_grant", "Invalid refresh token");
        AssertCors(answer, Own);
    }

    [Fact]
    public async Task Another_origin_is_refused_at_the_token_endpoint() =>
        await AssertRefusedAsync(
            Realm.TokenEndpoint, "acme-spa", Foreign, ("grant_type", "refresh_token"), ("refresh_token", "garbage"));

    [Theory]
    [InlineData("http://localhost:5173/")]
    [InlineData("https://localhost:5173")]
    [InlineData("http://LOCALHOST:5173")]
    [InlineData("http://localhost:5174")]
    public async Task An_origin_must_match_to_the_letter(string origin) =>
        await AssertRefusedAsync(
            Realm.TokenEndpoint, "acme-spa", origin, ("grant_type", "refresh_token"), ("refresh_token", "garbage"));

    [Theory]
    [InlineData("acme-reader")]
    [InlineData("acme-admin")]
    public async Task A_client_without_web_origins_refuses_every_origin(string clientId) =>
        await AssertRefusedAsync(Realm.TokenEndpoint, clientId, Own, ("grant_type", "client_credentials"));

    [Fact]
    public async Task The_realms_own_origin_needs_no_permission()
    {
        var answer = await SendAsync(
            Realm.TokenEndpoint,
            "acme-reader",
            Realm.Url.GetLeftPart(UriPartial.Authority),
            ("grant_type", "client_credentials"));

        Assert.Equal(OK, answer.Status);
        AssertNoCors(answer);
    }

    [Fact]
    public async Task An_unknown_client_is_told_so_at_any_origin()
    {
        var answer = await SendAsync(Realm.TokenEndpoint, "acme-stranger", Foreign, ("grant_type", "client_credentials"));

        AssertError(answer, Unauthorized, "invalid_client", "Invalid client or Invalid client credentials");
        AssertCors(answer, Foreign);
    }

    [Fact]
    public async Task Userinfo_is_for_the_origins_of_the_tokens_client()
    {
        var signedIn = await Realm.SignInAsync("acme-spa", "nora");
        var authorization = ("Authorization", $"Bearer {signedIn.AccessToken}");

        var own = await Realm.GetAsync(Realm.UserInfoEndpoint, authorization, ("Origin", Own));
        var foreign = await Realm.GetAsync(Realm.UserInfoEndpoint, authorization, ("Origin", Foreign));

        Assert.Equal(OK, own.Status);
        AssertCors(own, Own);
        AssertError(foreign, Forbidden, "Invalid origin", description: null);
        AssertNoCors(foreign);
    }

    [Fact]
    public async Task Userinfo_without_token_may_be_read_anywhere()
    {
        var answer = await Realm.GetAsync(Realm.UserInfoEndpoint, ("Origin", Foreign));

        Assert.Equal(Unauthorized, answer.Status);
        Assert.Equal(Foreign, answer.Header("Access-Control-Allow-Origin"));
        AssertWords(
            "Access-Control-Allow-Methods WWW-Authenticate", answer.Header("Access-Control-Expose-Headers"));
    }

    [Fact]
    public async Task Revocation_and_logout_refuse_another_origin()
    {
        var signedIn = await Realm.SignInAsync("acme-spa", "nora");

        await AssertRefusedAsync(Realm.RevocationEndpoint, "acme-spa", Foreign, ("token", signedIn.RefreshToken));
        await AssertRefusedAsync(Realm.EndSessionEndpoint, "acme-spa", Foreign, ("refresh_token", signedIn.RefreshToken));
        var own = await SendAsync(
            Realm.EndSessionEndpoint, "acme-spa", Own, ("refresh_token", signedIn.RefreshToken));
        Assert.Equal(NoContent, own.Status);
        AssertCors(own, Own);
    }

    [Theory]
    [InlineData("protocol/openid-connect/certs")]
    [InlineData(".well-known/openid-configuration")]
    public async Task What_is_public_may_be_read_anywhere(string path)
    {
        var answer = await Realm.GetAsync($"{Realm.Issuer}/{path}", ("Origin", Foreign));

        Assert.Equal(OK, answer.Status);
        Assert.Equal(Foreign, answer.Header("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Introspection_takes_no_notice_of_an_origin()
    {
        var answer = await SendAsync(Realm.IntrospectionEndpoint, "acme-api", Foreign, ("token", "garbage"));

        Assert.Equal(OK, answer.Status);
        AssertNoCors(answer);
    }

    [Fact]
    public async Task Without_origin_nothing_is_said_about_origins() =>
        AssertNoCors(await Realm.GetServiceTokenAsync("acme-reader"));

    private Task<RealmAnswer> SendAsync(
        string url,
        string clientId,
        string origin,
        params (string Name, string Value)[] form)
    {
        var request = RealmUnderTest.FormRequest(url, clientId, form);
        request.Headers.Add("Origin", origin);
        return Realm.SendAsync(request);
    }

    private async Task AssertRefusedAsync(
        string url,
        string clientId,
        string origin,
        params (string Name, string Value)[] form)
    {
        var answer = await SendAsync(url, clientId, origin, form);

        AssertError(answer, Forbidden, "Invalid origin", description: null);
        AssertNoCors(answer);
    }

    private static void AssertCors(RealmAnswer answer, string origin)
    {
        Assert.Equal(origin, answer.Header("Access-Control-Allow-Origin"));
        Assert.Equal("true", answer.Header("Access-Control-Allow-Credentials"));
        Assert.Equal("Access-Control-Allow-Methods", answer.Header("Access-Control-Expose-Headers"));
    }

    private static void AssertNoCors(RealmAnswer answer) =>
        Assert.DoesNotContain(
            answer.Headers.Keys, name => name.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
}

public sealed class EmbeddedCorsTests(EmbeddedRealmUnderTest realm) : CorsTests(realm);

public sealed class KeycloakCorsTests(KeycloakUnderTest realm) : CorsTests(realm);
