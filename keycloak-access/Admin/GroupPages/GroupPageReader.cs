using KeycloakAccess.Admin.AuditPages;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.RoleMappingPages;
using KeycloakAccess.Audit;
using KeycloakAccess.Groups;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.GroupPages;

/// <summary>Reads what the pages of groups show.</summary>
internal sealed class GroupPageReader(GroupStore groups, SubjectStore subjects, RoleMatches matches, AuditStore audit, PermissionCatalogue catalogue)
{
    private const int PageSize = 50;
    private const int MostNamed = 20;
    private const int RecentRows = 10;

    /// <returns>A page of the groups whose names hold a text, by name, and the last name where there are more.</returns>
    public async Task<(IReadOnlyList<GroupResponse> Groups, string? Next)> ListAsync(AccessRules rules, string? search, string? after, CancellationToken cancellationToken)
    {
        // Which they are is known from memory; only what the page shows is read.
        GroupRule[] page = [.. rules.GroupsByName
            .SkipWhile(group => string.CompareOrdinal(group.Name, after) <= 0)
            .Where(group => string.IsNullOrEmpty(search) || group.Name.Contains(search, StringComparison.OrdinalIgnoreCase))
            .Take(PageSize + 1)];
        var shown = page.Length > PageSize ? page[..PageSize] : page;
        var found = await groups.FindAsync(shown.Select(group => group.Id), cancellationToken);
        return ([.. found.Select(GroupEndpoints.ToResponse)], page.Length > PageSize ? shown[^1].Name : null);
    }

    /// <returns>Everything about one group, or <see langword="null"/> if there is none.</returns>
    public async Task<GroupView?> FindAsync(Guid id, Caller caller, GrantGuard grantGuard, Guid? after, CancellationToken cancellationToken)
    {
        if (await groups.FindAsync(id, cancellationToken) is not { } group)
        {
            return null;
        }

        var path = $"/admin/groups/{id}";
        var (mappings, moreMappings) = await MappingsAsync(id, caller, cancellationToken);
        var (members, next) = group.IsDefault || !caller.May(AccessPermissions.View)
            ? (null, null)
            : await subjects.ListMembersAsync(caller.Rules, [id], PageSize, after, cancellationToken);
        var happened = caller.May(AuditPermissions.View)
            ? (await audit.ListAsync(new AuditFilter { Model = GroupPermissions.Model, Row = id.ToString(), Limit = RecentRows }, cancellationToken)).Rows
            : [];
        return new GroupView(
            GroupEndpoints.ToResponse(group),
            GroupForm.Matrix(catalogue, grantGuard, GroupForm.Of(group)),
            Lacking(group, grantGuard),
            mappings,
            moreMappings,
            members is null ? null : [.. members.Select(member => View(member, id, caller.Rules))],
            after is null ? null : path + "#members",
            next is null ? null : Links.To(path, ("after", next.ToString())) + "#members",
            [.. happened.Select(AuditWords.View)],
            FormInput.Of());
    }

    /// <returns>What goes when a group is deleted.</returns>
    public async Task<DeleteGroupView> DeleteAsync(Group group, Caller caller, FormInput input, CancellationToken cancellationToken)
    {
        var (mappings, moreMappings) = await MappingsAsync(group.Id, caller, cancellationToken);
        var (direct, next) = caller.May(AccessPermissions.View)
            ? await subjects.ListHoldersAsync([], [group.Id], MostNamed, after: null, cancellationToken)
            : (null, null);
        return new DeleteGroupView(
            GroupEndpoints.ToResponse(group),
            mappings,
            moreMappings,
            direct is null ? null : [.. direct.Select(member => View(member, group.Id, caller.Rules))],
            next is not null,
            input);
    }

    /// <returns>What the caller would have to hold to change the group.</returns>
    public static IReadOnlyList<string> Lacking(Group group, GrantGuard grantGuard) => grantGuard.Lacking([.. group.Permissions, .. group.Denied]);

    private async Task<(IReadOnlyList<RoleMappingView> First, int More)> MappingsAsync(Guid id, Caller caller, CancellationToken cancellationToken)
    {
        if (!caller.May(RoleMappingPermissions.View))
        {
            return ([], 0);
        }

        var matched = (await matches.OfAsync(caller.Rules, cancellationToken)).Matched;
        MappingRule[] all = [.. caller.Rules.MappingsInto(id)];
        return ([.. all.Take(MostNamed).Select(mapping => RoleMappingView.Of(mapping, caller.Rules, matched))], Math.Max(0, all.Length - MostNamed));
    }

    private static GroupMemberView View(KnownSubject member, Guid id, AccessRules rules)
    {
        Origin[] origins = [.. member.Under(rules).Access.Memberships.Where(membership => membership.Group.Id == id).Select(membership => membership.Origin)];
        return new GroupMemberView(
            member.AccountId,
            member.Username,
            member.Enabled,
            [.. origins.Select(origin => origin.ToString()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            origins.Contains(Origin.Direct));
    }
}
