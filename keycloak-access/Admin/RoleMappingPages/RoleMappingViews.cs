using KeycloakAccess.Admin.AccountPages;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.RoleMappingPages;

/// <summary>The list of mappings, as it is filtered.</summary>
/// <param name="Mappings">One page.</param>
/// <param name="Filter">What the page is filtered by.</param>
/// <param name="First">The first page, where this is another.</param>
/// <param name="Next">The next page, where there is one.</param>
public sealed record RoleMappingListView(IReadOnlyList<RoleMappingView> Mappings, RoleMappingFilter Filter, string? First, string? Next);

/// <summary>What stands in the filters of the list.</summary>
/// <param name="Search">Part of the name or of the client.</param>
/// <param name="Kind">One of <see cref="RoleKinds.All"/>, or nothing.</param>
/// <param name="Group">The name of a group.</param>
/// <param name="Matches"><c>none</c>: only those that no seen role fits; <c>some</c>: only the others.</param>
public sealed record RoleMappingFilter(string? Search, string? Kind, string? Group, string? Matches)
{
    /// <summary>What is wrong with it, for people.</summary>
    public string? Mistake { get; init; }

    /// <summary>Whether it leaves anything out.</summary>
    public bool IsEmpty => string.IsNullOrEmpty(Search + Kind + Group + Matches);

    /// <returns>The list with this filter.</returns>
    public string Path(string? after = null) => Links.To(
        "/admin/role-mappings", ("search", Search), ("kind", Kind), ("group", Group), ("matches", Matches), ("after", after));
}

/// <summary>A mapping.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind">What people call the kind of role.</param>
/// <param name="Role">The role, with its client where it has one.</param>
/// <param name="GroupId">The group that it leads into.</param>
/// <param name="GroupName">The group's name.</param>
/// <param name="IsMatched">Whether a token has shown a role that it fits.</param>
public sealed record RoleMappingView(Guid Id, string Kind, string Role, Guid GroupId, string GroupName, bool IsMatched)
{
    /// <summary>Its page.</summary>
    public string Path => $"/admin/role-mappings/{Id}";

    /// <summary>What it says, in a few words.</summary>
    public string Title => $"{Kind} {Role}";

    internal static RoleMappingView Of(MappingRule mapping, AccessRules rules, IReadOnlySet<Guid> matched)
    {
        var group = rules.FindGroup(mapping.GroupId)!;
        return new RoleMappingView(mapping.Id, GrantPathFormatter.Kind(mapping.Pattern.Kind), RoleWords.Of(mapping.Pattern), group.Id, group.Name, matched.Contains(mapping.Id));
    }
}

/// <summary>One mapping.</summary>
/// <param name="Mapping">The mapping.</param>
/// <param name="Preview">Whom it concerns.</param>
/// <param name="Refusal">Why the viewer cannot change the mapping, where the group holds more than they do.</param>
/// <param name="Happened">What was done to it last.</param>
public sealed record RoleMappingPageView(RoleMappingView Mapping, MappingPreviewView Preview, string? Refusal, IReadOnlyList<ActivityView> Happened);

/// <summary>The form that makes a mapping, or puts one in the place of another.</summary>
/// <param name="Replaced">The mapping in whose place it comes.</param>
/// <param name="Input">What stands in the form.</param>
/// <param name="Preview">Whom the change would concern.</param>
/// <param name="Clients">Clients of which tokens have shown roles.</param>
public sealed record RoleMappingFormView(RoleMappingView? Replaced, FormInput Input, MappingPreviewView Preview, IReadOnlyList<string> Clients)
{
    /// <summary>Where the form is sent.</summary>
    public string Path => Replaced is null ? "/admin/role-mappings/new" : $"{Replaced.Path}/replace";

    /// <summary>Where the form is sent to be looked at only.</summary>
    public string PreviewPath => Replaced is null ? "/admin/role-mappings/preview" : $"{Replaced.Path}/replace/preview";
}

/// <summary>The question whether a mapping is to be deleted.</summary>
/// <param name="Mapping">The mapping.</param>
/// <param name="Preview">Whom that would concern.</param>
/// <param name="Input">What stands in the form.</param>
public sealed record DeleteRoleMappingView(RoleMappingView Mapping, MappingPreviewView Preview, FormInput Input);

/// <summary>Whom a change of a mapping concerns.</summary>
/// <param name="Missing">What must be said first; then there is nothing else yet.</param>
/// <param name="Roles">The first roles that tokens have shown and the mapping fits.</param>
/// <param name="MoreRoles">How many more there are.</param>
/// <param name="Nearest">The name that was probably meant, where nothing fits.</param>
/// <param name="ShowsAccounts">Whether the viewer may look at access.</param>
/// <param name="Accounts">The first accounts that come into a group, or out of one.</param>
/// <param name="Unchanged">How many accounts have such a role and stay where they are.</param>
/// <param name="IsAll">Whether these are all accounts.</param>
public sealed record MappingPreviewView(
    string? Missing,
    IReadOnlyList<string> Roles,
    int MoreRoles,
    string? Nearest,
    bool ShowsAccounts,
    IReadOnlyList<MappingEffectView> Accounts,
    int Unchanged,
    bool IsAll)
{
    internal static MappingPreviewView Nothing(string missing) => new(missing, [], 0, Nearest: null, ShowsAccounts: false, [], 0, IsAll: true);
}

/// <summary>What a change of a mapping means for an account.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="Username">Its user name.</param>
/// <param name="Joins">The group that it comes into.</param>
/// <param name="Leaves">The group that it is in no longer.</param>
/// <param name="Gains">What it may do then, and not now.</param>
/// <param name="Loses">What it may do now, and not then.</param>
public sealed record MappingEffectView(
    Guid AccountId, string Username, string? Joins, string? Leaves, IReadOnlyList<string> Gains, IReadOnlyList<string> Loses);

/// <summary>Roles that tokens carry and nothing maps.</summary>
/// <param name="Roles">One page.</param>
/// <param name="First">The first page, where this is another.</param>
/// <param name="Next">The next page, where there is one.</param>
public sealed record UnmappedRolesView(IReadOnlyList<UnmappedRoleView> Roles, string? First, string? Next);

/// <summary>A role that tokens carry and nothing maps.</summary>
/// <param name="Kind">What people call the kind of role.</param>
/// <param name="Role">The role, with its client where it has one.</param>
/// <param name="MapPath">The form that maps it.</param>
public sealed record UnmappedRoleView(string Kind, string Role, string MapPath);
