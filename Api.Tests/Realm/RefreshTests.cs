using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>The realm rotates refresh tokens: revokeRefreshToken, no reuse.</summary>
public abstract class RefreshTests(RealmUnderTest realm) : RealmTests(realm)
{
    // Keycloak may accept an older refresh token within the second of the last refresh.
    private static readonly TimeSpan PastGrace = TimeSpan.FromSeconds(2.1);

    [Theory]
    [InlineData("acme-admin")]
    [InlineData("acme-spa")]
    public async Task A_refresh_gives_new_tokens_of_the_same_session(string clientId)
    {
        var signedIn = await Realm.SignInAsync(clientId, "ada");

        var refreshed = await Realm.RefreshAsync(clientId, signedIn.RefreshToken);

        Assert.Equal(OK, refreshed.Status);
        AssertMembers(
            "access_token expires_in refresh_expires_in refresh_token token_type id_token not-before-policy session_state scope",
            refreshed.Json);
        AssertWords("openid profile email", refreshed["scope"]);
        Assert.Equal(signedIn.SessionId, refreshed["session_state"]);
        var before = Jwt.Decode(signedIn.AccessToken);
        var after = Jwt.Decode(refreshed["access_token"]);
        Assert.StartsWith("onrtrt:", after["jti"], StringComparison.Ordinal);
        Assert.Equal(before["sid"], after["sid"]);
        Assert.Equal(before["sub"], after["sub"]);
        Assert.Equal("1", after["acr"]);
        Assert.Equal(before.Number("auth_time"), after.Number("auth_time"));
        AssertMembers(string.Join(' ', before.Payload.EnumerateObject().Select(member => member.Name)), after.Payload);
    }

    [Fact]
    public async Task An_ID_token_of_a_refresh_has_no_nonce()
    {
        var signedIn = await Realm.SignInAsync("acme-spa", "nora");

        var id = Jwt.Decode((await Realm.RefreshAsync("acme-spa", signedIn.RefreshToken))["id_token"]);

        AssertMembers(
            "exp iat auth_time jti iss aud sub typ azp sid at_hash acr email_verified name preferred_username given_name family_name email",
            id.Payload);
    }

    [Fact]
    public async Task A_rotated_refresh_token_keeps_its_family()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");
        var first = Jwt.Decode(signedIn.RefreshToken);

        var second = Jwt.Decode((await Realm.RefreshAsync("acme-admin", signedIn.RefreshToken))["refresh_token"]);

