using System.Text.Json;
using Api.Tests.Infrastructure;

namespace Api.Tests.Realm;

public abstract class ClaimsOfPeopleTests(RealmUnderTest realm) : RealmTests(realm)
{
    private const string Person = "email_verified name preferred_username given_name family_name email";
    private const string Sessions = "exp iat auth_time jti iss aud sub typ azp sid acr";
    private const string EveryonesRealmRoles = "default-roles-acme offline_access uma_authorization";
    private const string EveryonesAccountRoles = "manage-account manage-account-links view-profile";

    /// <summary>Every person of the realm who may sign in, at every client that signs people in.</summary>
    public static TheoryData<string, string> SignIns
    {
        get
        {
            var signIns = new TheoryData<string, string>();
            foreach (var person in (string[])["ada", "grace", "linus", "nora"])
            {
                signIns.Add("acme-admin", person);
                signIns.Add("acme-spa", person);
            }

            return signIns;
        }
    }

    [Theory]
    [MemberData(nameof(SignIns))]
    public async Task Tokens_say_who_the_person_is_and_what_they_may_do(string clientId, string person)
    {
        var signedIn = await Realm.SignInAsync(clientId, person);
        var expected = ExpectationOf(person);
        var groups = expected.Groups is null ? string.Empty : " groups";
        var origins = clientId is "acme-spa" ? " allowed-origins" : string.Empty;
        var certs = await Realm.GetAsync(Realm.CertsEndpoint);

        var access = Jwt.Decode(signedIn.AccessToken);
        AssertMembers("alg typ kid", access.Header);
        Assert.Equal("JWT", access.Header.GetProperty("typ").GetString());
        Assert.True(access.IsSignedBy(certs.Json));
        AssertMembers($"{Sessions} {Person} scope realm_access resource_access{groups}{origins}", access.Payload);
        AssertCommon(access, "Bearer");
        AssertSet("acme-api account", access.Payload.GetProperty("aud"));
        AssertRoles(access);
        AssertWords("openid profile email", access["scope"]);
        Assert.StartsWith("onrtac:", access["jti"], StringComparison.Ordinal);
        if (origins.Length > 0)
        {
            AssertSet($"{Realm.ApiUrl} http://localhost:5173", access.Payload.GetProperty("allowed-origins"));
        }

        var id = Jwt.Decode(signedIn.IdToken);
        AssertMembers("alg typ kid", id.Header);
        Assert.Equal("JWT", id.Header.GetProperty("typ").GetString());
        Assert.True(id.IsSignedBy(certs.Json));
        var roles = clientId is "acme-admin" ? " realm_access resource_access" : string.Empty;
        AssertMembers($"{Sessions} {Person} nonce at_hash{groups}{roles}", id.Payload);
        AssertCommon(id, "ID");
        Assert.Equal(clientId, id["aud"]);
        Assert.Equal(signedIn.Request["nonce"], id["nonce"]);
        Assert.Equal(AccessTokenHash(signedIn.AccessToken), id["at_hash"]);
        if (roles.Length > 0)
        {
            AssertRoles(id);
        }

        void AssertCommon(Jwt token, string type)
        {
            Assert.Equal(Realm.Issuer, token["iss"]);
            Assert.Equal(expected.Subject, token["sub"]);
            Assert.Equal(type, token["typ"]);
            Assert.Equal(clientId, token["azp"]);
            Assert.Equal(signedIn.SessionId, token["sid"]);
            Assert.Equal("1", token["acr"]);
            AssertSeconds(300, token.Number("exp") - token.Number("iat"));
            Assert.InRange(token.Number("auth_time"), token.Number("iat") - 10, token.Number("iat"));
            Assert.Equal(JsonValueKind.True, token.Payload.GetProperty("email_verified").ValueKind);
            Assert.Equal($"{expected.GivenName} {expected.FamilyName}", token["name"]);
            Assert.Equal(expected.GivenName, token["given_name"]);
            Assert.Equal(expected.FamilyName, token["family_name"]);
            Assert.Equal(person, token["preferred_username"]);
            Assert.Equal($"{person}@acme.test", token["email"]);
            if (expected.Groups is not null)
            {
                AssertSet(expected.Groups, token.Payload.GetProperty("groups"));
            }
        }

        void AssertRoles(Jwt token)
        {
            var realmAccess = token.Payload.GetProperty("realm_access");
            AssertMembers("roles", realmAccess);
            AssertSet(expected.RealmRoles, realmAccess.GetProperty("roles"));
            var resourceAccess = token.Payload.GetProperty("resource_access");
            AssertMembers("acme-api account", resourceAccess);
            AssertSet(expected.ApiRoles, resourceAccess.GetProperty("acme-api").GetProperty("roles"));
            AssertSet(EveryonesAccountRoles, resourceAccess.GetProperty("account").GetProperty("roles"));
        }
    }

