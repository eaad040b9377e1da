using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Access;

/// <summary>Where somebody is given what they were refused.</summary>
internal static class GivePath
{
    public static string Of(Guid accountId, Permission permission) => $"/admin/access/give/{accountId}/{permission}";
}
