using KeycloakAccess.Admin.AccountPages;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.RoleMappingPages;
using KeycloakAccess.Groups;

namespace KeycloakAccess.Admin.GroupPages;

/// <summary>The list of groups.</summary>
/// <param name="Groups">One page.</param>
/// <param name="Search">Part of a name.</param>
/// <param name="First">The first page, where this is another.</param>
/// <param name="Next">The next page, where there is one.</param>
public sealed record GroupListView(IReadOnlyList<GroupResponse> Groups, string? Search, string? First, string? Next);

/// <summary>One group with everything that hangs on it.</summary>
/// <param name="Group">The group.</param>
/// <param name="Matrix">The permissions that there are.</param>
/// <param name="Lacking">What the viewer does not hold of what it grants or denies: then they cannot change it, or who is in it.</param>
/// <param name="Mappings">The first mappings that lead into it.</param>
/// <param name="MoreMappings">How many more there are.</param>
/// <param name="Members">One page of its members; <see langword="null"/> where the viewer may not look at access, or everybody is one.</param>
/// <param name="FirstMembers">The first page of members, where this is another.</param>
/// <param name="NextMembers">The next page of members, where there is one.</param>
/// <param name="Happened">What was done to it last.</param>
/// <param name="Join">The form that puts an account into it.</param>
public sealed record GroupView(
    GroupResponse Group,
    PermissionMatrixView Matrix,
    IReadOnlyList<string> Lacking,
    IReadOnlyList<RoleMappingView> Mappings,
    int MoreMappings,
    IReadOnlyList<GroupMemberView>? Members,
    string? FirstMembers,
    string? NextMembers,
    IReadOnlyList<ActivityView> Happened,
    FormInput Join)
{
    /// <summary>Its page.</summary>
    public string Path => $"/admin/groups/{Group.Id}";
}

/// <summary>An account that is in a group.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="Username">Its user name.</param>
/// <param name="Enabled">Whether it is enabled.</param>
/// <param name="Because">What put it there.</param>
/// <param name="Direct">Whether somebody's hand did.</param>
public sealed record GroupMemberView(Guid AccountId, string Username, bool Enabled, IReadOnlyList<string> Because, bool Direct);

/// <summary>The form that makes a group, or changes one.</summary>
/// <param name="Id">The group; <see langword="null"/> for a new one.</param>
/// <param name="Name">Its name as it is.</param>
/// <param name="Input">What stands in the form.</param>
/// <param name="Matrix">The permissions that there are.</param>
/// <param name="Lacking">What the viewer does not hold of what the group grants or denies now: then they cannot change it.</param>
/// <param name="Versions">Where somebody else has changed it meanwhile: both versions, field by field.</param>
public sealed record GroupFormView(
    Guid? Id, string? Name, FormInput Input, PermissionMatrixView Matrix, IReadOnlyList<string> Lacking, IReadOnlyList<VersionField>? Versions)
{
    /// <summary>Where the form is sent.</summary>
    public string Path => Id is null ? "/admin/groups/new" : $"/admin/groups/{Id}/edit";
}

/// <summary>Every permission that a group can grant or deny.</summary>
/// <param name="Everything">All of them at once.</param>
/// <param name="Actions">The actions that have a column of their own.</param>
/// <param name="Rows">A row for each model.</param>
/// <param name="Unknown">What the group holds and no model declares.</param>
public sealed record PermissionMatrixView(
    PermissionCellView Everything, IReadOnlyList<string> Actions, IReadOnlyList<PermissionRowView> Rows, IReadOnlyList<PermissionCellView> Unknown);

/// <summary>The permissions on one model.</summary>
/// <param name="Title">What people call the model.</param>
/// <param name="Every">All of its permissions at once.</param>
/// <param name="Cells">One for each action with a column; <see langword="null"/> where the model has no such action.</param>
/// <param name="Others">Those of its other actions.</param>
public sealed record PermissionRowView(string Title, PermissionCellView Every, IReadOnlyList<PermissionCellView?> Cells, IReadOnlyList<PermissionCellView> Others);

/// <summary>One permission, to be granted, denied or neither.</summary>
/// <param name="Permission"><c>model:action</c>.</param>
/// <param name="Action">The action, as people read it.</param>
/// <param name="MayHandOut">Whether the viewer holds it.</param>
public sealed record PermissionCellView(string Permission, string Action, bool MayHandOut);

/// <summary>The question whether a group is to be deleted.</summary>
/// <param name="Group">The group.</param>
/// <param name="Mappings">The first mappings that would go with it.</param>
/// <param name="MoreMappings">How many more there are.</param>
/// <param name="Direct">The first direct members; <see langword="null"/> where the viewer may not look at access.</param>
/// <param name="HasMoreDirect">Whether there are more.</param>
/// <param name="Input">What stands in the form.</param>
public sealed record DeleteGroupView(
    GroupResponse Group, IReadOnlyList<RoleMappingView> Mappings, int MoreMappings, IReadOnlyList<GroupMemberView>? Direct, bool HasMoreDirect, FormInput Input)
{
    /// <summary>Its page.</summary>
    public string Path => $"/admin/groups/{Group.Id}";
}
