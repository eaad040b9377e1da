using System.Security.Claims;
using KeycloakAccess.Authentication;

namespace Api.Tests.Keycloak;

/// <summary>
/// Reading who is calling out of a token's claims: what is malformed is denied, what is absent is told from what is empty.
/// </summary>
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
        Assert.Null(KeycloakIdentity.Read(new(new ClaimsIdentity(claims.Append(new Claim(type, "")), "test")), out _));

        var twice = Principal((type, "another"));
        Assert.Null(KeycloakIdentity.Read(twice, out _));
    }

    [Fact]
    public void A_service_is_known_by_naming_its_client_twice()
    {
        Assert.Equal(AccountKind.Service, Read(("client_id", "client"))!.Kind);
        Assert.Equal("client", Read(("client_id", "client"), ("preferred_username", "service-account-client"))!.Username);
        Assert.Equal(AccountKind.Person, Read(("client_id", "another"))!.Kind);
        // As a mapper of before Keycloak 22 writes it.
        Assert.Equal(AccountKind.Service, Read(("clientId", "client"))!.Kind);
        Assert.Equal(AccountKind.Service, Read(("clientId", "client"), ("client_id", "client"))!.Kind);
        Assert.Equal(AccountKind.Person, Read(("clientId", "another"))!.Kind);
        Assert.Equal(AccountKind.Person, Read(("client_Id", "client"), ("CLIENTID", "client"))!.Kind);
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
    public void Everything_that_a_persons_token_says_is_read()
    {
        var identity = Read(
            ("preferred_username", "ada"),
            ("email", "ada@acme.test"),
            ("name", "Ada Lovelace"),
            ("sid", "session"),
            ("iat", "1700000000"),
            ("scope", "openid books:read"),
            ("realm_access", """{"roles":["staff"]}"""),
            ("resource_access", """{"acme-api":{"roles":["book-reader"]}}"""),
            ("groups", "/operations/leads"))!;

        Assert.Equal("https://sso.test/realms/acme", identity.Issuer);
        Assert.Equal("subject", identity.Subject);
        Assert.Equal(AccountKind.Person, identity.Kind);
        Assert.Equal("ada", identity.Username);
        Assert.Equal("ada@acme.test", identity.Email);
        Assert.Equal("Ada Lovelace", identity.Name);
        Assert.Equal("client", identity.ClientId);
        Assert.Equal("session", identity.SessionId);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000), identity.IssuedAt);
        Assert.Equal(["books:read", "openid"], identity.Scopes.Order(StringComparer.Ordinal));
        Assert.Equal(
            [
                new(RoleKind.RealmRole, "", "staff"),
                new(RoleKind.ClientRole, "acme-api", "book-reader"),
                new(RoleKind.KeycloakGroup, "", "/operations/leads"),
            ],
            identity.Roles.OrderBy(role => role.Kind));
        Assert.False(identity.IsSession);
    }

    [Fact]
    public void What_a_token_does_not_say_is_not_made_up_and_what_it_says_twice_is_not_chosen_from()
    {
        var silent = Read()!;
        Assert.Equal((null, null, null, null), (silent.Username, silent.Email, silent.Name, silent.SessionId));
        Assert.Empty(silent.Roles);

        var twice = Read(
            ("email", "one@acme.test"),
            ("email", "two@acme.test"),
            ("name", ""),
            ("preferred_username", "ada"),
            ("preferred_username", "bob"))!;
        Assert.Equal((null, null, null), (twice.Username, twice.Email, twice.Name));
        // A client that is named twice is no service's.
        Assert.Equal(AccountKind.Person, Read(("client_id", "client"), ("client_id", "client"))!.Kind);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1700000000", 1_700_000_000)]
    [InlineData("253402300799", 253_402_300_799)]
    // Past the last second that there is, and what is no number of seconds.
    [InlineData("253402300800", 0)]
    [InlineData("99999999999999999999", 0)]
    [InlineData("-1", 0)]
    [InlineData("+1", 0)]
    [InlineData(" 1", 0)]
    [InlineData("1.5", 0)]
    [InlineData("1e9", 0)]
    [InlineData("yesterday", 0)]
    [InlineData("", 0)]
    public void When_it_was_issued_is_a_number_of_seconds_or_the_beginning_of_time(string text, long seconds)
    {
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(seconds), Read(("iat", text))!.IssuedAt);
        Assert.Equal(DateTimeOffset.UnixEpoch, Read(("iat", "5"), ("iat", "5"))!.IssuedAt);
        Assert.Equal(DateTimeOffset.UnixEpoch, Read()!.IssuedAt);
    }

    [Fact]
    public void Only_a_sign_in_makes_a_session()
    {
        Claim[] claims = [.. Principal().Claims];

        Assert.True(KeycloakIdentity.Read(new(new ClaimsIdentity(claims, Schemes.SignIn)), out _)!.IsSession);
        Assert.False(KeycloakIdentity.Read(new(new ClaimsIdentity(claims, Schemes.Bearer)), out _)!.IsSession);
        Assert.False(KeycloakIdentity.Read(new(new ClaimsIdentity(claims)), out _)!.IsSession);
    }

    [Theory]
    [InlineData("groups", "/operations", true)]
    [InlineData("resource_access", """{"acme-api":{}}""", true)]
    [InlineData("realm_access", """{"roles":["staff"]}""", true)]
    [InlineData("roles", "staff", false)]
    [InlineData("Groups", "/operations", false)]
    public void Any_of_three_claims_says_roles(string type, string value, bool says) =>
        Assert.Equal(says, Read((type, value))!.HasRoleClaims);

    [Fact]
    public void Other_members_of_the_roles_claims_mean_nothing_and_clients_without_roles_have_none() => Assert.Equal(
        ["role a of client one", "role a of client two"],
        Read(
            ("realm_access", """{"verify_caller":true,"Roles":["staff"]}"""),
            (
                "resource_access",
                """{"one":{"verify_caller":true,"roles":["a"]},"two":{"roles":["a","a"]},"three":{},"four":{"roles":[]}}"""))!
            .Roles.Select(role => role.ToString()).Order(StringComparer.Ordinal));

    [Theory]
    // Half of a pair of surrogates is no text.
    [InlineData("realm_access", """{"roles":["\ud800"]}""")]
    [InlineData("resource_access", """{"\ud800":{"roles":["a"]}}""")]
    [InlineData("resource_access", """{"acme-api":{"roles":["a"]},"other":[]}""")]
    [InlineData("realm_access", """{"roles":["staff",1]}""")]
    [InlineData("realm_access", "null")]
    [InlineData("resource_access", "{} {}")]
    public void A_roles_claim_that_is_malformed_in_part_is_malformed(string type, string value) =>
        Assert.Null(KeycloakIdentity.Read(Principal((type, value)), out _));

    [Fact]
    public void Each_of_several_roles_claims_must_be_well_formed()
    {
        Assert.Equal(2, Read(("realm_access", """{"roles":["a"]}"""), ("realm_access", """{"roles":["b"]}"""))!.Roles.Count);
        Assert.Null(Read(("realm_access", """{"roles":["a"]}"""), ("realm_access", "[]")));
    }

    [Fact]
    public void What_is_wrong_is_said_with_the_place_in_Keycloak_and_without_a_value()
    {
        KeycloakIdentity.Read(new(new ClaimsIdentity([new("iss", "secret-issuer")], "test")), out var missing);
        Assert.Equal(
            "The token lacks one of iss, sub and azp. It is the client scope basic that brings sub. "
                + "In Keycloak: Clients → the calling client → Client scopes → Add client scope → basic (Default); "
                + "if it is there, Client scopes → basic → Mappers → sub → Add to access token: on.",
            missing);

        KeycloakIdentity.Read(Principal(("scope", "secret\tscope")), out var scope);
        Assert.Equal(
            "The token's scope or sid is not of the form that RFC 6749 and OpenID Connect give it. Look at the mappers of its client.",
            scope);

        KeycloakIdentity.Read(Principal(("realm_access", "secret-role")), out var roles);
        Assert.Equal(
            "The token's realm_access or resource_access is not of Keycloak's form. Look at the role mappers of its client.", roles);

        Assert.NotNull(KeycloakIdentity.Read(Principal(), out var nothing));
        Assert.Null(nothing);
    }

    [Theory]
    [InlineData("client", "another")]
    [InlineData("another", "client")]
    [InlineData("one", "two")]
    public void Two_names_of_the_client_that_differ_deny_the_whole_token(string named, string formerly)
    {
        Assert.Null(KeycloakIdentity.Read(Principal(("client_id", named), ("clientId", formerly)), out var error));
        Assert.Contains("client_id and clientId differ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a!b", true)]
    [InlineData("~", true)]
    [InlineData("", true)]
    [InlineData(" ", true)]
    [InlineData("books:read\u007f", false)]
    [InlineData("books:read\u001f", false)]
    [InlineData("books:read\n", false)]
    [InlineData("\"books:read\"", false)]
    [InlineData("books\\read", false)]
    [InlineData("bücher:lesen", false)]
    public void A_scope_is_of_the_letters_that_the_standard_allows(string scope, bool allowed)
    {
        Assert.Equal(allowed, Read(("scope", scope)) is not null);
        if (allowed)
        {
            Assert.Equal(scope.Split(' ', StringSplitOptions.RemoveEmptyEntries), Read(("scope", scope))!.Scopes);
        }
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
