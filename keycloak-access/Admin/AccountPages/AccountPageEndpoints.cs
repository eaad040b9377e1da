using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Bulk;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Admin.Sessions;
using KeycloakAccess.Authentication;
using KeycloakAccess.Groups;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Admin.AccountPages;

/// <summary>The pages of accounts: the list, one account, switching it, its groups directly, and several at once.</summary>
internal static class AccountPageEndpoints
{
    public const int PageSize = 50;

    private const string List = "/admin/accounts";

    // Most are in some group. Whoever looks for the others does not want to turn pages for each.
    private const int LookedAtForNoGroup = 200;

    public static void MapAccountPages(this IEndpointRouteBuilder admin)
    {
        var pages = admin.MapGroup("/accounts").RequirePermission(AccountPermissions.View);
        pages.MapGet("", ListAsync);
        pages.MapGet("/names", NamesAsync);
        pages.MapGet("/{id:guid}", ShowAsync);
        pages.MapGet("/{id:guid}/disable", ShowAsync);
        pages.MapGet("/{id:guid}/enable", ShowAsync);
        pages.MapPost("/{id:guid}/disable", DisableAsync).RequirePermission(AccountPermissions.Change);
        pages.MapPost("/{id:guid}/enable", EnableAsync).RequirePermission(AccountPermissions.Change);
        pages.MapGet("/{id:guid}/groups", ShowAsync);
        pages.MapPost("/{id:guid}/groups", JoinAsync).RequirePermission(GroupPermissions.Change);
        pages.MapGet("/{id:guid}/groups/{groupId:guid}/leave", AskToLeaveAsync).RequirePermission(GroupPermissions.Change);
        pages.MapPost("/{id:guid}/groups/{groupId:guid}/leave", LeaveAsync).RequirePermission(GroupPermissions.Change);
        pages.MapGet("/{id:guid}/sessions/end", ShowAsync);
        pages.MapPost("/{id:guid}/sessions/end", EndSessionsAsync).RequirePermission(SessionPermissions.Delete);
        pages.MapBulkFlow("/bulk", page => page.Http.RequestServices.GetRequiredService<BulkAccounts>());
    }

    private static async Task<IResult> ListAsync(string? after, PageContext page, AccountListReader reader)
    {
        var filter = AccountListFilter.Read(name => page.Http.Request.Query[name]);
        var (accounts, next, mistake) = await reader.ListAsync(page.Caller, filter, after, filter.NoGroup ? LookedAtForNoGroup : PageSize, page.Cancellation);
        return page.Render<AccountsPage, AccountListView>(new AccountListView(
            accounts, filter with { Mistake = mistake }, Paging.Create(after is null, next, to => filter.Path(after: to))));
    }

    // Suggestions for whoever types a name, in whatever field.
    private static async Task<RazorComponentResult> NamesAsync(AccountSearch search, PageContext page)
    {
        var (accounts, _) = await search.ListAsync(
            new AccountQuery { Search = Suggestions.Typed(page.Http.Request), Limit = Suggestions.Most }, page.Cancellation);
        return Suggestions.Render(accounts.Select(account => account.Username).Distinct(StringComparer.Ordinal));
    }

    private static async Task<IResult> ShowAsync(Guid id, PageContext page, AccountPageReader reader)
    {
        var form = await page.FindDraftAsync() ?? FormInput.Create();
        return await PageAsync(id, page, reader, form, StatusCodes.Status200OK);
    }

    private static Task<IResult> DisableAsync(Guid id, PageContext page, AccountPageReader reader, AccountCommands commands) =>
        SetEnabledAsync(id, enabled: false, page, reader, commands);

    private static Task<IResult> EnableAsync(Guid id, PageContext page, AccountPageReader reader, AccountCommands commands) =>
        SetEnabledAsync(id, enabled: true, page, reader, commands);

    private static async Task<IResult> SetEnabledAsync(Guid id, bool enabled, PageContext page, AccountPageReader reader, AccountCommands commands)
    {
        var input = page.Form;
        Reasons.Check(input);
        if (!input.IsValid)
        {
            return await PageAsync(id, page, reader, input, StatusCodes.Status422UnprocessableEntity);
        }

        var outcome = await commands.SetEnabledAsync(id, enabled, page.Author.Actor, page.Cancellation);
        return outcome is { Value: { } account }
            ? page.Redirect($"{List}/{id}", enabled
                ? $"{account.Username} is enabled."
                : $"{account.Username} is disabled, and refused from the next request on.")
            : await PageAsync(id, page, reader, input, input.Show(outcome.Failure!));
    }

