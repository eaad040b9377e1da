using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>What becomes of tokens after their end. A real Keycloak changes the client meanwhile, so nothing else may run.</summary>
public abstract class ExpiryTests(RealmUnderTest realm) : RealmTests(realm)
{
    [Fact]
    public async Task An_expired_service_token_is_inactive()
    {
        await using var lives = await Realm.ShortenLivesAsync("acme-reader");
        var token = (await lives.Realm.GetServiceTokenAsync("acme-reader"))["access_token"];

        Assert.True((await lives.Realm.IntrospectAsync(token)).Json.GetProperty("active").GetBoolean());
        await lives.ExpireAsync();

        Assert.Equal("""{"active":false}""", (await lives.Realm.IntrospectAsync(token)).Text);
    }

    [Fact]
    public async Task After_the_end_of_a_persons_access_token_a_refresh_gives_the_next()
    {
        await using var lives = await Realm.ShortenLivesAsync("acme-admin");
        var signedIn = await lives.Realm.SignInAsync("acme-admin", "ada");

        await lives.ExpireAsync();

        Assert.Equal("""{"active":false}""", (await lives.Realm.IntrospectAsync(signedIn.AccessToken)).Text);
        var userInfo = await lives.Realm.GetUserInfoAsync(signedIn.AccessToken);
        Assert.Equal(Unauthorized, userInfo.Status);
        Assert.Equal(
            """Bearer realm="acme", error="invalid_token", error_description="Token verification failed" """.TrimEnd(),
            userInfo.Header("WWW-Authenticate"));
        var refreshed = await lives.Realm.RefreshAsync("acme-admin", signedIn.RefreshToken);
        Assert.Equal(OK, refreshed.Status);
        Assert.True((await lives.Realm.IntrospectAsync(refreshed["access_token"])).Json.GetProperty("active").GetBoolean());
    }

    [Fact]
    public async Task An_expired_ID_token_is_still_a_hint()
    {
        await using var lives = await Realm.ShortenLivesAsync("acme-admin");
        var signedIn = await lives.Realm.SignInAsync("acme-admin", "ada");

        await lives.ExpireAsync();
        var answer = await signedIn.Browser.GetAsync(AuthorizationRequest.Append(
            lives.Realm.EndSessionEndpoint,
            ("id_token_hint", signedIn.IdToken),
            ("post_logout_redirect_uri", lives.Realm.PostLogoutRedirectUriOf("acme-admin"))));

        Assert.Equal(lives.Realm.PostLogoutRedirectUriOf("acme-admin"), answer.Header("Location"));
        AssertError(
            await lives.Realm.RefreshAsync("acme-admin", signedIn.RefreshToken),
            BadRequest,
            "invalid_grant",
            "Session not active");
    }
}

/// <summary>Runs when every other test is done.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ChangesToTheRealm
{
    public const string Name = "Changes a client of the realm";
}

[Collection(ChangesToTheRealm.Name)]
public sealed class EmbeddedExpiryTests(EmbeddedRealmUnderTest realm) : ExpiryTests(realm);

[Collection(ChangesToTheRealm.Name)]
public sealed class KeycloakExpiryTests(KeycloakUnderTest realm) : ExpiryTests(realm);
