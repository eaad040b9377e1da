using KeycloakAccess.Admin.Design;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Access;

/// <summary>Where somebody is given what they were refused.</summary>
internal static class GivePath
{
    public static string Of(Guid accountId, Permission permission) => Links.WithQuery(
        "/admin/access/give", ("account", accountId.ToString()), ("permission", permission.ToString()));
}
