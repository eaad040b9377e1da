using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.Bulk;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.AccountPages;

internal static class AccountPageEndpoints
{
    public const string List = "/admin/accounts";
    public const int PageSize = 50;

    // Most are in some group. Whoever looks for the others does not want to turn pages for each.
    private const int LookedAtForNoGroup = 200;

    public static void MapAccountPages(this IEndpointRouteBuilder admin)
    {
        var pages = admin.MapGroup("/accounts").RequirePermission(AccountPermissions.View);
        pages.MapGet("", ListAsync);
        pages.MapGet("/export.csv", ExportAsync);
        pages.MapGet("/names", NamesAsync);
        pages.MapBulkFlow("/bulk", page => page.Http.RequestServices.GetRequiredService<BulkAccounts>());

        var account = pages.MapGroup("/{id:guid}");
        account.MapGet("", ShowAsync);
        account.MapForm<DisableAccountForm>("/disable", AccountPermissions.Change);
        account.MapForm<EnableAccountForm>("/enable", AccountPermissions.Change);
        account.MapForm<DeleteAccountForm>("/delete").RequirePermission(AccountPermissions.Delete).WithMetadata(new StepUpAsConfigured());
        account.MapForm<JoinGroupForm>("/groups", GroupPermissions.Change);
        account.MapForm<LeaveGroupForm>("/groups/{groupId:guid}/leave").RequirePermission(GroupPermissions.Change);
        account.MapForm<EndSessionsForm>("/sessions/end", SessionPermissions.Delete);
    }

    private static async Task<IResult> ListAsync(string? after, PageContext page, AccountListReader reader)
    {
        var filter = AccountListFilter.Read(name => page.Http.Request.Query[name]);
        var limit = filter.NoGroup ? LookedAtForNoGroup : PageSize;
        var (accounts, next, mistake) = await reader.ListAsync(page.Caller, filter, after, limit, page.Cancellation);
        return page.Render<AccountsPage, AccountListView>(new AccountListView(
            accounts,
            filter with { Mistake = mistake },
            page.Paging(next, to => filter.Path(after: to)) with
            {
                Total = await reader.CountAsync(page.Caller, filter, Paging.MostCounted + 1, page.Cancellation) is { } counted
                    ? ListTotal.Create(counted, "account", "accounts")
                    : null,
                Exports = accounts.Count == 0 && next is null
                    ? []
                    : [ListExport.Csv(filter.Path(path: $"{List}/export.csv"), "accounts")],
            }));
    }

    private static async Task<IResult> ExportAsync(PageContext page, AccountListReader reader)
    {
        var filter = AccountListFilter.Read(name => page.Http.Request.Query[name]);
        if (!string.IsNullOrEmpty(filter.Group) && page.Caller.Rules.FindGroup(filter.Group) is null)
        {
            return ExportFile.Refuse([$"There is no group {filter.Group}. Correct the filter of the list."]);
        }

        var (_, _, mistake) = await reader.ListAsync(page.Caller, filter, after: null, limit: 1, page.Cancellation);
        if (mistake is AccountListReader.NotByGroup or AccountListReader.Contradiction)
        {
            return ExportFile.Refuse([mistake]);
        }

        return await ExportFile.WriteAsync(page, ExportFormat.Csv, new ExportedList<AccountResponse>(
            "accounts",
            ["username", "name", "email", "kind", "enabled", "disabledBecause", "createdAt", "lastSeenAt", "issuer", "subject", "id"],
            account =>
            [
                ExportFile.Cell(account.Username),
                ExportFile.Cell(account.Name),
                ExportFile.Cell(account.Email),
                account.Kind,
                account.Enabled ? "yes" : "no",
                ExportFile.Cell(account.DisabledBecause),
                ExportFile.Instant(account.CreatedAt),
                ExportFile.Instant(account.LastSeenAt),
                ExportFile.Cell(account.Issuer),
                ExportFile.Cell(account.Subject),
                account.Id.ToString(),
            ],
            account => account,
            ListAsync()));

        async IAsyncEnumerable<IReadOnlyList<AccountResponse>> ListAsync()
        {
            string? after = null;
            do
            {
                (var accounts, after, _) = await reader.ListAsync(
                    page.Caller, filter, after, ExportFile.RowsAtATime, page.Cancellation);
                yield return accounts;
            }
            while (after is not null);
        }
    }

    private static async Task<PageResult> NamesAsync(AccountSearch search, PageContext page)
    {
        var (accounts, _) = await search.ListAsync(
            new AccountQuery { Search = Suggestions.Typed(page.Http.Request), Limit = Suggestions.Most }, page.Cancellation);
        return Suggestions.Render(accounts.Select(account => account.Username).Distinct(StringComparer.Ordinal));
    }

    private static async Task<IResult> ShowAsync(Guid id, PageContext page, AccountPageReader reader, AccountStore accounts) =>
        await accounts.FindAsync(id, page.Cancellation) is { } account
            ? page.Render<AccountPage, AccountView>(await reader.ReadAsync(account, page))
            : TypedResults.NotFound();
}
