using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;

namespace KeycloakAccess.Admin.AccessPages;

/// <summary>The question whether somebody may do something, and its answer.</summary>
/// <param name="Input">What stands in the form.</param>
/// <param name="Permissions">The permissions that can be asked about.</param>
/// <param name="Answer">The answer, where something was asked.</param>
/// <param name="Choices">The accounts of the name that was asked about, where there are several.</param>
public sealed record AccessView(FormInput Input, IReadOnlyList<string> Permissions, AccessAnswerView? Answer, IReadOnlyList<AccessChoice> Choices);

/// <summary>One of several accounts of a name.</summary>
/// <param name="Subject">Keycloak's id of it.</param>
/// <param name="Kind"><c>person</c> or <c>service</c>.</param>
/// <param name="Enabled">Whether it is enabled.</param>
/// <param name="Path">The same question about this one.</param>
public sealed record AccessChoice(string Subject, string Kind, bool Enabled, string Path);

/// <summary>An answer.</summary>
/// <param name="IsAllowed">Whether they may.</param>
/// <param name="Sentence">The answer in a sentence.</param>
/// <param name="AccountPath">The page of whom it is about.</param>
/// <param name="WhoPath">The question turned round.</param>
/// <param name="Grants">The grant paths that grant it.</param>
/// <param name="Denials">The grant paths that deny it.</param>
/// <param name="Remedies">What would have to change for a yes.</param>
/// <param name="Notes">What is odd about the question or the answer.</param>
public sealed record AccessAnswerView(
    bool IsAllowed,
    string Sentence,
    string AccountPath,
    string WhoPath,
    IReadOnlyList<IReadOnlyList<GrantPathStep>> Grants,
    IReadOnlyList<IReadOnlyList<GrantPathStep>> Denials,
    IReadOnlyList<string> Remedies,
    IReadOnlyList<string> Notes);

/// <summary>Who may do something.</summary>
/// <param name="Input">What stands in the form.</param>
/// <param name="Permissions">The permissions that can be asked about.</param>
/// <param name="Permission">The permission that was asked about.</param>
/// <param name="Groups">The first groups that grant it, by name.</param>
/// <param name="MoreGroups">How many more do.</param>
/// <param name="Accounts">One page of those who may, each with what makes it so.</param>
/// <param name="First">The first page, where this is another.</param>
/// <param name="Next">The next page, where there is one.</param>
public sealed record WhoMayView(
    FormInput Input, IReadOnlyList<string> Permissions, string? Permission, IReadOnlyList<WhoMayGroup> Groups, int MoreGroups, IReadOnlyList<WhoMayLine> Accounts, string? First, string? Next);

/// <summary>A group that grants what was asked about.</summary>
/// <param name="Id">The group.</param>
/// <param name="Name">Its name.</param>
/// <param name="IsDefault">Whether every account is in it.</param>
public sealed record WhoMayGroup(Guid Id, string Name, bool IsDefault);

/// <summary>Somebody who may.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="Username">Its name.</param>
/// <param name="Kind"><c>person</c> or <c>service</c>.</param>
/// <param name="Because">The first of the groups, each with what put the account there, and how many more there are.</param>
/// <param name="Path">The whole explanation.</param>
public sealed record WhoMayLine(Guid AccountId, string Username, string Kind, IReadOnlyList<string> Because, string Path);
