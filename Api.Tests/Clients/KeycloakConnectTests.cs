using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using Api.Tests.Realm;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Clients;

/// <summary>
/// npm's keycloak-connect, Keycloak's own adapter for Node.js, in an Express application. It knows no PKCE, so that the
/// application which signs people in is a client of its own, as one that has been registered long ago.
/// </summary>
public abstract class KeycloakConnectTests(RealmUnderTest realm, NodeClients node) : RealmTests(realm)
{
    private const string ClientId = "acme-legacy";

    [Fact]
    public async Task A_token_opens_what_its_roles_allow()
    {
        await using var script = await node.StartAsync("keycloak-connect.mjs");
        var app = await AcceptTokensAsync(script);
        var reader = (await Realm.GetServiceTokenAsync("acme-reader"))["access_token"];

        var me = await CallAsync($"{app}/me", reader);
        var readers = await CallAsync($"{app}/readers", reader);
        var editors = await CallAsync($"{app}/editors", reader);
        var staff = await CallAsync($"{app}/staff", (await Realm.SignInAsync("acme-spa", "ada")).AccessToken);

        Assert.Equal(OK, me.Status);
        Assert.Equal("service-account-acme-reader", me["name"]);
        Assert.Equal(OK, readers.Status);
        Assert.Equal(Forbidden, editors.Status);
        Assert.Equal("ada", staff["name"]);
    }

    [Fact]
    public async Task What_is_no_access_token_of_the_realm_opens_nothing()
    {
        await using var script = await node.StartAsync("keycloak-connect.mjs");
        var app = await AcceptTokensAsync(script);
        var signedIn = await Realm.SignInAsync("acme-spa", "ada");

        Assert.Equal(OK, (await CallAsync($"{app}/me", signedIn.AccessToken)).Status);
        foreach (var token in (string?[])[
            null, Jwt.Tamper(signedIn.AccessToken), Jwt.Unsign(signedIn.AccessToken), signedIn.IdToken, signedIn.RefreshToken])
        {
            Assert.Equal(Forbidden, (await CallAsync($"{app}/me", token)).Status);
        }
    }

    [Fact]
    public async Task A_revoked_token_is_seen_by_asking_the_realm()
    {
        await using var script = await node.StartAsync("keycloak-connect.mjs");
        var app = await AcceptTokensAsync(script);
        var signedIn = await Realm.SignInAsync("acme-spa", "ada");

        var before = await CallAsync($"{app}/live", signedIn.AccessToken);
        await Realm.PostAsync(Realm.RevocationEndpoint, "acme-spa", ("token", signedIn.AccessToken));
        var after = await CallAsync($"{app}/live", signedIn.AccessToken);

        Assert.Equal(["{\"live\":true}", "{\"live\":false}"], [before.Text, after.Text]);
    }

    [Fact]
    public async Task A_person_signs_in_to_the_page_asked_for_and_out_again()
    {
        await using var script = await node.StartAsync("keycloak-connect.mjs");
        await using var app = await SignPeopleInAsync(script);
        using var browser = app.NewBrowser();

        var login = await browser.GetAsync($"{app.Url}/staff");
        var staff = await browser.SubmitLoginAsync(login, "grace", "grace");
        var editors = await browser.GetAsync($"{app.Url}/editors");
        var home = await browser.GetAsync($"{app.Url}/logout");
        var again = await browser.GetAsync($"{app.Url}/staff");

        Assert.StartsWith($"{app.Url}/staff", staff.Url.AbsoluteUri, StringComparison.Ordinal);
        Assert.Equal("grace", staff["name"]);
        Assert.Equal("grace", editors["name"]);
        Assert.Equal($"{app.Url}/", home.Url.AbsoluteUri);
        Assert.NotNull(again.Page.QuerySelector("form#kc-form-login"));
    }

    [Fact]
    public async Task Who_lacks_the_role_is_refused_after_the_sign_in()
    {
        await using var script = await node.StartAsync("keycloak-connect.mjs");
        await using var app = await SignPeopleInAsync(script);
        using var browser = app.NewBrowser();

        var answer = await browser.SubmitLoginAsync(await browser.GetAsync($"{app.Url}/staff"), "nora", "nora");

        Assert.StartsWith(app.Url, answer.Url.AbsoluteUri, StringComparison.Ordinal);
        Assert.Equal(Forbidden, answer.Status);
        Assert.Equal("nora", (await browser.GetAsync($"{app.Url}/readers"))["name"]);
    }

