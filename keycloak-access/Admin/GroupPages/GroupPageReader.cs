using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Groups;
using KeycloakAccess.Permissions;
using KeycloakAccess.Texts;

namespace KeycloakAccess.Admin.GroupPages;

internal sealed class GroupPageReader(
    GroupStore groups, SubjectStore subjects, RoleMatches matches, ActivityReader activity, PermissionCatalogue catalogue)
{
    private const int PageSize = 50;
    private const int MostNamed = 20;

    public async Task<(IReadOnlyList<GroupResponse> Groups, string? Next)> ListAsync(
        AccessRules rules, string? search, string? after, CancellationToken cancellationToken)
    {
        // Which they are is known from memory; only what the page shows is read.
        GroupRule[] page = [.. rules.GroupsByName
            .SkipWhile(group => string.CompareOrdinal(group.Name, after) <= 0)
            .Where(group => string.IsNullOrEmpty(search) || Folding.Holds(group.Name, search))
            .Take(PageSize + 1)];
        var shown = page.Length > PageSize ? page[..PageSize] : page;
        var found = await groups.FindAsync(shown.Select(group => group.Id), cancellationToken);
        return ([.. found.Select(GroupEndpoints.ToResponse)], page.Length > PageSize ? shown[^1].Name : null);
    }

    public async Task<GroupView> ReadAsync(Group group, PageContext page, Guid? after)
    {
        var (id, rules) = (group.Id, page.Caller.Rules);
        var (mappings, moreMappings) = await MappingsAsync(id, page);
        var (members, next) = group.IsDefault || !page.Caller.May(AccessPermissions.View)
            ? (null, null)
            : await subjects.ListMembersAsync(rules, [id], PageSize, after, page.Cancellation);
        return new GroupView
        {
            Group = GroupEndpoints.ToResponse(group),
            Matrix = PermissionMatrixView.Create(catalogue, page.GrantGuard, GroupFields.Fill(group)),
            Lacking = Lacking(group, page.GrantGuard),
            Mappings = mappings,
            MoreMappings = moreMappings,
            Members = members is null ? null : [.. members.Select(member => View(member, id, rules))],
            Paging = Paging.Create(
                after is null, next?.ToString(), to => Links.WithQuery($"{GroupPageEndpoints.List}/{id}", ("after", to)) + "#members"),
            Happened = await activity.DescribeAsync(page.Caller, GroupPermissions.Model, id, page.Cancellation),
        };
    }

    public async Task<DeleteGroupView> ReadDeletionAsync(Group group, PageContext page, FormInput input)
    {
        var (mappings, moreMappings) = await MappingsAsync(group.Id, page);
        var (direct, next) = page.Caller.May(AccessPermissions.View)
            ? await subjects.ListHoldersAsync([], [group.Id], MostNamed, after: null, page.Cancellation)
            : (null, null);
        return new DeleteGroupView(
            GroupEndpoints.ToResponse(group),
            mappings,
            moreMappings,
            direct is null ? null : [.. direct.Select(member => View(member, group.Id, page.Caller.Rules))],
            next is not null,
            input);
    }

    public static IReadOnlyList<string> Lacking(Group group, GrantGuard grantGuard) => grantGuard.Lacking(group.Written);

    private async Task<(IReadOnlyList<RoleMappingView> First, int More)> MappingsAsync(Guid id, PageContext page)
    {
        if (!page.Caller.May(RoleMappingPermissions.View))
        {
            return ([], 0);
        }

        var matched = (await matches.CompareAsync(page.Caller.Rules, page.Cancellation)).Matched;
        MappingRule[] all = [.. page.Caller.Rules.MappingsInto(id)];
        return (
            [.. all.Take(MostNamed).Select(mapping => RoleMappingView.Create(mapping, page.Caller.Rules, matched))],
            Math.Max(0, all.Length - MostNamed));
    }

    private static GroupMemberView View(KnownSubject member, Guid id, AccessRules rules)
    {
        Origin[] origins = [.. member.Under(rules).Access.Memberships
            .Where(membership => membership.Group.Id == id)
            .Select(membership => membership.Origin)];
        return new GroupMemberView(
            member.AccountId,
            member.Username,
            member.Enabled,
            [.. origins.Select(origin => origin.ToString()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            origins.Any(origin => origin.IsDirect),
            origins.Select(origin => origin.Until).FirstOrDefault(until => until is not null));
    }
}
