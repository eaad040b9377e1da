using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;

namespace KeycloakAccess.Admin.RoleMappingPages;

public sealed record RoleMappingListView(IReadOnlyList<RoleMappingView> Mappings, RoleMappingFilter Filter, Paging Paging);

/// <summary>Filters of the list; <c>Matches</c> is <c>none</c> for mappings that no observed role fits, else <c>some</c>.</summary>
public sealed record RoleMappingFilter(string? Search, string? Kind, string? Group, string? Matches)
{
    public string? Mistake { get; init; }

    public bool IsEmpty => string.IsNullOrEmpty(Search + Kind + Group + Matches);

    public string Path(string? after = null, string path = "/admin/role-mappings") => Links.WithQuery(
        path, ("search", Search), ("kind", Kind), ("group", Group), ("matches", Matches), ("after", after));
}

public sealed record RoleMappingPageView(
    RoleMappingView Mapping, MappingPreviewView Preview, string? Refusal, IReadOnlyList<ActivityView> Happened);

public sealed record RoleMappingFormView(
    RoleMappingView? Replaced, FormInput Input, MappingPreviewView Preview, IReadOnlyList<string> Clients)
{
    public string Path => Replaced is null ? "/admin/role-mappings/new" : $"{Replaced.Path}/replace";

    public string PreviewPath => Replaced is null ? "/admin/role-mappings/preview" : $"{Replaced.Path}/replace/preview";
}

public sealed record DeleteRoleMappingView(RoleMappingView Mapping, MappingPreviewView Preview, FormInput Input);

public sealed record MappingPreviewView
{
    /// <summary>What must be said in the form first; then there is nothing else yet.</summary>
    public string? Missing { get; init; }
    public IReadOnlyList<string> Roles { get; init; } = [];
    public int MoreRoles { get; init; }

    /// <summary>The name that was probably meant, where nothing fits.</summary>
    public string? Nearest { get; init; }
    public bool ShowsAccounts { get; init; }
    public IReadOnlyList<MappingEffectView> Accounts { get; init; } = [];

    /// <summary>How many accounts it changes; the first of them are named.</summary>
    public long Changed { get; init; }
    public long Unchanged { get; init; }
    public bool IsAll { get; init; }
}

public sealed record MappingEffectView(
    Guid AccountId, string Username, string? Joins, string? Leaves, IReadOnlyList<string> Gains, IReadOnlyList<string> Loses);

public sealed record UnmappedRolesView(IReadOnlyList<UnmappedRoleView> Roles, Paging Paging);

public sealed record UnmappedRoleView(string Kind, string Role, string MapPath);
