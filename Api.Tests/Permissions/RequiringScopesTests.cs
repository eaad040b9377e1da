using System.Net;
using Api.Tests.Infrastructure;

namespace Api.Tests.Permissions;

/// <summary>The settings that require scopes, for every model or for some: of tokens, never of sessions.</summary>
public abstract class RequiringScopesTests(ApiUnderTest api) : ApiTests(api)
{
    [Fact]
    public async Task Where_scopes_are_required_a_token_without_any_is_refused_with_the_one_that_would_do()
    {
        await using var strict = Api.Variant(("Permissions:RequireScopes", "true"));
        var without = strict.NewClient(await Api.TokenOfAsync("acme-writer"));

        var refused = await without.GetAsync("/api/books", Cancel);
        var problem = await AssertProblemAsync(refused, 403, "insufficient_scope");
        Assert.Equal("books:read", problem.GetProperty("missingScope").GetString());
        Assert.Equal("Bearer realm=\"acme\", error=\"insufficient_scope\", scope=\"books:read\"", BearerChallenge(refused));
        var me = await JsonAsync(await without.GetAsync("/api/me", Cancel));
        Assert.Equal("[]", me.GetProperty("permissions").GetRawText());

        var reading = strict.NewClient(await Api.TokenOfAsync("acme-writer", "books:read"));
        Assert.Equal(HttpStatusCode.OK, (await reading.GetAsync("/api/books", Cancel)).StatusCode);
        await AssertProblemAsync(await reading.PostAsync("/api/books", JsonBody("{}"), Cancel), 403, "insufficient_scope");
        // Without the permission it is the permission that is missing.
        await AssertProblemAsync(await without.GetAsync("/api/accounts", Cancel), 403, "permission_missing");
    }

    [Fact]
    public async Task A_person_with_a_token_is_held_to_it_and_a_session_is_not()
    {
        await using var strict = Api.Variant(("Permissions:RequireScopes", "true"));
        var signedIn = await Api.Realm.SignInAsync("acme-spa", "ada");
        await AssertProblemAsync(await strict.NewClient(signedIn.AccessToken).GetAsync("/api/accounts", Cancel), 403, "insufficient_scope");

        var browser = Api.NewBrowser(strict);
        await browser.SignInAsync($"{Api.Realm.ApiUrl}/account", "ada", "ada");
        foreach (var page in new[] { "/admin", "/admin/accounts", "/admin/groups", "/admin/role-mappings" })
        {
            Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(Api.Realm.ApiUrl + page)).Status);
        }
    }

    [Fact]
    public async Task It_may_be_required_for_some_models_alone()
    {
        await using var some = Api.Variant(("Permissions:RequireScopesFor:0", "book"));
        var ada = some.NewClient((await Api.Realm.SignInAsync("acme-spa", "ada")).AccessToken);

        await AssertProblemAsync(await ada.GetAsync("/api/books", Cancel), 403, "insufficient_scope");
        Assert.Equal(HttpStatusCode.OK, (await ada.GetAsync("/api/accounts", Cancel)).StatusCode);
        Assert.Equal(
            HttpStatusCode.OK,
            (await some.NewClient(await Api.TokenOfAsync("acme-reader", "books:read")).GetAsync("/api/books", Cancel)).StatusCode);
    }

    [Fact]
    public async Task Where_they_are_not_required_a_token_without_any_is_not_narrowed()
    {
        Assert.Equal(HttpStatusCode.OK, (await (await Api.ServiceAsync("acme-reader")).GetAsync("/api/books", Cancel)).StatusCode);

        await using var said = Api.Variant(("Permissions:RequireScopes", "false"));
        Assert.Equal(
            HttpStatusCode.OK, (await said.NewClient(await Api.TokenOfAsync("acme-reader")).GetAsync("/api/books", Cancel)).StatusCode);
    }
}

public sealed class RequiringScopesOnEmbeddedRealmTests(
    ApiOnEmbeddedRealm api) : RequiringScopesTests(api);

public sealed class RequiringScopesOnKeycloakTests(ApiOnKeycloak api) : RequiringScopesTests(api);
