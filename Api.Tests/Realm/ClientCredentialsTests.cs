using System.Net.Http.Headers;
using System.Text;
using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

public abstract class ClientCredentialsTests(RealmUnderTest realm) : RealmTests(realm)
{
    [Theory]
    [InlineData("acme-reader")]
    [InlineData("acme-writer")]
    [InlineData("acme-nobody")]
    public async Task A_service_gets_an_access_token_and_no_other(string clientId)
    {
        var answer = await Realm.PostAsync(Realm.TokenEndpoint, clientId, ("grant_type", "client_credentials"));

        Assert.Equal(OK, answer.Status);
        AssertMembers("access_token expires_in refresh_expires_in token_type not-before-policy scope", answer.Json);
        AssertSeconds(300, answer.Json.GetProperty("expires_in").GetInt32());
        Assert.Equal(0, answer.Json.GetProperty("refresh_expires_in").GetInt32());
        Assert.Equal("Bearer", answer["token_type"]);
        Assert.Equal(0, answer.Json.GetProperty("not-before-policy").GetInt32());
        AssertWords("profile email", answer["scope"]);
    }

    [Fact]
    public async Task The_answer_must_not_be_stored()
    {
        var answer = await Realm.GetServiceTokenAsync("acme-reader");

        Assert.Equal("no-store", answer.Header("Cache-Control"));
        Assert.Equal("no-cache", answer.Header("Pragma"));
        Assert.Equal("application/json", answer.Header("Content-Type"));
    }

    [Fact]
    public async Task The_secret_may_be_in_the_form()
    {
        var answer = await Realm.PostAsync(
            Realm.TokenEndpoint,
            clientId: null,
            ("grant_type", "client_credentials"),
            ("client_id", "acme-reader"),
            ("client_secret", "acme-reader-secret"));

        Assert.Equal(OK, answer.Status);
        Assert.Equal("acme-reader", Jwt.Decode(answer["access_token"])["azp"]);
    }

    [Fact]
    public async Task The_form_may_name_the_client_of_the_header_again()
    {
        var answer = await Realm.PostAsync(
            Realm.TokenEndpoint,
            "acme-reader",
            ("grant_type", "client_credentials"),
            ("client_id", "acme-reader"));

        Assert.Equal(OK, answer.Status);
    }

    [Fact]
    public async Task The_scope_openid_gives_an_ID_token()
    {
        var answer = await Realm.GetServiceTokenAsync("acme-reader", "openid");

        AssertMembers("access_token expires_in refresh_expires_in token_type id_token not-before-policy scope", answer.Json);
        AssertWords("openid profile email", answer["scope"]);
    }

    [Theory]
    [InlineData("books:read", "books:read profile email")]
    [InlineData("books:write", "books:write profile email")]
    [InlineData("books:write books:read", "books:read books:write profile email")]
    [InlineData("openid books:read", "openid books:read profile email")]
    [InlineData("email", "profile email")]
    [InlineData("acme-api", "profile email")]
    public async Task Optional_scopes_are_granted_on_request_and_default_ones_always(string asked, string granted)
    {
        var answer = await Realm.GetServiceTokenAsync("acme-reader", asked);

        AssertWords(granted, answer["scope"]);
        AssertWords(granted, Jwt.Decode(answer["access_token"])["scope"]);
    }

    [Fact]
    public async Task Every_token_is_another()
    {
        var first = Jwt.Decode((await Realm.GetServiceTokenAsync("acme-reader"))["access_token"]);
        var second = Jwt.Decode((await Realm.GetServiceTokenAsync("acme-reader"))["access_token"]);

        Assert.NotEqual(first["jti"], second["jti"], StringComparer.Ordinal);
        Assert.Equal(first["sub"], second["sub"]);
    }

    [Fact]
    public async Task The_answer_is_JSON_whatever_is_asked_for()
    {
        var request = RealmUnderTest.FormRequest(Realm.TokenEndpoint, "acme-reader", ("grant_type", "client_credentials"));
        request.Headers.Accept.ParseAdd("text/html");

        var answer = await Realm.SendAsync(request);

        Assert.Equal(OK, answer.Status);
        Assert.Equal("application/json", answer.Header("Content-Type"));
    }

    [Fact]
    public async Task A_multipart_form_will_do()
    {
        using var content = new MultipartFormDataContent { { new StringContent("client_credentials"), "\"grant_type\"" } };
        var request = RealmUnderTest.FormRequest(Realm.TokenEndpoint, "acme-reader");
        request.Content = content;

        Assert.Equal(OK, (await Realm.SendAsync(request)).Status);
    }

    [Theory]
    [InlineData("application/json", """{"grant_type":"client_credentials"}""")]
    [InlineData("text/plain", "grant_type=client_credentials")]
    public async Task A_body_that_is_no_form_has_no_parameters(string contentType, string body)
    {
        var request = RealmUnderTest.FormRequest(Realm.TokenEndpoint, "acme-reader");
        request.Content = new StringContent(body, Encoding.UTF8);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);

        AssertError(await Realm.SendAsync(request), BadRequest, "invalid_request", "Missing form parameter: grant_type");
    }

    [Fact]
    public async Task Parameters_in_the_query_do_not_count()
    {
        var answer = await Realm.PostAsync($"{Realm.TokenEndpoint}?grant_type=client_credentials", "acme-reader");

        AssertError(answer, BadRequest, "invalid_request", "Missing form parameter: grant_type");
    }

    [Fact]
    public async Task A_long_unknown_parameter_does_no_harm()
    {
        var answer = await Realm.PostAsync(
            Realm.TokenEndpoint,
            "acme-reader",
            ("grant_type", "client_credentials"),
            ("anything", new string('x', 5_000)));

        Assert.Equal(OK, answer.Status);
    }
}

public sealed class EmbeddedClientCredentialsTests(EmbeddedRealmUnderTest realm) : ClientCredentialsTests(realm);

public sealed class KeycloakClientCredentialsTests(KeycloakUnderTest realm) : ClientCredentialsTests(realm);
