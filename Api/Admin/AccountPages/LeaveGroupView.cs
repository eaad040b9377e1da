using Api.Accounts;
using Api.Admin.Forms;

namespace Api.Admin.AccountPages;

/// <summary>The question whether an account is to be taken out of a group.</summary>
/// <param name="Account">The account.</param>
/// <param name="GroupId">The group.</param>
/// <param name="GroupName">The group's name.</param>
/// <param name="Input">What stands in the form.</param>
public sealed record LeaveGroupView(AccountResponse Account, Guid GroupId, string GroupName, FormInput Input);