    [Theory]
    [MemberData(nameof(SignIns))]
    public async Task A_refresh_token_is_the_realms_own(string clientId, string person)
    {
        var signedIn = await Realm.SignInAsync(clientId, person);
        var token = Jwt.Decode(signedIn.RefreshToken);

        AssertMembers("alg typ kid", token.Header);
        Assert.Equal("HS512", token.Header.GetProperty("alg").GetString());
        Assert.Equal("JWT", token.Header.GetProperty("typ").GetString());
        AssertMembers("exp iat jti iss aud sub typ azp sid scope aud_x prov reuse_id", token.Payload);
        Assert.Equal(Realm.Issuer, token["iss"]);
        Assert.Equal(Realm.Issuer, token["aud"]);
        Assert.Equal(ExpectationOf(person).Subject, token["sub"]);
        Assert.Equal("Refresh", token["typ"]);
        Assert.Equal(clientId, token["azp"]);
        Assert.Equal(signedIn.SessionId, token["sid"]);
        Assert.Equal("default", token["prov"]);
        var origins = clientId is "acme-spa" ? " web-origins" : string.Empty;
        AssertWords($"openid profile email acr basic roles groups acme-api{origins}", token["scope"]);
        AssertSet("acme-api account", token.Payload.GetProperty("aud_x"));
        AssertSeconds(1800, token.Number("exp") - token.Number("iat"));
    }

    [Fact]
    public async Task The_secret_of_refresh_tokens_is_not_published()
    {
        var signedIn = await Realm.SignInAsync("acme-spa", "nora");
        var kid = Jwt.Decode(signedIn.RefreshToken).Header.GetProperty("kid").GetString();
        var certs = await Realm.GetAsync(Realm.CertsEndpoint);

        Assert.DoesNotContain(
            kid,
            certs.Json.GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("kid").GetString()),
            StringComparer.Ordinal);
    }

    [Fact]
    public async Task Without_openid_there_is_no_ID_token()
    {
        var signedIn = await Realm.SignInAsync("acme-spa", "nora", scope: "email");

        AssertMembers(
            "access_token expires_in refresh_expires_in refresh_token token_type not-before-policy session_state scope",
            signedIn.Tokens.Json);
        AssertWords("profile email", signedIn.Tokens["scope"]);
        AssertWords("profile email", Jwt.Decode(signedIn.AccessToken)["scope"]);
    }

    [Fact]
    public async Task An_optional_scope_of_the_client_is_granted_to_a_person()
    {
        var signedIn = await Realm.SignInAsync("acme-spa", "nora", scope: "openid books:read");

        AssertWords("openid books:read profile email", signedIn.Tokens["scope"]);
        AssertWords("openid books:read profile email", Jwt.Decode(signedIn.AccessToken)["scope"]);
        AssertSet(EveryonesRealmRoles, Jwt.Decode(signedIn.AccessToken).Payload.GetProperty("realm_access").GetProperty("roles"));
    }

    private static Expectation ExpectationOf(string person) => person switch
    {
        "ada" => new(
            "ba7ccfa8-8939-52cd-9c73-10b794570992",
            "Ada",
            "Lovelace",
            $"{EveryonesRealmRoles} superuser staff",
            "book-reader book-editor group-manager",
            Groups: null),
        "grace" => new(
            "08eb8b5c-c029-5225-8b5e-4dd3079dbfd8",
            "Grace",
            "Hopper",
            $"{EveryonesRealmRoles} staff",
            "book-reader book-editor",
            Groups: null),
        "linus" => new(
            "a5e27546-95b4-51c9-bce8-0851b9e4a348",
            "Linus",
            "Torvalds",
            $"{EveryonesRealmRoles} staff",
            "book-reader group-manager",
            "/operations/leads"),
        "nora" => new(
            "d8fa412e-23ce-5e3e-be07-628a81c983de",
            "Nora",
            "Roberts",
            EveryonesRealmRoles,
            "book-reader",
            Groups: null),
        _ => throw new ArgumentOutOfRangeException(nameof(person), person, "Nobody of the realm who may sign in."),
    };

    private sealed record Expectation(
        string Subject,
        string GivenName,
        string FamilyName,
        string RealmRoles,
        string ApiRoles,
        string? Groups);
}

public sealed class EmbeddedClaimsOfPeopleTests(EmbeddedRealmUnderTest realm) : ClaimsOfPeopleTests(realm);

public sealed class KeycloakClaimsOfPeopleTests(KeycloakUnderTest realm) : ClaimsOfPeopleTests(realm);
