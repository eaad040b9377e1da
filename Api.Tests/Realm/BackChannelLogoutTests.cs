using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

public abstract class BackChannelLogoutTests(RealmUnderTest realm) : RealmTests(realm)
{
    [Fact]
    public async Task A_logout_posts_a_signed_logout_token()
    {
        await using var listener = await BackChannelListener.StartAsync(Realm);
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");
        await signedIn.Browser.GetAsync(EndSession(signedIn));

        var post = await listener.ReceiveAsync(signedIn.SessionId);

        Assert.Equal("application/x-www-form-urlencoded", post.ContentType);
        Assert.Equal("logout_token", Assert.Single(post.Fields));
        var token = post.Token;
        AssertMembers("alg typ kid", token.Header);
        Assert.Equal("RS256", token.Header.GetProperty("alg").GetString());
        Assert.Equal("logout+jwt", token.Header.GetProperty("typ").GetString());
        Assert.True(token.IsSignedBy((await Realm.GetAsync(Realm.CertsEndpoint)).Json));
        AssertMembers("exp iat jti iss aud sub typ sid events", token.Payload);
        Assert.Equal(Realm.Issuer, token["iss"]);
        Assert.Equal("acme-admin", token["aud"]);
        Assert.Equal("ba7ccfa8-8939-52cd-9c73-10b794570992", token["sub"]);
        Assert.Equal("Logout", token["typ"]);
        Assert.Equal(signedIn.SessionId, token["sid"]);
        AssertSeconds(120, token.Number("exp") - token.Number("iat"));
        Assert.InRange(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - token.Number("iat"), 0, 10);
        var events = token.Payload.GetProperty("events");
        AssertMembers("http://schemas.openid.net/event/backchannel-logout", events);
        Assert.Equal("{}", events.GetProperty("http://schemas.openid.net/event/backchannel-logout").GetRawText());
        Assert.Single(listener.PostsOf(signedIn.SessionId));
    }

    [Fact]
    public async Task Another_clients_logout_is_posted_too()
    {
        await using var listener = await BackChannelListener.StartAsync(Realm);
        var signedIn = await Realm.SignInAsync("acme-admin", "grace");
        var other = await Realm.SignInAgainAsync(signedIn, "acme-spa");

        await other.Browser.GetAsync(EndSession(other));

        Assert.Equal("acme-admin", (await listener.ReceiveAsync(signedIn.SessionId)).Token["aud"]);
    }

    [Fact]
    public async Task A_logout_by_refresh_token_is_posted_to_the_asking_client_too()
    {
        await using var listener = await BackChannelListener.StartAsync(Realm);
        var signedIn = await Realm.SignInAsync("acme-admin", "linus");

        await Realm.PostAsync(Realm.EndSessionEndpoint, "acme-admin", ("refresh_token", signedIn.RefreshToken));

        Assert.Equal(
            "a5e27546-95b4-51c9-bce8-0851b9e4a348", (await listener.ReceiveAsync(signedIn.SessionId)).Token["sub"]);
    }

    [Fact]
    public async Task A_revoked_refresh_token_posts_nothing()
    {
        await using var listener = await BackChannelListener.StartAsync(Realm);
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        await Realm.PostAsync(Realm.RevocationEndpoint, "acme-admin", ("token", signedIn.RefreshToken));

        await AssertSilenceAsync(listener, signedIn);
    }

    [Fact]
    public async Task A_session_without_the_client_posts_nothing()
    {
        await using var listener = await BackChannelListener.StartAsync(Realm);
        var signedIn = await Realm.SignInAsync("acme-spa", "nora");

        await signedIn.Browser.GetAsync(EndSession(signedIn));

        await AssertSilenceAsync(listener, signedIn);
    }

    [Fact]
    public async Task A_second_logout_posts_nothing_more()
    {
        await using var listener = await BackChannelListener.StartAsync(Realm);
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");
        await signedIn.Browser.GetAsync(EndSession(signedIn));
        await listener.ReceiveAsync(signedIn.SessionId);

        await signedIn.Browser.GetAsync(EndSession(signedIn));

        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        Assert.Single(listener.PostsOf(signedIn.SessionId));
    }

    [Fact]
    public async Task A_logout_succeeds_although_nobody_listens()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        var answer = await signedIn.Browser.GetAsync(EndSession(signedIn));

        Assert.Equal(OK, answer.Status);
        Assert.Equal("You are logged out", answer.Instruction);
        AssertError(
            await Realm.RefreshAsync("acme-admin", signedIn.RefreshToken),
            BadRequest,
            "invalid_grant",
            "Session not active");
    }

    private string EndSession(SignedIn signedIn) =>
        AuthorizationRequest.Append(Realm.EndSessionEndpoint, ("id_token_hint", signedIn.IdToken));

    private static async Task AssertSilenceAsync(BackChannelListener listener, SignedIn signedIn)
    {
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        Assert.Empty(listener.PostsOf(signedIn.SessionId));
    }
}

public sealed class EmbeddedBackChannelLogoutTests(EmbeddedRealmUnderTest realm)
    : BackChannelLogoutTests(realm), IClassFixture<EmbeddedRealmUnderTest>;

[Collection(KeycloakCollection.Name)]
public sealed class KeycloakBackChannelLogoutTests(KeycloakUnderTest realm) : BackChannelLogoutTests(realm);

/// <summary>From inside a container to this machine, and by the way that brings a Keycloak where there is none: Testcontainers.</summary>
[Collection(ContainerEngine.Collection)]
[Trait(ContainerEngine.Trait, ContainerEngine.Needed)]
public sealed class KeycloakInContainerBackChannelLogoutTests(KeycloakInContainer realm)
    : BackChannelLogoutTests(realm), IClassFixture<KeycloakInContainer>;