    private static async Task<IResult> JoinAsync(Guid id, PageContext page, AccountPageReader reader, GroupCommands groups)
    {
        var input = page.Form;
        var group = GroupField.Read(input, input.Value("group"), "group", page);
        Reasons.Check(input);

        if (!input.IsValid)
        {
            return await PageAsync(id, page, reader, input, StatusCodes.Status422UnprocessableEntity);
        }

        var outcome = await groups.AddMemberAsync(group!.Id, id, page.Author, page.Cancellation);
        return outcome.Failure is { } failure
            ? await PageAsync(id, page, reader, input, input.Show(failure, "group"))
            : page.Redirect($"{List}/{id}", $"Put into the group {group.Name}.");
    }

    private static async Task<IResult> AskToLeaveAsync(Guid id, Guid groupId, string? from, PageContext page, AccountStore accounts)
    {
        var input = await page.FindDraftAsync() ?? FormInput.Create(("from", from));
        return await LeavePageAsync(id, groupId, input, StatusCodes.Status200OK, page, accounts);
    }

    private static async Task<IResult> LeaveAsync(Guid id, Guid groupId, PageContext page, GroupCommands groups, AccountStore accounts)
    {
        var input = page.Form;
        if (page.Caller.Rules.FindGroup(groupId) is not { } group)
        {
            return TypedResults.NotFound();
        }

        Reasons.Check(input);
        if (!input.IsValid)
        {
            return await LeavePageAsync(id, groupId, input, StatusCodes.Status422UnprocessableEntity, page, accounts);
        }

        var back = IsFromGroup(input, page) ? $"/admin/groups/{groupId}" : $"{List}/{id}";
        var outcome = await groups.RemoveMemberAsync(groupId, id, page.Author, page.Cancellation);
        return outcome.Failure switch
        {
            null => page.Redirect(back, $"Taken out of the group {group.Name}."),
            ChangeFailure.NotFound => page.Redirect(back, $"It was not in the group {group.Name} by hand any more."),
            var failure => await LeavePageAsync(id, groupId, input, input.Show(failure), page, accounts),
        };
    }

    private static async Task<IResult> EndSessionsAsync(Guid id, PageContext page, AccountPageReader reader, AccountStore accounts, RealmLogout logout)
    {
        var input = page.Form;
        Reasons.Check(input);
        if (!input.IsValid)
        {
            return await PageAsync(id, page, reader, input, StatusCodes.Status422UnprocessableEntity);
        }

        if (await accounts.FindAsync(id, page.Cancellation) is not { } account)
        {
            return TypedResults.NotFound();
        }

        var ended = await logout.EndAllAsync(id, account.Username, account.Issuer, account.Subject, page.Caller.Actor.Because(input.Value("reason")), page.Cancellation);
        return page.Redirect(id == page.Caller.AccountId ? "/account" : $"{List}/{id}", SessionFormatter.Describe(ended, account.Username));
    }

    private static async Task<IResult> LeavePageAsync(Guid id, Guid groupId, FormInput input, int status, PageContext page, AccountStore accounts) =>
        page.Caller.Rules.FindGroup(groupId) is { } group && await accounts.FindAsync(id, page.Cancellation) is { } account
            ? page.Render<LeaveGroupPage, LeaveGroupView>(new LeaveGroupView(AccountEndpoints.ToResponse(account), groupId, group.Name, input, IsFromGroup(input, page)), status)
            : TypedResults.NotFound();

    // An address may say anything: nobody is sent to a page that they may not open.
    private static bool IsFromGroup(FormInput input, PageContext page) => input.Value("from") == "group" && page.Caller.May(GroupPermissions.View);

    // The form that came back is the one that it came from; the others are as they were.
    private static async Task<IResult> PageAsync(Guid id, PageContext page, AccountPageReader reader, FormInput input, int status) =>
        await reader.FindAsync(id, page) is { } view
            ? page.Render<AccountPage, AccountView>(
                page.Http.Request.Path.Value!.Split('/')[^1] switch { "groups" => view with { Join = input }, "end" => view with { End = input }, _ => view with { Switch = input } },
                status)
            : TypedResults.NotFound();
}
