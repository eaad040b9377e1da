using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Groups;
using KeycloakAccess.Permissions;
using KeycloakAccess.Texts;

namespace KeycloakAccess.Admin.GroupPages;

internal static class GroupPageEndpoints
{
    public const string List = "/admin/groups";
    public const string Ending = List + "/ending";

    /// <summary>How much longer one press makes a membership.</summary>
    public static readonly TimeSpan Extension = TimeSpan.FromDays(30);

    private const int PageSize = 50;

    public static void MapGroupPages(this IEndpointRouteBuilder admin)
    {
        var pages = admin.MapGroup("/groups").RequirePermission(GroupPermissions.View);
        pages.MapGet("/", ListAsync);
        pages.MapGet("/names", Names);
        pages.MapGet("/export.csv", ExportAsync);
        pages.MapForm<NewGroupForm>("/new").RequirePermission(GroupPermissions.Add);
        pages.MapGet("/{id:guid}", ShowAsync);
        pages.MapGet("/{id:guid}/members/export.csv", ExportMembersAsync).RequirePermission(AccessPermissions.View);
        pages.MapForm<EditGroupForm>("/{id:guid}/edit").RequirePermission(GroupPermissions.Change);
        pages.MapForm<AddMemberForm>("/{id:guid}/members", GroupPermissions.Change, AccountPermissions.View);
        pages.MapForm<MembershipForm>("/{id:guid}/members/{accountId:guid}/until")
            .RequirePermission(GroupPermissions.Change)
            .RequirePermission(AccountPermissions.View)
            .RequirePermission(AccessPermissions.View);
        pages.MapGet("/ending", EndingAsync)
            .RequirePermission(AccountPermissions.View)
            .RequirePermission(AccessPermissions.View);
        pages.MapGet("/ending/export.csv", ExportEnding)
            .RequirePermission(AccountPermissions.View)
            .RequirePermission(AccessPermissions.View);
        pages.MapForm<DeleteGroupForm>("/{id:guid}/delete").RequirePermission(GroupPermissions.Delete);
    }

    private static async Task<IResult> ListAsync(string? search, string? after, PageContext page, GroupPageReader reader)
    {
        search = search?.Trim();
        var (groups, next) = await reader.ListAsync(page.Caller.Rules, search, after, GroupPageReader.PageSize, page.Cancellation);
        return page.Render<GroupsPage, GroupListView>(new GroupListView(
            groups,
            search,
            page.Paging(next, to => Links.WithQuery(List, ("search", search), ("after", to))) with
            {
                Total = new ListTotal(GroupPageReader.Found(page.Caller.Rules, search).Count(), IsMore: false, "group", "groups"),
                Exports = [ListExport.Csv(Links.WithQuery($"{List}/export.csv", ("search", search)), "groups")],
            }));
    }

    private static async Task<IResult> EndingAsync(string? after, PageContext page, GroupStore store)
    {
        var (memberships, next) = await store.ListEndingAsync(PageSize, GroupStore.EndingKeyset.Parse(after), page.Cancellation);
        return page.Render<EndingPage, EndingListView>(new EndingListView(
            [.. memberships.Select(one => new EndingView(
                new MembershipName(one.GroupId, one.GroupName, one.AccountId, one.Username),
                one.Until,
                LocalTimes.Write(one.Until + Extension, page.Zone),
                one.Reason))],
            page.Paging(next?.ToString(), to => Links.WithQuery(Ending, ("after", to))) with
            {
                Total = new ListTotal(
                    await store.CountEndingAsync(DateTimeOffset.MaxValue, page.Cancellation), IsMore: false, "membership", "memberships"),
                Exports = memberships.Count == 0 ? [] : [ListExport.Csv($"{Ending}/export.csv", "access-that-ends")],
            }));
    }

    private static Task<IResult> ExportEnding(PageContext page, GroupStore store) =>
        ExportFile.WriteAsync(page, ExportFormat.Csv, new ExportedList<EndingMembership>(
            "access-that-ends",
            ["username", "group", "until", "reason", "accountId", "groupId"],
            one =>
            [
                ExportFile.Cell(one.Username),
                ExportFile.Cell(one.GroupName),
                ExportFile.Instant(one.Until),
                ExportFile.Cell(one.Reason),
                one.AccountId.ToString(),
                one.GroupId.ToString(),
            ],
            one => one,
            ExportFile.ReadAsync("", async after =>
            {
                var (rows, next) = await store.ListEndingAsync(
                    ExportFile.RowsAtATime, GroupStore.EndingKeyset.Parse(after), page.Cancellation);
                return (rows, next?.ToString());
            })));


    private static Task<IResult> ExportAsync(string? search, PageContext page, GroupPageReader reader) =>
        ExportFile.WriteAsync(page, ExportFormat.Csv, new ExportedList<GroupResponse>(
            "groups",
            ["name", "description", "default", "permissions", "denied", "id"],
            group =>
            [
                ExportFile.Cell(group.Name),
                ExportFile.Cell(group.Description),
                group.IsDefault ? "yes" : "no",
                ExportFile.Cell(string.Join(' ', group.Permissions)),
                ExportFile.Cell(string.Join(' ', group.Denied)),
                group.Id.ToString(),
            ],
            group => group,
            ExportFile.ReadAsync("", async after =>
            {
                var (groups, next) = await reader.ListAsync(
                    page.Caller.Rules, search?.Trim(), after, ExportFile.RowsAtATime, page.Cancellation);
                return (groups, next);
            })));

    private static async Task<IResult> ExportMembersAsync(Guid id, PageContext page, GroupPageReader reader, GroupStore store) =>
        await store.FindAsync(id, page.Cancellation) is { } group
            ? await ExportFile.WriteAsync(page, ExportFormat.Csv, new ExportedList<GroupMemberView>(
                $"{group.Name}-members",
                ["username", "because", "enabled", "direct", "accountId"],
                member =>
                [
                    ExportFile.Cell(member.Username),
                    ExportFile.Cell(string.Join("; ", member.Because)),
                    member.Enabled ? "yes" : "no",
                    member.Direct ? "yes" : "no",
                    member.AccountId.ToString(),
                ],
                member => member,
                ExportFile.ReadAsync(Guid.Empty.ToString(), async after =>
                {
                    var (members, next) = await reader.ListMembersAsync(
                        group, page.Caller.Rules, ExportFile.RowsAtATime, Guid.Parse(after), page.Cancellation);
                    return (members, next?.ToString());
                })))
            : TypedResults.NotFound();

    private static PageResult Names(PageContext page)
    {
        var typed = Suggestions.Typed(page.Http.Request);
        return Suggestions.Render(page.Caller.Rules.GroupsByName
            .Select(rule => rule.Name)
            .Where(name => typed.Length == 0 || Folding.Holds(name, typed)));
    }

    private static async Task<IResult> ShowAsync(Guid id, string? after, PageContext page, GroupPageReader reader, GroupStore store) =>
        await store.FindAsync(id, page.Cancellation) is { } group
            ? page.Render<GroupPage, GroupView>(
                await reader.ReadAsync(group, page, Guid.TryParse(after, out var last) ? last : null))
            : TypedResults.NotFound();
}
