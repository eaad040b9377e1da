using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Groups;

namespace KeycloakAccess.Admin.GroupPages;

public sealed record GroupListView(IReadOnlyList<GroupResponse> Groups, string? Search, Paging Paging);

public sealed record GroupView
{
    public required GroupResponse Group { get; init; }
    public required PermissionMatrixView Matrix { get; init; }

    /// <summary>What the viewer lacks of what the group grants or denies: then they change neither it nor its members.</summary>
    public required IReadOnlyList<string> Lacking { get; init; }
    public required IReadOnlyList<RoleMappingView> Mappings { get; init; }
    public required int MoreMappings { get; init; }

    /// <summary>One page; <see langword="null"/> where the viewer may not look at access, or everybody is a member.</summary>
    public required IReadOnlyList<GroupMemberView>? Members { get; init; }

    /// <summary>None where the viewer may not look at access.</summary>
    public required GroupMemberCount? Count { get; init; }
    public required Paging Paging { get; init; }
    public required IReadOnlyList<ActivityView> Happened { get; init; }
    public FormInput Join { get; init; } = FormInput.Create();

    public string Path => $"/admin/groups/{Group.Id}";
}

public sealed record GroupMemberView(
    Guid AccountId, string Username, bool Enabled, IReadOnlyList<string> Because, bool Direct, DateTimeOffset? Until = null);

/// <summary>Memberships by hand that end by themselves, those first that end first.</summary>
public sealed record EndingListView(IReadOnlyList<EndingView> Memberships, Paging Paging);

/// <summary>In a button of the list, <c>Later</c> is what the membership is extended to, by the reader's clock.</summary>
public sealed record EndingView(MembershipName Name, DateTimeOffset Until, string Later, string? Reason);

public sealed record MembershipName(Guid GroupId, string GroupName, Guid AccountId, string Username)
{
    public string Path => $"/admin/groups/{GroupId}/members/{AccountId}/until";
}

public sealed record MembershipView(MembershipName Name, FormInput Input);

/// <summary>How many are in a group, and how many of those directly.</summary>
public sealed record GroupMemberCount(long All, long Direct, bool IsEverybody)
{
    public long ByRole => All - Direct;

    /// <summary>Whom it concerns that the group changes or goes.</summary>
    public string Sentence => (All, Direct, ByRole, IsEverybody) switch
    {
        (0, _, _, _) => "It has no members: neither directly nor by a role or group of Keycloak.",
        (_, _, _, true) => $"Every account is in it, {Plural.Of(All, "account")} now"
            + (Direct > 0 ? $", {Plural.Number(Direct)} of them directly too." : "."),
        (_, 0, _, _) => $"{Plural.Of(All, "account is", "accounts are")} in it, by a role or group of Keycloak.",
        (_, _, 0, _) => $"{Plural.Of(All, "account is", "accounts are")} in it directly.",
        _ => $"{Plural.Of(All, "account is", "accounts are")} in it: {Plural.Number(Direct)} directly, "
            + $"{Plural.Number(ByRole)} by a role or group of Keycloak alone.",
    };
}

public sealed record GroupFormView(Guid? Id, string? Name, FormInput Input, PermissionMatrixView Matrix, IReadOnlyList<string> Lacking)
{
    /// <summary>Whom a change concerns; none of a new group.</summary>
    public GroupMemberCount? Count { get; init; }

    public string Path => Id is null ? "/admin/groups/new" : $"/admin/groups/{Id}/edit";
}

/// <summary>The first mappings and members; no members where the viewer may not look at access, or everybody is one.</summary>
public sealed record DeleteGroupView
{
    public required GroupResponse Group { get; init; }
    public required IReadOnlyList<RoleMappingView> Mappings { get; init; }
    public required int MoreMappings { get; init; }
    public required IReadOnlyList<GroupMemberView>? Members { get; init; }
    public required GroupMemberCount? Count { get; init; }
    public required FormInput Input { get; init; }

    public string Path => $"/admin/groups/{Group.Id}";
}
