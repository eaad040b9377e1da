using KeycloakAccess.Authentication;

namespace KeycloakAccess.Admin.Access;

internal static class RoleFormatter
{
    public static string Kind(RoleKind kind) => kind switch
    {
        RoleKind.RealmRole => "realm role",
        RoleKind.ClientRole => "client role",
        _ => "Keycloak group",
    };

    public static string Name(string client, string name) => client.Length > 0 ? $"{client} / {name}" : name;
}
