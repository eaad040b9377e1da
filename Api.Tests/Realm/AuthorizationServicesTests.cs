using System.Text.Json;
using Api.Tests.Infrastructure;

namespace Api.Tests.Realm;

/// <summary>Which clients have authorization services, and what their service accounts get for it.</summary>
public abstract class AuthorizationServicesTests(RealmUnderTest realm) : RealmTests(realm.Flows)
{
    [Fact]
    public async Task Settings_switch_them_on_whatever_else_the_file_says()
    {
        var token = Jwt.Decode((await Realm.GetServiceTokenAsync("settings-api"))["access_token"]);

        AssertSet("uma_protection", RolesOf(token, "settings-api"));
        AssertSet("uma_authorization offline_access default-roles-flows", token.Payload.GetProperty("realm_access").GetProperty("roles"));
    }

    [Fact]
    public async Task A_service_account_of_the_file_has_the_roles_that_the_file_gives_it()
    {
        var token = Jwt.Decode((await Realm.GetServiceTokenAsync("listed-api"))["access_token"]);

        Assert.False(token.Payload.TryGetProperty("resource_access", out _));
        Assert.False(token.Payload.TryGetProperty("realm_access", out _));
    }

    private static JsonElement RolesOf(Jwt token, string clientId) =>
        token.Payload.GetProperty("resource_access").GetProperty(clientId).GetProperty("roles");
}

public sealed class EmbeddedAuthorizationServicesTests(EmbeddedRealmUnderTest realm) : AuthorizationServicesTests(realm);

public sealed class KeycloakAuthorizationServicesTests(KeycloakUnderTest realm) : AuthorizationServicesTests(realm);
