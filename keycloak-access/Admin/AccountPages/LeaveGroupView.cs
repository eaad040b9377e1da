using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.Forms;

namespace KeycloakAccess.Admin.AccountPages;

/// <summary>The question whether an account is to be taken out of a group.</summary>
/// <param name="Account">The account.</param>
/// <param name="GroupId">The group.</param>
/// <param name="GroupName">The group's name.</param>
/// <param name="Input">What stands in the form.</param>
/// <param name="IsFromGroup">Whether the question was asked on the page of the group: then one comes back there.</param>
public sealed record LeaveGroupView(AccountResponse Account, Guid GroupId, string GroupName, FormInput Input, bool IsFromGroup)
{
    /// <summary>The page to come back to.</summary>
    public (string Path, string Title) Back => IsFromGroup ? ($"/admin/groups/{GroupId}", GroupName) : ($"/admin/accounts/{Account.Id}", Account.Username);
}
