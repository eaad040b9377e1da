using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>The admin REST API as a service account uses it, and keys of other kinds.</summary>
public abstract class AdministrationTests(RealmUnderTest realm) : RealmTests(realm.Features)
{
    [Fact]
    public async Task Without_a_token_or_the_roles_nothing_is_told()
    {
        var plain = (await Realm.GetServiceTokenAsync("plain-worker"))["access_token"];
        var reader = (await Realm.GetServiceTokenAsync("admin-reader"))["access_token"];

        AssertError(await Realm.GetAsync($"{Realm.AdminEndpoint}/users"), Unauthorized, "HTTP 401 Unauthorized", description: null);
        AssertError(
            await Realm.GetAsync($"{Realm.AdminEndpoint}/users", FeaturesUnderTest.Bearer(plain)),
            Forbidden,
            "HTTP 403 Forbidden",
            description: null);
        AssertError(
            await Realm.GetAsync($"{Realm.AdminEndpoint}/clients", FeaturesUnderTest.Bearer(reader)),
            Forbidden,
            "HTTP 403 Forbidden",
            description: null);
    }

    [Fact]
    public async Task People_are_found_and_service_accounts_are_not()
    {
        var found = await CallAsync(HttpMethod.Get, "/users?username=tom&exact=true");

        AssertMembers(
            "id username firstName lastName email emailVerified enabled createdTimestamp totp disableableCredentialTypes "
                + "requiredActions notBefore access",
            Assert.Single(found.Json.EnumerateArray().ToList()));
        Assert.Equal("[]", (await CallAsync(HttpMethod.Get, "/users?search=service-account-admin-tool")).Text);
        AssertError(await CallAsync(HttpMethod.Get, "/users/nobody"), NotFound, "User not found", description: null);
    }

    [Fact]
    public async Task A_person_who_is_disabled_cannot_sign_in_until_enabled()
    {
        var id = await UserAsync("tom");

        Assert.Equal(NoContent, (await CallAsync(HttpMethod.Put, $"/users/{id}", """{"enabled":false}""")).Status);
        var refused = await SignInAsync("tom");
        Assert.Equal(NoContent, (await CallAsync(HttpMethod.Put, $"/users/{id}", """{"enabled":true}""")).Status);

        AssertError(refused, BadRequest, "invalid_grant", "Account disabled");
        Assert.Equal(OK, (await SignInAsync("tom")).Status);
    }

