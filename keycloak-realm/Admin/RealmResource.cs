using System.Text.Json.Nodes;

namespace KeycloakRealm.Admin;

internal static class RealmResource
{
    public static AdminAnswer Read(AdminRequest request)
    {
        var realm = request.Realm;
        return AdminAnswer.Ok(new JsonObject
        {
            ["id"] = realm.Id,
            ["realm"] = realm.Name,
            ["displayName"] = realm.DisplayName,
            ["notBefore"] = realm.NotBefore,
            ["defaultSignatureAlgorithm"] = realm.DefaultSignatureAlgorithm,
            ["revokeRefreshToken"] = realm.RevokeRefreshToken,
            ["refreshTokenMaxReuse"] = realm.RefreshTokenMaxReuse,
            ["accessTokenLifespan"] = realm.AccessTokenLifespan,
            ["ssoSessionIdleTimeout"] = realm.SsoSessionIdleTimeout,
            ["ssoSessionMaxLifespan"] = realm.SsoSessionMaxLifespan,
            ["offlineSessionIdleTimeout"] = realm.OfflineSessionIdleTimeout,
            ["clientSessionIdleTimeout"] = realm.ClientSessionIdleTimeout,
            ["clientSessionMaxLifespan"] = realm.ClientSessionMaxLifespan,
            ["accessCodeLifespan"] = realm.AccessCodeLifespan,
            ["accessCodeLifespanLogin"] = realm.AccessCodeLifespanLogin,
            ["enabled"] = realm.Enabled,
            ["loginWithEmailAllowed"] = realm.LoginWithEmailAllowed,
        });
    }

    /// <summary>
    /// A not-before applies at once to every token, the caller's own included. Members without a meaning here are ignored.
    /// </summary>
    public static AdminAnswer Change(AdminRequest request)
    {
        if (request.Representation("realm", "RealmRepresentation", out var refusal) is not { } body)
        {
            return refusal;
        }

        var realm = request.Realm;
        return new Changes(body)
            .Text("displayName", value => realm.DisplayName = value)
            .Flag("enabled", value => realm.Enabled = value)
            .Flag("loginWithEmailAllowed", value => realm.LoginWithEmailAllowed = value)
            .Text("defaultSignatureAlgorithm", value => realm.DefaultSignatureAlgorithm = value)
            .Number("notBefore", value => realm.NotBefore = value)
            .Flag("revokeRefreshToken", value => realm.RevokeRefreshToken = value)
            .Number("refreshTokenMaxReuse", value => realm.RefreshTokenMaxReuse = value)
            .Number("accessTokenLifespan", value => realm.AccessTokenLifespan = value)
            .Number("accessCodeLifespan", value => realm.AccessCodeLifespan = value)
            .Number("accessCodeLifespanLogin", value => realm.AccessCodeLifespanLogin = value)
            .Number("ssoSessionIdleTimeout", value => realm.SsoSessionIdleTimeout = value)
            .Number("ssoSessionMaxLifespan", value => realm.SsoSessionMaxLifespan = value)
            .Number("clientSessionIdleTimeout", value => realm.ClientSessionIdleTimeout = value)
            .Number("clientSessionMaxLifespan", value => realm.ClientSessionMaxLifespan = value)
            .Number("offlineSessionIdleTimeout", value => realm.OfflineSessionIdleTimeout = value)
            .Apply();
    }

    /// <summary>Keycloak sends the not-before to clients with an admin URL; there are none here.</summary>
    public static AdminAnswer PushRevocation(AdminRequest request) => AdminAnswer.Ok(new JsonObject());
}
