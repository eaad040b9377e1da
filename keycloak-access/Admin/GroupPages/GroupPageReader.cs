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
    public const int PageSize = 50;

    private const int MostNamed = 20;

    public async Task<(IReadOnlyList<GroupResponse> Groups, string? Next)> ListAsync(
        AccessRules rules, string? search, string? after, int limit, CancellationToken cancellationToken)
    {
        // Which they are is known from memory; only what the page shows is read.
        GroupRule[] page = [.. Found(rules, search)
            .SkipWhile(group => string.CompareOrdinal(group.Name, after) <= 0)
            .Take(limit + 1)];
        var shown = page.Length > limit ? page[..limit] : page;
        var found = await groups.FindAsync(shown.Select(group => group.Id), cancellationToken);
        return ([.. found.Select(GroupEndpoints.ToResponse)], page.Length > limit ? shown[^1].Name : null);
    }

    public static IEnumerable<GroupRule> Found(AccessRules rules, string? search) => rules.GroupsByName
        .Where(group => string.IsNullOrEmpty(search) || Folding.Holds(group.Name, search));

    /// <summary>Those of a default group are all accounts, in the order of their ids too.</summary>
    public async Task<(IReadOnlyList<GroupMemberView> Members, Guid? Next)> ListMembersAsync(
        Group group, AccessRules rules, int limit, Guid? after, CancellationToken cancellationToken)
    {
        var (members, next) = await subjects.ListMembersAsync(rules, [group.Id], limit, after, cancellationToken);
        return ([.. members.Select(member => View(member, group.Id, rules))], next);
    }

    public async Task<GroupView> ReadAsync(Group group, PageContext page, Guid? after)
    {
        var (id, rules) = (group.Id, page.Caller.Rules);
        var (mappings, moreMappings) = await MappingsAsync(id, page);
        var (members, next) = group.IsDefault || !page.Caller.May(AccessPermissions.View)
            ? (null, null)
            : await ListMembersAsync(group, rules, PageSize, after, page.Cancellation);
        var count = await CountAsync(group, page);
        return new GroupView
        {
            Group = GroupEndpoints.ToResponse(group),
            Matrix = PermissionMatrixView.Create(catalogue, page.GrantGuard, GroupFields.Fill(group)),
            Lacking = Lacking(group, page.GrantGuard),
            Mappings = mappings,
            MoreMappings = moreMappings,
            Members = members,
            Count = count,
            Paging = page.Paging(next?.ToString(), to => Links.WithQuery($"{GroupPageEndpoints.List}/{id}", ("after", to)) + "#members")
                with
            {
                Total = members is null ? null : new ListTotal(count!.All, IsMore: false, "member", "members"),
                Exports = members is null or []
                    ? []
                    : [ListExport.Csv($"{GroupPageEndpoints.List}/{id}/members/export.csv", $"{group.Name}-members")],
            },
            Happened = await activity.DescribeAsync(page, GroupPermissions.Model, id),
        };
    }

    public async Task<DeleteGroupView> ReadDeletionAsync(Group group, PageContext page, FormInput input)
    {
        var (mappings, moreMappings) = await MappingsAsync(group.Id, page);
        var (members, _) = group.IsDefault || !page.Caller.May(AccessPermissions.View)
            ? (null, null)
            : await ListMembersAsync(group, page.Caller.Rules, MostNamed, after: null, page.Cancellation);
        return new DeleteGroupView
        {
            Group = GroupEndpoints.ToResponse(group),
            Mappings = mappings,
            MoreMappings = moreMappings,
            Members = members,
            Count = await CountAsync(group, page),
            Input = input,
        };
    }

    /// <summary>Whom a change of the group concerns; none for whoever may not look at access.</summary>
    public async Task<GroupMemberCount?> CountAsync(Group group, PageContext page)
    {
        if (!page.Caller.May(AccessPermissions.View))
        {
            return null;
        }

        var counted = await subjects.CountMembersAsync(page.Caller.Rules, [group.Id], page.Cancellation);
        return group.IsDefault
            ? new GroupMemberCount(await subjects.CountAsync(page.Cancellation), counted.Direct, IsEverybody: true)
            : new GroupMemberCount(counted.All, counted.Direct, IsEverybody: false);
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