    [Fact]
    public async Task A_role_that_is_given_and_taken_shows_in_the_next_token()
    {
        var id = await UserAsync("kay");
        var role = (await CallAsync(HttpMethod.Get, "/roles/staff")).Text;

        Assert.Equal(NoContent, (await CallAsync(HttpMethod.Post, $"/users/{id}/role-mappings/realm", $"[{role}]")).Status);
        var with = Jwt.Decode((await SignInAsync("kay"))["access_token"]).Payload.GetProperty("realm_access").GetRawText();
        Assert.Equal(NoContent, (await CallAsync(HttpMethod.Delete, $"/users/{id}/role-mappings/realm", $"[{role}]")).Status);
        var without = Jwt.Decode((await SignInAsync("kay"))["access_token"]).Payload.GetProperty("realm_access").GetRawText();

        Assert.Contains("\"staff\"", with, StringComparison.Ordinal);
        Assert.DoesNotContain("\"staff\"", without, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_gives_a_role_of_realm_management_that_they_lack()
    {
        var management = Single(await CallAsync(HttpMethod.Get, "/clients?clientId=realm-management")).GetProperty("id").GetString();
        var role = (await CallAsync(HttpMethod.Get, $"/clients/{management}/roles/realm-admin")).Text;

        AssertError(
            await CallAsync(HttpMethod.Post, $"/users/{await UserAsync("kay")}/role-mappings/clients/{management}", $"[{role}]"),
            Forbidden,
            "HTTP 403 Forbidden",
            description: null);
    }

    [Fact]
    public async Task A_session_is_listed_and_ended()
    {
        var tokens = await SignInAsync("ben");
        var sessions = await CallAsync(HttpMethod.Get, $"/users/{await UserAsync("ben")}/sessions");
        Assert.Contains(sessions.Json.EnumerateArray(), each => each.GetProperty("id").ValueEquals(tokens["session_state"]));

        Assert.Equal(NoContent, (await CallAsync(HttpMethod.Delete, $"/sessions/{tokens["session_state"]}")).Status);

        AssertError(await RefreshAsync(tokens["refresh_token"]), BadRequest, "invalid_grant", "Session not active");
        AssertError(await CallAsync(HttpMethod.Delete, "/sessions/nothing-here"), NotFound, "Sesssion not found", description: null);
    }

    [Theory]
    [InlineData("rs512-worker", "RS512", "RSA")]
    [InlineData("ps256-worker", "PS256", "RSA")]
    [InlineData("es256-worker", "ES256", "EC")]
    [InlineData("es384-worker", "ES384", "EC")]
    [InlineData("es512-worker", "ES512", "EC")]
    [InlineData("eddsa-worker", "EdDSA", "OKP")]
    public async Task A_client_gets_tokens_of_its_algorithm_and_the_key_is_published(string clientId, string algorithm, string kind)
    {
        var token = (await Realm.GetServiceTokenAsync(clientId))["access_token"];

        var header = Jwt.Decode(token).Header;
        Assert.Equal(algorithm, header.GetProperty("alg").GetString());
        var key = (await Realm.GetAsync(Realm.CertsEndpoint)).Json.GetProperty("keys").EnumerateArray()
            .Single(each => each.GetProperty("kid").ValueEquals(header.GetProperty("kid").GetString()));
        Assert.Equal($"{kind} {algorithm} sig", $"{key.GetProperty("kty")} {key.GetProperty("alg")} {key.GetProperty("use")}");
        Assert.True((await Realm.IntrospectAsync(token, "orders-api")).Json.GetProperty("active").GetBoolean());
        Assert.False((await Realm.IntrospectAsync(Jwt.Tamper(token), "orders-api")).Json.GetProperty("active").GetBoolean());
    }

    [Fact]
    public async Task A_key_that_is_added_passive_is_published_and_signs_nothing_until_it_is_removed()
    {
        var added = await CallAsync(
            HttpMethod.Post,
            "/components",
            """
            {"name":"spare","providerId":"rsa-generated","providerType":"org.keycloak.keys.KeyProvider",
             "config":{"priority":["900"],"enabled":["true"],"active":["false"],"algorithm":["RS256"]}}
            """);
        Assert.Equal(Created, added.Status);
        var id = added.Location!.Segments[^1];
        var kid = (await CallAsync(HttpMethod.Get, "/keys")).Json.GetProperty("keys").EnumerateArray()
            .Single(each => each.GetProperty("providerId").ValueEquals(id)).GetProperty("kid").GetString()!;

        var certs = (await Realm.GetAsync(Realm.CertsEndpoint)).Text;
        var signedWith = Jwt.Decode((await Realm.GetServiceTokenAsync("plain-worker"))["access_token"]).Header.GetProperty("kid")
            .GetString();
        Assert.Equal(NoContent, (await CallAsync(HttpMethod.Delete, $"/components/{id}")).Status);

        Assert.Contains(kid, certs, StringComparison.Ordinal);
        Assert.NotEqual(kid, signedWith, StringComparer.Ordinal);
        Assert.DoesNotContain(kid, (await Realm.GetAsync(Realm.CertsEndpoint)).Text, StringComparison.Ordinal);
    }

    private static JsonElement Single(RealmAnswer answer) => Assert.Single(answer.Json.EnumerateArray().ToList());

    private async Task<string> UserAsync(string name) =>
        Single(await CallAsync(HttpMethod.Get, $"/users?username={name}&exact=true")).GetProperty("id").GetString()!;

    private async Task<RealmAnswer> CallAsync(HttpMethod method, string path, string? body = null)
    {
        var request = new HttpRequestMessage(method, Realm.AdminEndpoint + path);
        request.Headers.Authorization = new("Bearer", (await Realm.GetServiceTokenAsync("admin-tool"))["access_token"]);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        return await Realm.SendAsync(request);
    }

    private Task<RealmAnswer> SignInAsync(string person) => Realm.PostAsync(
        Realm.TokenEndpoint, clientId: null, ("client_id", "cli"), ("grant_type", "password"), ("username", person), ("password", person));

    private Task<RealmAnswer> RefreshAsync(string token) => Realm.PostAsync(
        Realm.TokenEndpoint, clientId: null, ("client_id", "cli"), ("grant_type", "refresh_token"), ("refresh_token", token));
}

public sealed class EmbeddedAdministrationTests(EmbeddedRealmUnderTest realm) : AdministrationTests(realm);

public sealed class KeycloakAdministrationTests(KeycloakUnderTest realm) : AdministrationTests(realm);
