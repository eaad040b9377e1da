using System.Text;
using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

public abstract class IntrospectionTests(RealmUnderTest realm) : RealmTests(realm)
{
    private const string Inactive = """{"active":false}""";

    [Theory]
    [InlineData("acme-reader", "book-reader")]
    [InlineData("acme-writer", "book-editor book-reader")]
    [InlineData("acme-nobody", null)]
    public async Task A_live_service_token_is_active(string clientId, string? roles)
    {
        var token = (await Realm.GetServiceTokenAsync(clientId))["access_token"];

        var answer = await Realm.IntrospectAsync(token);

        Assert.Equal(OK, answer.Status);
        Assert.Equal("no-cache", answer.Header("Cache-Control"));
        Assert.Equal("application/json", answer.Header("Content-Type"));
        const string Members =
            "exp iat jti iss aud sub typ azp acr scope email_verified preferred_username client_id username token_type active";
        AssertMembers(roles is null ? Members : $"{Members} resource_access", answer.Json);
        Assert.True(answer.Json.GetProperty("active").GetBoolean());
        Assert.Equal(clientId, answer["client_id"]);
        Assert.Equal($"service-account-{clientId}", answer["username"]);
        Assert.Equal("Bearer", answer["token_type"]);
        Assert.Equal("Bearer", answer["typ"]);
        Assert.Equal("acme-api", answer["aud"]);
        Assert.Equal(Jwt.Decode(token)["jti"], answer["jti"]);
        Assert.Equal(Jwt.Decode(token).Number("exp"), answer.Json.GetProperty("exp").GetInt64());
        if (roles is not null)
        {
            AssertSet(roles, answer.Json.GetProperty("resource_access").GetProperty("acme-api").GetProperty("roles"));
        }
    }

    [Theory]
    [InlineData("acme-admin", "ada", "")]
    [InlineData("acme-admin", "linus", " groups")]
    [InlineData("acme-spa", "grace", " allowed-origins")]
    public async Task A_live_token_of_a_person_is_active(string clientId, string person, string more)
    {
        var signedIn = await Realm.SignInAsync(clientId, person);

        var answer = await Realm.IntrospectAsync(signedIn.AccessToken);

        AssertMembers(
            "exp iat auth_time jti iss aud sub typ azp sid acr realm_access resource_access scope email_verified name " +
            "preferred_username given_name family_name email client_id username token_type active" + more,
            answer.Json);
        Assert.Equal(person, answer["username"]);
        Assert.Equal(clientId, answer["client_id"]);
        Assert.Equal(signedIn.SessionId, answer["sid"]);
        AssertSet("acme-api account", answer.Json.GetProperty("aud"));
    }

    [Fact]
    public async Task The_secret_may_be_in_the_form()
    {
        var token = (await Realm.GetServiceTokenAsync("acme-reader"))["access_token"];

        var answer = await Realm.PostAsync(
            Realm.IntrospectionEndpoint,
            clientId: null,
            ("token", token),
            ("client_id", "acme-api"),
            ("client_secret", "acme-api-secret"));

        Assert.True(answer.Json.GetProperty("active").GetBoolean());
    }

    [Fact]
    public async Task A_hint_may_name_the_type()
    {
        var token = (await Realm.GetServiceTokenAsync("acme-reader"))["access_token"];

        var answer = await Realm.PostAsync(
            Realm.IntrospectionEndpoint, "acme-api", ("token", token), ("token_type_hint", "access_token"));

        Assert.True(answer.Json.GetProperty("active").GetBoolean());
    }

    [Theory]
    [InlineData("acme-reader")]
    [InlineData("acme-writer")]
    [InlineData("acme-admin")]
    public async Task A_client_outside_the_audience_learns_nothing(string asking)
    {
        var token = (await Realm.GetServiceTokenAsync("acme-reader"))["access_token"];

        var answer = await Realm.IntrospectAsync(token, asking);

        Assert.Equal(OK, answer.Status);
        Assert.Equal(Inactive, answer.Text);
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("")]
    [InlineData("eyJhbGciOiJub25lIn0.e30.")]
    public async Task What_is_no_token_is_inactive(string token)
    {
        var answer = await Realm.IntrospectAsync(token);

        Assert.Equal(OK, answer.Status);
        Assert.Equal(Inactive, answer.Text);
    }

    [Fact]
    public async Task A_tampered_token_is_inactive()
    {
        var token = (await Realm.GetServiceTokenAsync("acme-reader"))["access_token"];

        Assert.Equal(Inactive, (await Realm.IntrospectAsync(Jwt.Tamper(token))).Text);
    }

