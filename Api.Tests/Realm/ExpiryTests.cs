using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>What becomes of tokens after their end.</summary>
public abstract class ExpiryTests(RealmUnderTest realm) : RealmTests(realm)
{
    // Past the five seconds that a token lives, and past the rounding of its times.
    private static readonly TimeSpan PastItsLife = TimeSpan.FromSeconds(6.1);

    [Fact]
    public async Task An_expired_service_token_is_inactive()
    {
        await using var lives = await ShortLivedAsync();
        var token = (await lives.Realm.GetServiceTokenAsync(RealmUnderTest.ShortLived))["access_token"];

        Assert.True((await lives.Realm.IntrospectAsync(token)).Json.GetProperty("active").GetBoolean());
        await lives.PassAsync(PastItsLife);

        Assert.Equal("""{"active":false}""", (await lives.Realm.IntrospectAsync(token)).Text);
    }

    [Fact]
    public async Task After_the_end_of_a_persons_access_token_a_refresh_gives_the_next()
    {
        await using var lives = await ShortLivedAsync();
        var signedIn = await lives.Realm.SignInAsync(RealmUnderTest.ShortLived, "ada");

        await lives.PassAsync(PastItsLife);

        Assert.Equal("""{"active":false}""", (await lives.Realm.IntrospectAsync(signedIn.AccessToken)).Text);
        var userInfo = await lives.Realm.GetUserInfoAsync(signedIn.AccessToken);
        Assert.Equal(Unauthorized, userInfo.Status);
        Assert.Equal(
            """Bearer realm="acme", error="invalid_token", error_description="Token verification failed" """.TrimEnd(),
            userInfo.Header("WWW-Authenticate"));
        var refreshed = await lives.Realm.RefreshAsync(RealmUnderTest.ShortLived, signedIn.RefreshToken);
        Assert.Equal(OK, refreshed.Status);
        Assert.True((await lives.Realm.IntrospectAsync(refreshed["access_token"])).Json.GetProperty("active").GetBoolean());
    }

    [Fact]
    public async Task An_expired_ID_token_is_still_a_hint()
    {
        await using var lives = await ShortLivedAsync();
        var signedIn = await lives.Realm.SignInAsync(RealmUnderTest.ShortLived, "ada");

        await lives.PassAsync(PastItsLife);
        var answer = await signedIn.Browser.GetAsync(AuthorizationRequest.Append(
            lives.Realm.EndSessionEndpoint,
            ("id_token_hint", signedIn.IdToken),
            ("post_logout_redirect_uri", lives.Realm.PostLogoutRedirectUriOf(RealmUnderTest.ShortLived))));

        Assert.Equal(lives.Realm.PostLogoutRedirectUriOf(RealmUnderTest.ShortLived), answer.Header("Location"));
        AssertError(
            await lives.Realm.RefreshAsync(RealmUnderTest.ShortLived, signedIn.RefreshToken),
            BadRequest,
            "invalid_grant",
            "Session not active");
    }

    private Task<RealmWithClient> ShortLivedAsync() => Realm.AddClientAsync(new JsonObject
    {
        ["clientId"] = RealmUnderTest.ShortLived,
        ["secret"] = RealmUnderTest.SecretOf(RealmUnderTest.ShortLived),
        ["serviceAccountsEnabled"] = true,
        ["redirectUris"] = new JsonArray("*"),
        ["attributes"] = new JsonObject { ["access.token.lifespan"] = "5", ["post.logout.redirect.uris"] = "+" },
        // Whoever introspects a token is in its audience.
        ["protocolMappers"] = new JsonArray(new JsonObject
        {
            ["name"] = "audience",
            ["protocol"] = "openid-connect",
            ["protocolMapper"] = "oidc-audience-mapper",
            ["config"] = new JsonObject { ["included.client.audience"] = "acme-api", ["access.token.claim"] = "true" },
        }),
    });
}

public sealed class EmbeddedExpiryTests(EmbeddedRealmUnderTest realm) : ExpiryTests(realm);

public sealed class KeycloakExpiryTests(KeycloakUnderTest realm) : ExpiryTests(realm);