    [Fact]
    public async Task Whether_somebody_is_signed_in_is_found_out_without_a_page()
    {
        await using var script = await node.StartAsync("keycloak-connect.mjs");
        await using var app = await SignPeopleInAsync(script);
        using var stranger = app.NewBrowser();
        using var known = app.NewBrowser();
        await app.Realm.SignInAsync("acme-spa", "nora", browser: known);

        var no = await stranger.GetAsync($"{app.Url}/maybe");
        var yes = await known.GetAsync($"{app.Url}/maybe");

        Assert.Equal(["{\"signedIn\":false}", "{\"signedIn\":true}"], [no.Text, yes.Text]);
    }

    [Fact]
    public async Task A_token_that_has_ended_is_refreshed_behind_the_session()
    {
        await using var script = await node.StartAsync("keycloak-connect.mjs");
        await using var app = await SignPeopleInAsync(script, tokenSeconds: 8);
        using var browser = app.NewBrowser();
        var first = await browser.SubmitLoginAsync(await browser.GetAsync($"{app.Url}/me"), "nora", "nora");

        await Task.Delay(TimeSpan.FromSeconds(9), TestContext.Current.CancellationToken);
        var second = await browser.GetAsync($"{app.Url}/me");

        Assert.Equal("nora", second["name"]);
        Assert.NotEqual(first["token"], second["token"]);
    }

    private async Task<string> AcceptTokensAsync(NodeScript script)
    {
        var url = (await script.CallAsync("listen")).GetString()!;
        await script.CallAsync("acceptTokens", new { config = Config(Realm, "acme-api") });
        return url;
    }

    private async Task<Application> SignPeopleInAsync(NodeScript script, int? tokenSeconds = null)
    {
        var url = (await script.CallAsync("listen")).GetString()!;
        var client = new JsonObject
        {
            ["clientId"] = ClientId,
            ["secret"] = RealmUnderTest.SecretOf(ClientId),
            ["publicClient"] = false,
            ["redirectUris"] = new JsonArray($"{url}/*"),
            ["defaultClientScopes"] = new JsonArray("acr", "basic", "profile", "email", "roles", "acme-api"),
            ["attributes"] = new JsonObject { ["post.logout.redirect.uris"] = "+" },
        };
        if (tokenSeconds is { } seconds)
        {
            client["attributes"]!["access.token.lifespan"] = $"{seconds}";
        }

        var lent = await Realm.AddClientAsync(client);
        await script.CallAsync("signPeopleIn", new { config = Config(lent.Realm, ClientId) });
        return new(url, lent);
    }

    private static Dictionary<string, object> Config(RealmUnderTest realm, string clientId) => new(StringComparer.Ordinal)
    {
        ["realm"] = RealmUnderTest.RealmName,
        ["auth-server-url"] = realm.Url.GetLeftPart(UriPartial.Authority),
        ["resource"] = clientId,
        ["credentials"] = new { secret = RealmUnderTest.SecretOf(clientId) },
    };

    private Task<RealmAnswer> CallAsync(string url, string? token) =>
        Realm.GetAsync(url, token is null ? [] : [("Authorization", $"Bearer {token}")]);

    /// <summary>The Express application and the realm that knows it.</summary>
    private sealed class Application(string url, RealmWithClient lent) : IAsyncDisposable
    {
        private readonly SocketsHttpHandler _handler = new() { AllowAutoRedirect = false, UseCookies = false, UseProxy = false };

        public string Url => url;

        public RealmUnderTest Realm => lent.Realm;

        public RealmBrowser NewBrowser() => new(lent.Realm.Url, new(url), _handler);

        public ValueTask DisposeAsync()
        {
            _handler.Dispose();
            return lent.DisposeAsync();
        }
    }
}

public sealed class EmbeddedKeycloakConnectTests(EmbeddedRealmUnderTest realm, NodeClients node) : KeycloakConnectTests(realm, node);

public sealed class KeycloakKeycloakConnectTests(KeycloakUnderTest realm, NodeClients node) : KeycloakConnectTests(realm, node);
