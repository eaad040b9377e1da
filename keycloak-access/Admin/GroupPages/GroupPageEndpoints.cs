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
        pages.MapForm<NewGroupForm>("/new").RequirePermission(GroupPermissions.Add);
        pages.MapGet("/{id:guid}", ShowAsync);
        pages.MapForm<EditGroupForm>("/{id:guid}/edit").RequirePermission(GroupPermissions.Change);
        pages.MapForm<AddMemberForm>("/{id:guid}/members", GroupPermissions.Change, AccountPermissions.View);
        pages.MapForm<MembershipForm>("/{id:guid}/members/{accountId:guid}/until")
            .RequirePermission(GroupPermissions.Change)
            .RequirePermission(AccountPermissions.View)
            .RequirePermission(AccessPermissions.View);
        pages.MapGet("/ending", EndingAsync)
            .RequirePermission(AccountPermissions.View)
            .RequirePermission(AccessPermissions.View);
        pages.MapForm<DeleteGroupForm>("/{id:guid}/delete").RequirePermission(GroupPermissions.Delete);
    }

    private static async Task<IResult> ListAsync(string? search, string? after, PageContext page, GroupPageReader reader)
    {
        var (groups, next) = await reader.ListAsync(page.Caller.Rules, search?.Trim(), after, page.Cancellation);
        return page.Render<GroupsPage, GroupListView>(new GroupListView(
            groups,
            search?.Trim(),
            Paging.Create(string.IsNullOrEmpty(after), next, to => Links.WithQuery(List, ("search", search), ("after", to)))));
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
            Paging.Create(after is null, next?.ToString(), to => Links.WithQuery(Ending, ("after", to)))));
    }

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
