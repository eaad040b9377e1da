using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

public abstract class UserInfoTests(RealmUnderTest realm) : RealmTests(realm)
{
    [Theory]
    [InlineData("acme-admin", "ada", "Ada Lovelace", null)]
    [InlineData("acme-spa", "grace", "Grace Hopper", null)]
    [InlineData("acme-admin", "linus", "Linus Torvalds", "/operations/leads")]
    [InlineData("acme-spa", "nora", "Nora Roberts", null)]
    public async Task A_person_is_described(string clientId, string person, string name, string? groups)
    {
        var signedIn = await Realm.SignInAsync(clientId, person);

        var answer = await Realm.GetUserInfoAsync(signedIn.AccessToken);

        Assert.Equal(OK, answer.Status);
        Assert.Equal("application/json", answer.Header("Content-Type"));
        Assert.Equal("no-store, no-cache", answer.Header("Cache-Control"));
        Assert.Equal("no-cache", answer.Header("Pragma"));
        AssertMembers(
            "sub email_verified name preferred_username given_name family_name email" + (groups is null ? string.Empty : " groups"),
            answer.Json);
        Assert.Equal(Jwt.Decode(signedIn.AccessToken)["sub"], answer["sub"]);
        Assert.Equal(person, answer["preferred_username"]);
        Assert.Equal(name, answer["name"]);
        Assert.Equal($"{person}@acme.test", answer["email"]);
        if (groups is not null)
        {
            AssertSet(groups, answer.Json.GetProperty("groups"));
        }
    }

    [Fact]
    public async Task The_token_may_be_posted_in_the_header_or_the_form()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");
        var header = RealmUnderTest.FormRequest(Realm.UserInfoEndpoint, clientId: null);
        header.Headers.Authorization = new("Bearer", signedIn.AccessToken);

        Assert.Equal(OK, (await Realm.SendAsync(header)).Status);
        Assert.Equal(
            OK,
            (await Realm.PostAsync(Realm.UserInfoEndpoint, clientId: null, ("access_token", signedIn.AccessToken))).Status);
    }

    [Fact]
    public async Task The_scheme_has_no_case()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        Assert.Equal(
            OK, (await Realm.GetAsync(Realm.UserInfoEndpoint, ("Authorization", $"bearer {signedIn.AccessToken}"))).Status);
    }

    [Fact]
    public async Task A_service_is_described_with_openid()
    {
        var token = (await Realm.GetServiceTokenAsync("acme-reader", "openid"))["access_token"];

        var answer = await Realm.GetUserInfoAsync(token);

        Assert.Equal(OK, answer.Status);
        AssertMembers("sub email_verified preferred_username", answer.Json);
        Assert.Equal("service-account-acme-reader", answer["preferred_username"]);
    }

    [Fact]
    public async Task A_service_token_without_openid_is_refused() =>
        AssertChallenge(
            await Realm.GetUserInfoAsync((await Realm.GetServiceTokenAsync("acme-reader"))["access_token"]),
            403,
            """Bearer realm="acme", error="insufficient_scope", error_description="Missing openid scope" """);

    [Fact]
    public async Task A_persons_token_without_openid_is_refused()
    {
        var signedIn = await Realm.SignInAsync("acme-spa", "nora", "email");

        AssertChallenge(
            await Realm.GetUserInfoAsync(signedIn.AccessToken),
            403,
            """Bearer realm="acme", error="insufficient_scope", error_description="Missing openid scope" """);
    }

    [Fact]
    public async Task Without_token_there_is_a_bare_challenge() =>
        AssertChallenge(await Realm.GetAsync(Realm.UserInfoEndpoint), 401, """Bearer realm="acme" """);

    [Fact]
    public async Task Another_scheme_is_no_token() =>
        AssertChallenge(
            await Realm.GetAsync(Realm.UserInfoEndpoint, ("Authorization", "Basic YWNtZS1hcGk6YWNtZS1hcGktc2VjcmV0")),
            401,
            """Bearer realm="acme" """);

    [Fact]
    public async Task A_token_in_the_query_is_no_token()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        AssertChallenge(
            await Realm.GetAsync($"{Realm.UserInfoEndpoint}?access_token={signedIn.AccessToken}"),
            401,
            """Bearer realm="acme" """);
    }

    [Fact]
    public async Task Garbage_is_refused() =>
        AssertChallenge(
            await Realm.GetUserInfoAsync("garbage"),
            401,
            """Bearer realm="acme", error="invalid_token", error_description="Token verification failed" """);

    [Theory]
    [InlineData("id_token")]
    [InlineData("refresh_token")]
    public async Task Another_kind_of_token_is_refused(string member)
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        AssertChallenge(
            await Realm.GetUserInfoAsync(signedIn.Tokens[member]),
            401,
            """Bearer realm="acme", error="invalid_token", error_description="Token verification failed" """);
    }

    [Fact]
    public async Task A_token_that_the_realm_did_not_sign_is_refused()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        foreach (var token in (string[])
        [
            Jwt.Tamper(signedIn.AccessToken), Jwt.Forge(signedIn.AccessToken), Jwt.Unsign(signedIn.AccessToken),
        ])
        {
            AssertChallenge(
                await Realm.GetUserInfoAsync(token),
                401,
                """Bearer realm="acme", error="invalid_token", error_description="Token verification failed" """);
        }
    }

    [Fact]
    public async Task A_revoked_token_is_refused()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");
        await Realm.PostAsync(Realm.RevocationEndpoint, "acme-admin", ("token", signedIn.AccessToken));

        AssertChallenge(
            await Realm.GetUserInfoAsync(signedIn.AccessToken),
            401,
            """Bearer realm="acme", error="invalid_token", error_description="Token verification failed" """);
    }

    [Fact]
    public async Task A_token_of_an_ended_session_is_refused()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");
        await Realm.GetAsync(AuthorizationRequest.Append(Realm.EndSessionEndpoint, ("id_token_hint", signedIn.IdToken)));

        AssertChallenge(
            await Realm.GetUserInfoAsync(signedIn.AccessToken),
            401,
            """Bearer realm="acme", error="invalid_token", error_description="user_session_not_found" """);
    }

    [Fact]
    public async Task A_token_sent_twice_is_refused()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");
        var request = RealmUnderTest.FormRequest(
            Realm.UserInfoEndpoint, clientId: null, ("access_token", signedIn.AccessToken));
        request.Headers.Authorization = new("Bearer", signedIn.AccessToken);

        AssertChallenge(
            await Realm.SendAsync(request),
            400,
            """Bearer realm="acme", error="invalid_request", """
                + """error_description="More than one method used for including an access token" """);
    }

    private static void AssertChallenge(RealmAnswer answer, int status, string challenge)
    {
        Assert.Equal($"{status} {challenge.TrimEnd()}", $"{(int)answer.Status} {answer.Header("WWW-Authenticate")}");
        Assert.Empty(answer.Text);
        Assert.Equal("text/plain;charset=utf-8", answer.Header("Content-Type"));
        Assert.Equal("no-store", answer.Header("Cache-Control"));
    }
}

public sealed class EmbeddedUserInfoTests(EmbeddedRealmUnderTest realm) : UserInfoTests(realm);

public sealed class KeycloakUserInfoTests(KeycloakUnderTest realm) : UserInfoTests(realm);
