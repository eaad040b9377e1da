using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

public abstract class RevocationTests(RealmUnderTest realm) : RealmTests(realm)
{
    [Fact]
    public async Task An_access_token_dies_alone()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        var answer = await Realm.PostAsync(Realm.RevocationEndpoint, "acme-admin", ("token", signedIn.AccessToken));

        AssertDone(answer);
        Assert.Equal("""{"active":false}""", (await Realm.IntrospectAsync(signedIn.AccessToken)).Text);
        Assert.Equal(OK, (await Realm.RefreshAsync("acme-admin", signedIn.RefreshToken)).Status);
    }

    [Fact]
    public async Task A_token_may_be_revoked_again()
    {
        var token = (await Realm.GetServiceTokenAsync("acme-reader"))["access_token"];

        AssertDone(await Realm.PostAsync(Realm.RevocationEndpoint, "acme-reader", ("token", token)));
        AssertDone(await Realm.PostAsync(Realm.RevocationEndpoint, "acme-reader", ("token", token)));
    }

    [Fact]
    public async Task The_last_clients_refresh_token_ends_the_session()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        AssertDone(await Realm.PostAsync(Realm.RevocationEndpoint, "acme-admin", ("token", signedIn.RefreshToken)));

        AssertError(
            await Realm.RefreshAsync("acme-admin", signedIn.RefreshToken),
            BadRequest,
            "invalid_grant",
            "Session not active");
        Assert.Equal("""{"active":false}""", (await Realm.IntrospectAsync(signedIn.AccessToken)).Text);
        var request = new AuthorizationRequest(Realm, "acme-admin").With("prompt", "none");
        AssertRedirect(
            await signedIn.Browser.GetAsync(request.Url),
            $"{Realm.RedirectUriOf("acme-admin")}?",
            "error=login_required",
            $"state={request["state"]}",
            $"iss={EncodedIssuer}");
    }

    [Fact]
    public async Task One_clients_refresh_token_leaves_the_other_client_in_the_session()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");
        var other = await Realm.SignInAgainAsync(signedIn, "acme-spa");

        AssertDone(await Realm.PostAsync(Realm.RevocationEndpoint, "acme-admin", ("token", signedIn.RefreshToken)));

        Assert.Equal("""{"active":false}""", (await Realm.IntrospectAsync(signedIn.AccessToken)).Text);
        Assert.True((await Realm.IntrospectAsync(other.AccessToken)).Json.GetProperty("active").GetBoolean());
        Assert.Equal(OK, (await Realm.RefreshAsync("acme-spa", other.RefreshToken)).Status);
    }

    [Fact]
    public async Task A_public_client_revokes_its_own_token()
    {
        var signedIn = await Realm.SignInAsync("acme-spa", "nora");

        AssertDone(await Realm.PostAsync(Realm.RevocationEndpoint, "acme-spa", ("token", signedIn.RefreshToken)));
    }

    [Fact]
    public async Task A_wrong_hint_does_no_harm()
    {
        var token = (await Realm.GetServiceTokenAsync("acme-reader"))["access_token"];

        AssertDone(await Realm.PostAsync(
            Realm.RevocationEndpoint, "acme-reader", ("token", token), ("token_type_hint", "refresh_token")));
        Assert.Equal("""{"active":false}""", (await Realm.IntrospectAsync(token)).Text);
    }

    [Fact]
    public async Task An_unknown_token_is_answered_with_an_error_and_200() =>
        AssertError(
            await Realm.PostAsync(Realm.RevocationEndpoint, "acme-reader", ("token", "garbage")),
            OK,
            "invalid_token",
            "Invalid token");

    [Fact]
    public async Task A_request_without_token_is_refused() =>
        AssertError(
            await Realm.PostAsync(Realm.RevocationEndpoint, "acme-reader", ("anything", "at all")),
            BadRequest,
            "invalid_request",
            "Token not provided");

    [Theory]
    [InlineData("access_token")]
    [InlineData("refresh_token")]
    public async Task Another_clients_token_is_refused(string member)
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        AssertError(
            await Realm.PostAsync(Realm.RevocationEndpoint, "acme-spa", ("token", signedIn.Tokens[member])),
            BadRequest,
            "invalid_request",
            "Unmatching clients");
        Assert.Equal(OK, (await Realm.GetUserInfoAsync(signedIn.AccessToken)).Status);
    }

    [Fact]
    public async Task An_ID_token_cannot_be_revoked()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        AssertError(
            await Realm.PostAsync(Realm.RevocationEndpoint, "acme-admin", ("token", signedIn.IdToken)),
            BadRequest,
            "unsupported_token_type",
            "Unsupported token type");
    }

    [Fact]
    public async Task A_wrong_secret_is_refused()
    {
        var request = RealmUnderTest.FormRequest(Realm.RevocationEndpoint, clientId: null, ("token", "garbage"));
        request.Headers.Authorization = RealmUnderTest.Basic("acme-reader", "wrong");

        AssertError(
            await Realm.SendAsync(request),
            Unauthorized,
            "unauthorized_client",
            "Invalid client or Invalid client credentials");
    }

    [Theory]
    [InlineData("acme-stranger")]
    [InlineData("acme-retired")]
    [InlineData(null)]
    public async Task A_client_that_is_none_is_refused(string? clientId) =>
        AssertError(
            await Realm.PostAsync(Realm.RevocationEndpoint, clientId, ("token", "garbage")),
            Unauthorized,
            "invalid_client",
            "Invalid client or Invalid client credentials");

    private static void AssertDone(RealmAnswer answer)
    {
        Assert.True(answer.Status is OK, answer.ToString());
        Assert.Empty(answer.Text);
        Assert.Equal("0", answer.Header("Content-Length"));
    }
}

public sealed class EmbeddedRevocationTests(EmbeddedRealmUnderTest realm) : RevocationTests(realm);

public sealed class KeycloakRevocationTests(KeycloakUnderTest realm) : RevocationTests(realm);
