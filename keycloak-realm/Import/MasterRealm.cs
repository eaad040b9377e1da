using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

/// <summary>
/// The realm <c>master</c>, in which Keycloak keeps its administrators: one account, and nothing else. Its tokens come by
/// the password grant of <c>admin-cli</c> and may do everything in the realm that is served.
/// </summary>
internal static class MasterRealm
{
    public const string Name = "master";

    public static ImportedRealm Create(NetworkCredential administrator)
    {
        var representation = new JsonObject
        {
            ["realm"] = Name,
            ["enabled"] = true,
            ["accessTokenLifespan"] = 60,
            ["roles"] = new JsonObject { ["realm"] = new JsonArray(new JsonObject { ["name"] = "admin", ["description"] = "${role_admin}" }) },
            ["users"] = new JsonArray(new JsonObject
            {
                ["username"] = administrator.UserName,
                ["enabled"] = true,
                ["realmRoles"] = new JsonArray("default-roles-master", "admin"),
                ["credentials"] = new JsonArray(new JsonObject { ["type"] = "password", ["value"] = administrator.Password }),
            }),
        };
        using var document = JsonDocument.Parse(representation.ToJsonString());
        var imported = new RealmImporter(new JsonPlace(document.RootElement, "$", new Placeholders(given: null))).Import();
        imported.Realm.Clients["admin-cli"].DirectAccessGrantsEnabled = true;

        // The administrator has neither e-mail nor name, and Keycloak lets them in.
        imported.Realm.Profile = UserProfile.None;
        return imported;
    }
}
