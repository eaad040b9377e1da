using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

/// <summary>The realm <c>master</c> has one account: the administrator, who may do everything in the served realms.</summary>
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
            ["roles"] = new JsonObject
            {
                ["realm"] = new JsonArray(new JsonObject { ["name"] = "admin", ["description"] = "${role_admin}" }),
            },
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

        // Keycloak lets the administrator sign in without e-mail and name.
        imported.Realm.Profile = UserProfile.None;
        return imported;
    }
}
