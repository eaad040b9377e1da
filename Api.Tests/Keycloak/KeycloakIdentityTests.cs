using System.Security.Claims;
using Api.Keycloak;

namespace Api.Tests.Keycloak;

/// <summary>Reading who is calling out of a token's claims: what is malformed is denied, what is absent is told from what is empty.</summary>
public sealed class KeycloakIdentityTests
{
    [Fact]
    public void The_three_kinds_of_roles_are_read_apart()
    {
        var identity = Read(
            ("realm_access", """{"roles":["staff","same"]}"""),
            ("resource_access", """{"acme-api":{"roles":["same"]},"other":{"roles":["same"]}}"""),
            ("groups", "/same"),
            ("groups", "/operations/leads"))!;

        Assert.Equal(
            [
                "Keycloak group /operations/leads", "Keycloak group /same", "realm role same", "realm role staff",
                "role same of client acme-api", "role same of client other",
            ],
            identity.Roles.Select(role => role.ToString()).Order(StringComparer.Ordinal));
        Assert.True(identity.HasRoleClaims);
    }

    [Theory]
    [InlineData("realm_access", "[]")]
    [InlineData("realm_access", "\"staff\"")]
    [InlineData("realm_access", "{")]
    [InlineData("realm_access", "")]
    [InlineData("realm_access", """{"roles":"staff"}""")]
    [InlineData("realm_access", """{"roles":[1]}""")]
    [InlineData("realm_access", """{"roles":[null]}""")]
    [InlineData("realm_access", """{"roles":{"staff":true}}""")]
    [InlineData("resource_access", "[]")]
    [InlineData("resource_access", """{"acme-api":["book-reader"]}""")]
    [InlineData("resource_access", """{"acme-api":{"roles":"book-reader"}}""")]
    [InlineData("resource_access", """{"":{"roles":["book-reader"]}}""")]
    [InlineData("resource_access", """{"acme-api":{"roles":[{"name":"book-reader"}]}}""")]
    public void A_malformed_roles_claim_denies_the_whole_token(string type, string value)
    {
        var identity = KeycloakIdentity.Read(Principal((type, value)), out var error);

        Assert.Null(identity);
        Assert.Contains("realm_access or resource_access", error, StringComparison.Ordinal);
    }

    [Fact]
    public void No_roles_claim_is_told_from_an_empty_one()
    {
        Assert.False(Read()!.HasRoleClaims);
        Assert.True(Read(("realm_access", """{"roles":[]}"""))!.HasRoleClaims);
        Assert.True(Read(("resource_access", "{}"))!.HasRoleClaims);
        Assert.Empty(Read(("realm_access", "{}"))!.Roles);
    }

    [Theory]
    [InlineData("iss")]
    [InlineData("sub")]
    [InlineData("azp")]
    public void A_token_without_issuer_subject_or_client_is_nobodys(string type)
    {
        var claims = Principal().Claims.Where(claim => claim.Type != type);
        Assert.Null(KeycloakIdentity.Read(new(new ClaimsIdentity(claims, "test")), out _));

        var twice = Principal((type, "another"));
        Assert.Null(KeycloakIdentity.Read(twice, out _));
    }

    [Fact]
    public void A_service_is_known_by_naming_its_client_twice()
    {
        Assert.Equal(AccountKind.Service, Read(("client_id", "client"))!.Kind);
        Assert.Equal("client", Read(("client_id", "client"), ("preferred_username", "service-account-client"))!.Username);
        Assert.Equal(AccountKind.Person, Read(("client_id", "another"))!.Kind);
        Assert.Equal(AccountKind.Person, Read(("preferred_username", "service-account-client"))!.Kind);
    }

    [Theory]
    [InlineData("scope", "books:read\topenid")]
    [InlineData("scope", "books:read\u00a0openid")]
    [InlineData("scope", "{\"books:read\":true}")]
    [InlineData("scope", "books:read", "openid")]
    [InlineData("sid", "one", "two")]
    public void A_malformed_scope_or_session_denies_the_whole_token(string type, params string[] values)
    {
        Assert.Null(KeycloakIdentity.Read(Principal([.. values.Select(value => (type, value))]), out var error));
        Assert.Contains("scope or sid", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Scopes_are_words()
    {
        Assert.Equal(["books:read", "openid"], Read(("scope", " openid  books:read "))!.Scopes.Order(StringComparer.Ordinal));
        Assert.Empty(Read()!.Scopes);
    }

    private static KeycloakIdentity? Read(params (string Type, string Value)[] claims) => KeycloakIdentity.Read(Principal(claims), out _);

    private static ClaimsPrincipal Principal(params (string Type, string Value)[] claims) => new(new ClaimsIdentity(
        [
            new("iss", "https://sso.test/realms/acme"), new("sub", "subject"), new("azp", "client"),
            .. claims.Select(claim => new Claim(claim.Type, claim.Value)),
        ],
        "test"));
}