    [Fact]
    public async Task A_revoked_token_is_inactive()
    {
        var token = (await Realm.GetServiceTokenAsync("acme-reader"))["access_token"];

        await Realm.PostAsync(Realm.RevocationEndpoint, "acme-reader", ("token", token));

        Assert.Equal(Inactive, (await Realm.IntrospectAsync(token)).Text);
    }

    [Fact]
    public async Task A_token_of_an_ended_session_is_inactive()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        await Realm.GetAsync(AuthorizationRequest.Append(Realm.EndSessionEndpoint, ("id_token_hint", signedIn.IdToken)));

        Assert.Equal(Inactive, (await Realm.IntrospectAsync(signedIn.AccessToken)).Text);
    }

    [Fact]
    public async Task An_ID_token_is_active_for_its_client()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        var answer = await Realm.IntrospectAsync(signedIn.IdToken, "acme-admin");

        Assert.True(answer.Json.GetProperty("active").GetBoolean());
        Assert.Equal("ID", answer["typ"]);
        Assert.Equal("ID", answer["token_type"]);
        AssertMembers(
            "exp iat auth_time jti iss aud sub typ azp nonce sid acr realm_access resource_access email_verified name " +
            "preferred_username given_name family_name email client_id username token_type active",
            answer.Json);
        AssertSet("acme-admin acme-api account", answer.Json.GetProperty("aud"));
    }

    [Fact]
    public async Task A_refresh_token_is_active_only_with_the_hint()
    {
        var signedIn = await Realm.SignInAsync("acme-admin", "ada");

        Assert.Equal(Inactive, (await Realm.IntrospectAsync(signedIn.RefreshToken, "acme-admin")).Text);
        var answer = await Realm.PostAsync(
            Realm.IntrospectionEndpoint,
            "acme-admin",
            ("token", signedIn.RefreshToken),
            ("token_type_hint", "refresh_token"));
        Assert.True(answer.Json.GetProperty("active").GetBoolean());
        Assert.Equal("Refresh", answer["typ"]);
    }

    [Fact]
    public async Task A_request_without_token_is_refused() =>
        AssertError(
            await Realm.PostAsync(Realm.IntrospectionEndpoint, "acme-api", ("anything", "at all")),
            BadRequest,
            "invalid_request",
            "Token not provided.");

    [Fact]
    public async Task An_unknown_hint_is_refused() =>
        AssertError(
            await Realm.PostAsync(
                Realm.IntrospectionEndpoint, "acme-api", ("token", "garbage"), ("token_type_hint", "nonsense")),
            BadRequest,
            "invalid_request",
            "Unsupported token type.");

    [Fact]
    public async Task A_wrong_secret_is_refused()
    {
        var request = RealmUnderTest.FormRequest(Realm.IntrospectionEndpoint, clientId: null, ("token", "garbage"));
        request.Headers.Authorization = RealmUnderTest.Basic("acme-api", "wrong");

        AssertError(await Realm.SendAsync(request), Unauthorized, "invalid_client", "Client authentication failed.");
    }

    [Theory]
    [InlineData("acme-stranger")]
    [InlineData("acme-retired")]
    [InlineData(null)]
    public async Task A_client_that_is_none_is_refused(string? clientId) =>
        AssertError(
            await Realm.PostAsync(Realm.IntrospectionEndpoint, clientId, ("token", "garbage")),
            Unauthorized,
            "invalid_client",
            "Invalid client or Invalid client credentials");

    [Fact]
    public async Task A_public_client_may_not_ask() =>
        AssertError(
            await Realm.PostAsync(Realm.IntrospectionEndpoint, "acme-spa", ("token", "garbage")),
            Forbidden,
            "invalid_request",
            "Client not allowed.");

    [Fact]
    public async Task A_bearer_token_is_no_client_authentication()
    {
        var token = (await Realm.GetServiceTokenAsync("acme-reader"))["access_token"];
        var request = RealmUnderTest.FormRequest(Realm.IntrospectionEndpoint, clientId: null, ("token", token));
        request.Headers.Authorization = new("Bearer", token);

        AssertError(
            await Realm.SendAsync(request),
            Unauthorized,
            "invalid_client",
            "Invalid client or Invalid client credentials");
    }

    [Fact]
    public async Task JSON_is_no_form()
    {
        var request = RealmUnderTest.FormRequest(Realm.IntrospectionEndpoint, "acme-api");
        request.Content = new StringContent("""{"token":"garbage"}""", Encoding.UTF8, "application/json");

        AssertError(await Realm.SendAsync(request), BadRequest, "invalid_request", "Token not provided.");
    }
}

public sealed class EmbeddedIntrospectionTests(EmbeddedRealmUnderTest realm) : IntrospectionTests(realm);

public sealed class KeycloakIntrospectionTests(KeycloakUnderTest realm) : IntrospectionTests(realm);
