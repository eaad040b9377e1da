using System.Text.Json;
using Api.Tests.Infrastructure;

namespace Api.Tests.Realm;

public abstract class ClaimsOfServicesTests(RealmUnderTest realm) : RealmTests(realm)
{
    private const string Claims =
        "exp iat jti iss aud sub typ azp acr scope email_verified preferred_username client_id clientHost clientAddress";

    [Theory]
    [InlineData("acme-reader", "dda55613-dfdb-5732-9d2a-50f523a3fbec", "book-reader")]
    [InlineData("acme-writer", "365f145c-7a76-54b7-a85d-c2d58126e81b", "book-editor book-reader")]
    [InlineData("acme-nobody", "380c678b-a125-5b6d-9aaf-855cde10b7a1", null)]
    public async Task An_access_token_says_who_the_service_is_and_what_it_may_do(string clientId, string subject, string? roles)
    {
        var token = Jwt.Decode((await Realm.GetServiceTokenAsync(clientId))["access_token"]);

        AssertMembers(roles is null ? Claims : $"{Claims} resource_access", token.Payload);
        Assert.Equal(Realm.Issuer, token["iss"]);
        Assert.Equal("acme-api", token["aud"]);
        Assert.Equal(subject, token["sub"]);
        Assert.Equal("Bearer", token["typ"]);
        Assert.Equal(clientId, token["azp"]);
        Assert.Equal(clientId, token["client_id"]);
        Assert.Equal("1", token["acr"]);
        Assert.Equal($"service-account-{clientId}", token["preferred_username"]);
        Assert.Equal(JsonValueKind.False, token.Payload.GetProperty("email_verified").ValueKind);
        AssertWords("profile email", token["scope"]);
        if (roles is not null)
        {
            AssertMembers("acme-api", token.Payload.GetProperty("resource_access"));
            AssertMembers("roles", token.Payload.GetProperty("resource_access").GetProperty("acme-api"));
            AssertSet(roles, token.Payload.GetProperty("resource_access").GetProperty("acme-api").GetProperty("roles"));
        }
    }

    [Fact]
    public async Task An_access_token_names_the_callers_address()
    {
        var token = Jwt.Decode((await Realm.GetServiceTokenAsync("acme-reader"))["access_token"]);

        Assert.Equal(Realm.CallerAddress ?? token["clientHost"], token["clientHost"]);
        Assert.Equal(token["clientHost"], token["clientAddress"]);
    }

    [Fact]
    public async Task An_access_token_lives_five_minutes_from_now()
    {
        var before = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var token = Jwt.Decode((await Realm.GetServiceTokenAsync("acme-reader"))["access_token"]);
        var after = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

        Assert.InRange(token.Number("iat"), before, after);
        AssertSeconds(300, token.Number("exp") - token.Number("iat"));
    }

    [Fact]
    public async Task The_header_of_an_access_token_names_the_signing_key()
    {
        var token = Jwt.Decode((await Realm.GetServiceTokenAsync("acme-reader"))["access_token"]);
        var certs = await Realm.GetAsync(Realm.CertsEndpoint);

        AssertMembers("alg typ kid", token.Header);
        Assert.Equal("RS256", token.Header.GetProperty("alg").GetString());
        Assert.Equal("JWT", token.Header.GetProperty("typ").GetString());
        Assert.True(token.IsSignedBy(certs.Json));
    }

    [Fact]
    public async Task The_id_of_an_access_token_says_how_it_was_obtained()
    {
        var token = Jwt.Decode((await Realm.GetServiceTokenAsync("acme-reader"))["access_token"]);

        Assert.Matches("^trrtcc:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", token["jti"]);
    }

    [Theory]
    [InlineData("acme-reader")]
    [InlineData("acme-writer")]
    [InlineData("acme-nobody")]
    public async Task An_ID_token_of_a_service_is_for_that_service(string clientId)
    {
        var answer = await Realm.GetServiceTokenAsync(clientId, "openid");
        var token = Jwt.Decode(answer["id_token"]);

        AssertMembers("alg typ kid", token.Header);
        AssertMembers(
            "exp iat jti iss aud sub typ azp at_hash acr email_verified preferred_username client_id clientHost clientAddress",
            token.Payload);
        Assert.Equal("ID", token["typ"]);
        Assert.Equal(clientId, token["aud"]);
        Assert.Equal(clientId, token["azp"]);
        Assert.Equal(AccessTokenHash(answer["access_token"]), token["at_hash"]);
        Assert.True(token.IsSignedBy((await Realm.GetAsync(Realm.CertsEndpoint)).Json));
    }
}

public sealed class EmbeddedClaimsOfServicesTests(EmbeddedRealmUnderTest realm) : ClaimsOfServicesTests(realm);

public sealed class KeycloakClaimsOfServicesTests(KeycloakUnderTest realm) : ClaimsOfServicesTests(realm);
