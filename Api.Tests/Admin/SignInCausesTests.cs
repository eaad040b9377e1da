using System.Net;
using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using KeycloakAccess.Data;

namespace Api.Tests.Admin;

/// <summary>What a realm's settings take from a sign-in is named to whoever signs in, with the switch in Keycloak's console.</summary>
public sealed class SignInCausesTests : HttpTests
{
    [Theory]
    [InlineData(true, "Client scopes → roles → Mappers → realm roles → Add to ID token: on")]
    [InlineData(true, "Client scopes → roles → Mappers → client roles → Add to ID token: on")]
    [InlineData(false, "Add client scope → roles (Default)")]
    public async Task Roles_that_the_ID_token_lacks(bool inAccessToken, string says)
    {
        await using var site = await SiteAsync(client =>
        {
            client["protocolMappers"] = new JsonArray();
            client["defaultClientScopes"] = new JsonArray(inAccessToken ? ["basic", "profile", "roles"] : ["basic", "profile"]);
        });
        var browser = site.Api.NewBrowser();
        await browser.SignInAsync($"{site.Api.Realm.ApiUrl}/account", "ada", "ada");

        var account = await browser.GetAsync($"{site.Api.Realm.ApiUrl}/account");
        var refused = await browser.GetAsync($"{site.Api.Realm.ApiUrl}/admin");

        Assert.Contains(says, account.Page.Body!.TextContent, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, refused.Status);
        Assert.Contains(says, refused.Page.Body!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Roles_of_which_the_ID_token_has_those_that_count_are_nothing_to_speak_of()
    {
        await using var site = await SiteAsync(client => client["protocolMappers"]!.AsArray().RemoveAt(1));
        var browser = site.Api.NewBrowser();
        await browser.SignInAsync($"{site.Api.Realm.ApiUrl}/account", "ada", "ada");

        var account = await browser.GetAsync($"{site.Api.Realm.ApiUrl}/account");

        Assert.DoesNotContain("Add to ID token", account.Page.Body!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_ID_token_whose_signature_cannot_be_verified()
    {
        await using var site = await SiteAsync(client => client["attributes"]!["id.token.signed.response.alg"] = "EdDSA");

        await AssertFailsAsync(site, "ID token signature algorithm: RS256 or ES256");
        Assert.Contains("signed with EdDSA", site.Api.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(5, "Keycloak's is 5 minutes ahead")]
    [InlineData(-20, "minutes behind, or more")]
    public async Task Clocks_that_are_apart(int minutes, string says)
    {
        await using var site = await SiteAsync(_ => { });
        await site.PassAsync(TimeSpan.FromMinutes(minutes));

        await AssertFailsAsync(site, says);
    }

    private static async Task AssertFailsAsync(Site site, string says)
    {
        using var browser = site.Api.NewBrowser();
        var end = await browser.SignInAsync($"{site.Api.Realm.ApiUrl}/account", "ada", "ada");
        Assert.Equal("/signin-failed", end.AbsolutePath);
        Assert.Contains(says, (await browser.GetAsync(end.AbsoluteUri)).Page.Body!.TextContent, StringComparison.Ordinal);
    }

    private static async Task<Site> SiteAsync(Action<JsonNode> change)
    {
        var realm = await EmbeddedRealmUnderTest.WithChangesAsync(content =>
            change(content["clients"]!.AsArray().Single(client => client!["clientId"]!.GetValue<string>() == "acme-admin")!));
        var site = new Site(realm);
        await site.Api.StartAsync();
        return site;
    }

    private sealed class Site(RealmWithClient realm) : IAsyncDisposable
    {
        public ApiUnderTest Api { get; } = new ApiOnRealm(realm.Realm);

        public Task PassAsync(TimeSpan time) => realm.PassAsync(time);

        public async ValueTask DisposeAsync()
        {
            await Api.DisposeAsync();
            await realm.DisposeAsync();
        }
    }

    private sealed class ApiOnRealm(RealmUnderTest realm) : ApiUnderTest(realm, DatabaseEngine.Sqlite);
}
