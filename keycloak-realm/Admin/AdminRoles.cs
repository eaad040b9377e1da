namespace KeycloakRealm.Admin;

/// <summary>Roles of the client <c>realm-management</c>, which every realm has.</summary>
internal static class AdminRoles
{
    public const string Client = "realm-management";

    public const string Impersonation = "impersonation";
    public const string ManageClients = "manage-clients";
    public const string ManageRealm = "manage-realm";
    public const string ManageUsers = "manage-users";
    public const string QueryGroups = "query-groups";
    public const string ViewClients = "view-clients";
    public const string ViewEvents = "view-events";
    public const string ViewIdentityProviders = "view-identity-providers";
    public const string ViewRealm = "view-realm";
    public const string ViewUsers = "view-users";
}
