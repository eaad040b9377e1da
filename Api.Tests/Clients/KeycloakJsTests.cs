using System.Collections.Concurrent;
using Api.Tests.Infrastructure;
using Api.Tests.Realm;

namespace Api.Tests.Clients;

/// <summary>keycloak-js, Keycloak's own adapter for browser applications, in a real Chromium.</summary>
public abstract class KeycloakJsTests(RealmUnderTest realm, NodeClients node, Chromium chromium) : RealmTests(realm)
{
    [Fact]
    public async Task A_person_signs_in_and_the_token_is_refreshed()
    {
        await using var served = await ServeAsync(new { onLoad = "login-required", enableLogging = true });
        var page = await served.OpenAsync();
        await ServedPage.SignInAsync(page, "grace");

        Assert.True(await page.EvaluateAsync<bool>("outcome.value"));
        Assert.Equal("grace", await page.EvaluateAsync<string>("keycloak.tokenParsed.preferred_username"));
        Assert.Equal("grace@acme.test", await page.EvaluateAsync<string>("keycloak.idTokenParsed.email"));
        Assert.True(await page.EvaluateAsync<bool>(
            "keycloak.hasRealmRole('staff') && keycloak.hasResourceRole('book-editor', 'acme-api')"));
        Assert.Equal("Grace Hopper", await page.EvaluateAsync<string>("keycloak.loadUserInfo().then(user => user.name)"));
        Assert.Equal(
            "grace Grace Hopper",
            await page.EvaluateAsync<string>(
                "keycloak.loadUserProfile().then(user => `${user.username} ${user.firstName} ${user.lastName}`)"));

        var first = await page.EvaluateAsync<string>("keycloak.token");
        Assert.False(await page.EvaluateAsync<bool>("keycloak.updateToken(5)"));
        Assert.True(await page.EvaluateAsync<bool>("keycloak.updateToken(-1)"));
        Assert.NotEqual(first, await page.EvaluateAsync<string>("keycloak.token"));
        Assert.Equal(["refresh"], await page.EvaluateAsync<string[]>("events"));
        Assert.Equal(served.Url, page.Url);
    }

    [Fact]
    public async Task Whether_somebody_is_signed_in_is_found_out_in_a_hidden_frame()
    {
        await using var served = await ServeAsync(new { onLoad = "check-sso", silentCheckSsoFallback = false });
        var page = await served.OpenAsync();
        Assert.False(await page.EvaluateAsync<bool>("outcome.value"));
        await ServedPage.LeaveAsync(page, "keycloak.login()");
        await ServedPage.SignInAsync(page, "nora");
        Assert.True(await page.EvaluateAsync<bool>("outcome.value"));

        var other = await served.OpenAsync(beside: page);

        Assert.True(await other.EvaluateAsync<bool>("outcome.value"));
        Assert.Equal("nora", await other.EvaluateAsync<string>("keycloak.tokenParsed.preferred_username"));
        Assert.Equal("1", await other.EvaluateAsync<string>("sessionStorage.visits"));
    }

    [Fact]
    public async Task Whether_somebody_is_signed_in_is_found_out_by_going_to_the_realm()
    {
        await using var served = await ServeAsync(
            new { onLoad = "check-sso", checkLoginIframe = false, silentCheckSsoRedirectUri = (string?)null });
        var page = await served.OpenAsync();

        Assert.False(await page.EvaluateAsync<bool>("outcome.value"));
        Assert.Equal("2", await page.EvaluateAsync<string>("sessionStorage.visits"));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task Whoever_signs_out_comes_back_and_is_signed_out(string method)
    {
        await using var served = await ServeAsync(new { onLoad = "check-sso", logoutMethod = method });
        var page = await served.OpenAsync();
        await ServedPage.LeaveAsync(page, "keycloak.login()");
        await ServedPage.SignInAsync(page, "nora");
        Assert.True(await page.EvaluateAsync<bool>("outcome.value"));

        var requests = new ConcurrentQueue<string>();
        page.Request += (_, request) => requests.Enqueue($"{request.Method} {new Uri(request.Url).GetLeftPart(UriPartial.Path)}");
        await ServedPage.LeaveAsync(page, "keycloak.logout()");

        Assert.Contains($"{method} {Realm.EndSessionEndpoint}", requests, StringComparer.Ordinal);
        Assert.Equal(served.Url, page.Url);
        Assert.False(await page.EvaluateAsync<bool>("outcome.value"));
    }

    [Fact]
    public async Task The_end_of_the_session_elsewhere_is_noticed()
    {
        await using var served = await ServeAsync(new { onLoad = "check-sso", checkLoginIframeInterval = 1 });
        var page = await served.OpenAsync();
        await ServedPage.LeaveAsync(page, "keycloak.login()");
        await ServedPage.SignInAsync(page, "nora");
        Assert.True(await page.EvaluateAsync<bool>("outcome.value"));
        var other = await served.OpenAsync(beside: page);
        Assert.True(await other.EvaluateAsync<bool>("outcome.value"));

        await ServedPage.LeaveAsync(page, "keycloak.logout()");

        await other.WaitForFunctionAsync("events.includes('logout')");
        Assert.False(await other.EvaluateAsync<bool>("keycloak.authenticated"));
    }

    private Task<ServedPage> ServeAsync(object options) => ServedPage.StartAsync(
        Realm,
        node,
        chromium,
        "keycloak-js.html",
        new
        {
            adapter = new { url = Realm.Url.GetLeftPart(UriPartial.Authority), realm = RealmUnderTest.RealmName, clientId = "acme-spa" },
            options,
        });
}

public sealed class EmbeddedKeycloakJsTests(
    EmbeddedRealmUnderTest realm, NodeClients node, Chromium chromium)
    : KeycloakJsTests(realm, node, chromium), IClassFixture<EmbeddedRealmUnderTest>;

[Collection(KeycloakCollection.Name)]
public sealed class KeycloakKeycloakJsTests(
    KeycloakUnderTest realm, NodeClients node, Chromium chromium) : KeycloakJsTests(realm, node, chromium);
