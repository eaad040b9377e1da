namespace KeycloakRealm.Account;

/// <summary>Roles of the client <c>account</c>, which every realm has.</summary>
internal static class AccountRoles
{
    public const string Client = "account";

    public const string ManageAccount = "manage-account";
    public const string ManageConsent = "manage-consent";
    public const string ViewApplications = "view-applications";
    public const string ViewConsent = "view-consent";
    public const string ViewGroups = "view-groups";
    public const string ViewProfile = "view-profile";
}
