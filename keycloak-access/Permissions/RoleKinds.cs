using KeycloakAccess.Authentication;

namespace KeycloakAccess.Permissions;

internal static class RoleKinds
{
    public const string RealmRole = "realm-role";
    public const string ClientRole = "client-role";
    public const string KeycloakGroup = "keycloak-group";

    public static readonly IReadOnlyList<string> All = [RealmRole, ClientRole, KeycloakGroup];

    public static string Write(RoleKind kind) => kind switch
    {
        RoleKind.RealmRole => RealmRole,
        RoleKind.ClientRole => ClientRole,
        _ => KeycloakGroup,
    };

    public static RoleKind Parse(string text) => text switch
    {
        RealmRole => RoleKind.RealmRole,
        ClientRole => RoleKind.ClientRole,
        KeycloakGroup => RoleKind.KeycloakGroup,
        _ => throw new ArgumentOutOfRangeException(nameof(text), text, "No kind of role."),
    };
}
