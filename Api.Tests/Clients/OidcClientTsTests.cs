using Api.Tests.Infrastructure;
using Api.Tests.Realm;
using Microsoft.Playwright;

namespace Api.Tests.Clients;

/// <summary>oidc-client-ts, the client of many browser applications, in a real Chromium.</summary>
public abstract class OidcClientTsTests(RealmUnderTest realm, NodeClients node, Chromium chromium) : RealmTests(realm)
{
    [Fact]
    public async Task A_person_signs_in_and_the_token_is_refreshed()
    {
        await using var served = await ServeAsync(loadUserInfo: true);
        var page = await SignInAsync(served, "grace");

        Assert.Equal("grace", await page.EvaluateAsync<string>("outcome.value.profile.preferred_username"));
        Assert.Equal("grace@acme.test", await page.EvaluateAsync<string>("outcome.value.profile.email"));

        var first = await page.EvaluateAsync<string>("outcome.value.access_token");
        var second = await page.EvaluateAsync<string>("manager.signinSilent().then(user => user.access_token)");
        Assert.NotEqual(first, second);
        Assert.Equal(served.Url, page.Url);
    }

    [Fact]
    public async Task A_second_page_signs_in_through_a_hidden_frame()
    {
        await using var served = await ServeAsync();
        var page = await SignInAsync(served, "nora");

        var other = await served.OpenAsync(beside: page);

        Assert.Null(await other.EvaluateAsync<object?>("outcome.value"));
        Assert.NotEmpty(await other.EvaluateAsync<string>("manager.querySessionStatus().then(status => status.sub)"));
        Assert.Equal("nora", await other.EvaluateAsync<string>("manager.signinSilent().then(user => user.profile.preferred_username)"));
    }

    [Fact]
    public async Task Without_a_session_the_hidden_frame_says_so()
    {
        await using var served = await ServeAsync();
        var page = await served.OpenAsync();

        Assert.Equal("login_required", await page.EvaluateAsync<string>("manager.signinSilent().catch(failure => failure.error)"));
    }

    [Fact]
    public async Task Whoever_signs_out_comes_back_and_is_signed_out()
    {
        await using var served = await ServeAsync();
        var page = await SignInAsync(served, "nora");

        await ServedPage.LeaveAsync(page, "manager.signoutRedirect()");

        Assert.Null(await page.EvaluateAsync<object?>("outcome.value"));
        Assert.Equal("login_required", await page.EvaluateAsync<string>("manager.signinSilent().catch(failure => failure.error)"));
    }

    [Fact]
    public async Task Revoked_tokens_refresh_nothing()
    {
        await using var served = await ServeAsync();
        var page = await SignInAsync(served, "nora");

        await page.EvaluateAsync("window.before = outcome.value");
        await page.EvaluateAsync("manager.revokeTokens(['refresh_token'])");

        var answer = await Realm.RefreshAsync("acme-spa", await page.EvaluateAsync<string>("before.refresh_token"));
        Assert.Equal("invalid_grant", answer["error"]);
    }

    [Fact]
    public async Task The_end_of_the_session_elsewhere_is_noticed()
    {
        await using var served = await ServeAsync(monitorSession: true);
        var page = await SignInAsync(served, "nora");
        var other = await served.OpenAsync(beside: page);
        await other.EvaluateAsync("manager.signinSilent()");

        await ServedPage.LeaveAsync(page, "manager.signoutRedirect()");

        await other.WaitForFunctionAsync("events.includes('signed out')");
    }

    private static async Task<IPage> SignInAsync(ServedPage served, string person)
    {
        var page = await served.OpenAsync();
        await ServedPage.LeaveAsync(page, "manager.signinRedirect()");
        await ServedPage.SignInAsync(page, person);
        return page;
    }

    private Task<ServedPage> ServeAsync(bool loadUserInfo = false, bool monitorSession = false) => ServedPage.StartAsync(
        Realm,
        node,
        chromium,
        "oidc-client-ts.html",
        new
        {
            settings = new
            {
                authority = Realm.Issuer,
                client_id = "acme-spa",
                scope = "openid",
                loadUserInfo,
                monitorSession,
                checkSessionIntervalInSeconds = 1,
                automaticSilentRenew = false,
            },
        });
}

public sealed class EmbeddedOidcClientTsTests(
    EmbeddedRealmUnderTest realm, NodeClients node, Chromium chromium)
    : OidcClientTsTests(realm, node, chromium), IClassFixture<EmbeddedRealmUnderTest>;

[Collection(KeycloakCollection.Name)]
public sealed class KeycloakOidcClientTsTests(
    KeycloakUnderTest realm, NodeClients node, Chromium chromium) : OidcClientTsTests(realm, node, chromium);
