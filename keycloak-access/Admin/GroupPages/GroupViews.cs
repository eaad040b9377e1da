using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Groups;

namespace KeycloakAccess.Admin.GroupPages;

/// <summary>The list of groups, with part of a name as its filter.</summary>
public sealed record GroupListView(IReadOnlyList<GroupResponse> Groups, string? Search, Paging Paging);

/// <summary>One group with everything that hangs on it.</summary>
public sealed record GroupView
{
    public required GroupResponse Group { get; init; }
    public required PermissionMatrixView Matrix { get; init; }

    /// <summary>What the viewer does not hold of what it grants or denies: then they cannot change it, or who is in it.</summary>
    public required IReadOnlyList<string> Lacking { get; init; }
    public required IReadOnlyList<RoleMappingView> Mappings { get; init; }

    /// <summary>How many mappings there are besides.</summary>
    public required int MoreMappings { get; init; }

    /// <summary>One page; <see langword="null"/> where the viewer may not look at access, or everybody is a member.</summary>
    public required IReadOnlyList<GroupMemberView>? Members { get; init; }
    public required Paging Paging { get; init; }
    public required IReadOnlyList<ActivityView> Happened { get; init; }

    /// <summary>The form that puts an account into it.</summary>
    public FormInput Join { get; init; } = FormInput.Create();

    public string Path => $"/admin/groups/{Group.Id}";
}

/// <summary>An account that is in a group, and what put it there.</summary>
public sealed record GroupMemberView(Guid AccountId, string Username, bool Enabled, IReadOnlyList<string> Because, bool Direct);

/// <summary>The form of a group, which has no id while it is new.</summary>
public sealed record GroupFormView(Guid? Id, string? Name, FormInput Input, PermissionMatrixView Matrix, IReadOnlyList<string> Lacking)
{
    public string Path => Id is null ? "/admin/groups/new" : $"/admin/groups/{Id}/edit";
}

/// <summary>
/// The question whether a group is to be deleted, with the first mappings and direct members that go with it; no members where
/// the viewer may not look at access.
/// </summary>
public sealed record DeleteGroupView(
    GroupResponse Group,
    IReadOnlyList<RoleMappingView> Mappings,
    int MoreMappings,
    IReadOnlyList<GroupMemberView>? Direct,
    bool HasMoreDirect,
    FormInput Input)
{
    public string Path => $"/admin/groups/{Group.Id}";
}