        Assert.NotEqual(first["jti"], second["jti"], StringComparer.Ordinal);
        Assert.Equal(first["reuse_id"], second["reuse_id"]);
        Assert.Equal(first["sid"], second["sid"]);
        AssertWords(first["scope"]!, second["scope"]);
    }

    [Fact]
    public async Task Refresh_tokens_go_on_for_generations()
    {
        var signedIn = await Realm.SignInAsync("acme-spa", "ada");
        var refreshToken = signedIn.RefreshToken;

        for (var generation = 0; generation < 3; generation++)
        {
            var answer = await Realm.RefreshAsync("acme-spa", refreshToken);
            Assert.True(answer.Status is OK, answer.ToString());
            refreshToken = answer["refresh_token"];
        }
    }

    [Fact]
    public async Task The_access_token_before_a_refresh_stays_alive()
    {
        var signedIn = await Realm.SignInAsync("acme-spa", "ada");
        await Realm.RefreshAsync("acme-spa", signedIn.RefreshToken);

        Assert.True((await Realm.IntrospectAsync(signedIn.AccessToken)).Json.GetProperty("active").GetBoolean());
    }

    [Fact]
    public async Task A_refresh_token_used_twice_is_refused_and_takes_its_client_out_of_the_session()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");
        var other = await Realm.SignInAgainAsync(signedIn, "acme-spa");
        var refreshed = await Realm.RefreshAsync("acme-admin", signedIn.RefreshToken);
        await Task.Delay(PastGrace, TestContext.Current.CancellationToken);

        AssertError(
            await Realm.RefreshAsync("acme-admin", signedIn.RefreshToken),
            BadRequest,
            "invalid_grant",
            "Maximum allowed refresh token reuse exceeded");
        AssertError(
            await Realm.RefreshAsync("acme-admin", refreshed["refresh_token"]),
            BadRequest,
            "invalid_grant",
            "Session doesn't have required client");
        Assert.Equal("""{"active":false}""", (await Realm.IntrospectAsync(refreshed["access_token"])).Text);

        // The other client of the session, and the browser, live on.
        Assert.Equal(OK, (await Realm.RefreshAsync("acme-spa", other.RefreshToken)).Status);
        var again = new AuthorizationRequest(Realm, "acme-admin").With("prompt", "none");
        Assert.NotEmpty(again.CodeFrom((await signedIn.Browser.GetAsync(again.Url)).Location!));
    }

    [Fact]
    public async Task A_refresh_token_two_generations_old_is_stale()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");
        var second = await Realm.RefreshAsync("acme-admin", signedIn.RefreshToken);
        await Task.Delay(PastGrace, TestContext.Current.CancellationToken);
        var third = await Realm.RefreshAsync("acme-admin", second["refresh_token"]);
        await Task.Delay(PastGrace, TestContext.Current.CancellationToken);

        AssertError(
            await Realm.RefreshAsync("acme-admin", signedIn.RefreshToken), BadRequest, "invalid_grant", "Stale token");
        AssertError(
            await Realm.RefreshAsync("acme-admin", third["refresh_token"]),
            BadRequest,
            "invalid_grant",
            "Session doesn't have required client");
    }

    [Fact]
    public async Task A_refresh_token_of_another_client_is_refused()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        AssertError(
            await Realm.RefreshAsync("acme-spa", signedIn.RefreshToken),
            BadRequest,
            "invalid_grant",
            "Invalid refresh token. Token client and authorized client don't match");
        Assert.Equal(OK, (await Realm.RefreshAsync("acme-admin", signedIn.RefreshToken)).Status);
    }

    [Fact]
    public async Task A_tampered_refresh_token_is_refused()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        AssertError(
            await Realm.RefreshAsync("acme-admin", Jwt.Tamper(signedIn.RefreshToken)),
            BadRequest,
            "invalid_grant",
            "Invalid refresh token");
    }

    [Theory]
    [InlineData("access_token")]
    [InlineData("id_token")]
    public async Task Another_token_in_its_place_is_refused(string member)
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        AssertError(
            await Realm.RefreshAsync("acme-admin", signedIn.Tokens[member]),
            BadRequest,
            "invalid_grant",
            "Invalid refresh token");
    }

    [Fact]
    public async Task Fewer_scopes_narrow_nothing_that_is_a_default()
    {
        var signedIn = await Realm.SignInAsync("acme-spa", "nora", "openid books:read");

        var refreshed = await Realm.RefreshAsync("acme-spa", signedIn.RefreshToken, ("scope", "openid email"));

        AssertWords("openid profile email", refreshed["scope"]);
    }

    [Fact]
    public async Task More_scopes_than_were_granted_are_not_given()
    {
        var signedIn = await Realm.SignInAsync("acme-spa", "nora");

        var refreshed = await Realm.RefreshAsync("acme-spa", signedIn.RefreshToken, ("scope", "openid books:read"));

        AssertWords("openid profile email", refreshed["scope"]);
        AssertWords("openid profile email", Jwt.Decode(refreshed["access_token"])["scope"]);
    }

    [Fact]
    public async Task An_unknown_scope_is_refused()
    {
        var signedIn = await Realm.SignInAsync("acme-spa", "nora");

        AssertError(
            await Realm.RefreshAsync("acme-spa", signedIn.RefreshToken, ("scope", "openid nonsense")),
            BadRequest,
            "invalid_scope",
            "Invalid scopes: openid nonsense");
    }

    [Fact]
    public async Task After_the_session_its_refresh_token_is_worth_nothing()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");
        await Realm.GetAsync(AuthorizationRequest.Append(Realm.EndSessionEndpoint, ("id_token_hint", signedIn.IdToken)));

        AssertError(
            await Realm.RefreshAsync("acme-admin", signedIn.RefreshToken),
            BadRequest,
            "invalid_grant",
            "Session not active");
    }
}

public sealed class EmbeddedRefreshTests(EmbeddedRealmUnderTest realm) : RefreshTests(realm);

public sealed class KeycloakRefreshTests(KeycloakUnderTest realm) : RefreshTests(realm);
