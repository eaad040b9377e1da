using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.RoleMappingPages;

/// <summary>The list of mappings, as it is filtered.</summary>
public sealed record RoleMappingListView(IReadOnlyList<RoleMappingView> Mappings, RoleMappingFilter Filter, Paging Paging);

/// <summary>What stands in the filters of the list.</summary>
/// <param name="Search">Part of the name or of the client.</param>
/// <param name="Kind">One of <see cref="RoleKinds.All"/>, or nothing.</param>
/// <param name="Group">The name of a group.</param>
/// <param name="Matches"><c>none</c>: only those that no seen role fits; <c>some</c>: only the others.</param>
public sealed record RoleMappingFilter(string? Search, string? Kind, string? Group, string? Matches)
{
    /// <summary>What is wrong with it.</summary>
    public string? Mistake { get; init; }

    public bool IsEmpty => string.IsNullOrEmpty(Search + Kind + Group + Matches);

    public string Path(string? after = null) => Links.WithQuery(
        "/admin/role-mappings", ("search", Search), ("kind", Kind), ("group", Group), ("matches", Matches), ("after", after));
}

/// <summary>One mapping, whom it concerns, and why the viewer cannot change it, where the group holds more than they do.</summary>
public sealed record RoleMappingPageView(RoleMappingView Mapping, MappingPreviewView Preview, string? Refusal, IReadOnlyList<ActivityView> Happened);

/// <summary>The form that makes a mapping, or puts one in the place of another; with clients of which tokens have shown roles.</summary>
public sealed record RoleMappingFormView(RoleMappingView? Replaced, FormInput Input, MappingPreviewView Preview, IReadOnlyList<string> Clients)
{
    public string Path => Replaced is null ? "/admin/role-mappings/new" : $"{Replaced.Path}/replace";

    public string PreviewPath => Replaced is null ? "/admin/role-mappings/preview" : $"{Replaced.Path}/replace/preview";
}

/// <summary>The question whether a mapping is to be deleted, and whom that would concern.</summary>
public sealed record DeleteRoleMappingView(RoleMappingView Mapping, MappingPreviewView Preview, FormInput Input);

/// <summary>Whom a change of a mapping concerns.</summary>
public sealed record MappingPreviewView
{
    /// <summary>What must be said in the form first; then there is nothing else yet.</summary>
    public string? Missing { get; init; }

    /// <summary>The first roles that tokens have shown and the mapping fits.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    public int MoreRoles { get; init; }

    /// <summary>The name that was probably meant, where nothing fits.</summary>
    public string? Nearest { get; init; }

    /// <summary>Whether the viewer may look at access.</summary>
    public bool ShowsAccounts { get; init; }

    /// <summary>The first accounts that come into a group, or out of one.</summary>
    public IReadOnlyList<MappingEffectView> Accounts { get; init; } = [];

    /// <summary>How many accounts have such a role and stay where they are.</summary>
    public int Unchanged { get; init; }

    /// <summary>Whether these are all accounts.</summary>
    public bool IsAll { get; init; }
}

/// <summary>The group that an account comes into, the one that it leaves, and what it may do then and not now, or now and not then.</summary>
public sealed record MappingEffectView(
    Guid AccountId, string Username, string? Joins, string? Leaves, IReadOnlyList<string> Gains, IReadOnlyList<string> Loses);

/// <summary>Roles that tokens carry and nothing maps.</summary>
public sealed record UnmappedRolesView(IReadOnlyList<UnmappedRoleView> Roles, Paging Paging);

/// <summary>A role that tokens carry and nothing maps, and the form that maps it.</summary>
public sealed record UnmappedRoleView(string Kind, string Role, string MapPath);
