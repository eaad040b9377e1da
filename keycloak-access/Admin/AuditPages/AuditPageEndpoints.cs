using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Audit;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.AuditPages;

internal static class AuditPageEndpoints
{
    private const int PageSize = 50;

    public static void MapAuditPages(this IEndpointRouteBuilder admin)
    {
        var pages = admin.MapGroup("/audit").RequirePermission(AuditPermissions.View);
        pages.MapGet("", ListAsync);
        pages.MapGet("/{id:guid}", ShowAsync);
        pages.MapGet("/export.csv", ExportAsync(ExportFormat.Csv));
        pages.MapGet("/export.jsonl", ExportAsync(ExportFormat.JsonLines));
    }

    private static async Task<IResult> ListAsync(
        string? after, PageContext page, AuditReader audit, AuditPageReader reader, ActivityReader activity)
    {
        var filter = AuditListFilter.Read(page.Http.Request.Query);
        var (query, mistakes) = await reader.ReadAsync(filter, page.Zone, page.Cancellation);
        var place = AuditReader.ParseCursor(after);
        var (rows, next) = query is null
            ? new([], Next: null)
            : await audit.ListAsync(page.Caller, query with { Limit = PageSize, After = place }, page.Cancellation);
        return page.Render<AuditPage, AuditListView>(new AuditListView(
            await activity.DescribeAsync(page, rows),
            filter with { Shown = await reader.NameAsync(query?.Account, page.Cancellation) },
            reader.Models,
            mistakes,
            page.Paging(next?.ToString(), to => filter.Path(after: to)) with
            {
                Total = query is not null
                    && await audit.CountAsync(page.Caller, query, Paging.MostCounted + 1, page.Cancellation) is { } counted
                        ? ListTotal.Create(counted, "row", "rows")
                        : null,
                Exports = rows.Count == 0
                    ? []
                    :
                    [
                        ListExport.Csv(filter.Path("/admin/audit/export.csv"), "audit"),
                        ListExport.JsonLines(filter.Path("/admin/audit/export.jsonl"), "audit"),
                    ],
            }));
    }

    private static async Task<IResult> ShowAsync(
        Guid id, PageContext page, AuditReader audit, AuditObjects objects, AuditWordsReader words) =>
        await audit.FindAsync(page.Caller, id, page.Cancellation) is { } row
            ? page.Render<AuditRowPage, AuditRowView>(AuditRowView.Create(
                row,
                await objects.FindPageAsync(row, page.Caller, page.Cancellation),
                page.Caller.May(AccountPermissions.View),
                await words.ReadAsync([row], page)) with
            {
                GivePath = FindGivePath(row, page),
            })
            : TypedResults.NotFound();

    // What was refused can be given by whoever may look at it and change memberships.
    private static string? FindGivePath(AuditRow row, PageContext page) =>
        row is { Kind: AuditRow.DeniedRequestKind, AccountId: { } account }
        && Permission.TryParse(row.Permission, out var refused)
        && page.Http.RequestServices.GetRequiredService<PermissionCatalogue>().Contains(refused)
        && page.Caller.May(AccessPermissions.View)
        && page.Caller.May(GroupPermissions.Change)
        && page.Caller.May(AccountPermissions.View)
            ? GivePath.Of(account, refused)
            : null;

    private static Delegate ExportAsync(ExportFormat format) =>
        async Task<IResult> (PageContext page, AuditReader audit, AuditPageReader reader) =>
        {
            var filter = AuditListFilter.Read(page.Http.Request.Query);
            var (query, mistakes) = await reader.ReadAsync(filter, page.Zone, page.Cancellation);
            return query is null || mistakes.Count > 0
                ? ExportFile.Refuse(mistakes)
                : await ExportFile.WriteAsync(page, format, AuditExport.Create(audit, page.Caller, query, page.Cancellation));
        };
}

internal sealed class AuditPageReader(SubjectStore subjects, PermissionCatalogue catalogue)
{
    public IReadOnlyList<(string Name, string Title)> Models =>
        [.. catalogue.Models.Select(model => (model.Name, model.Title)).OrderBy(model => model.Title, StringComparer.Ordinal)];

    /// <summary>
    /// An account as the field shows it, and finds it again: by its user name, with its id behind where that is several accounts'.
    /// </summary>
    public async Task<string?> NameAsync(Guid? account, CancellationToken cancellationToken) =>
        account is not { } id || await subjects.FindAccountAsync(id, cancellationToken) is not { } known ? null
        : (await subjects.FindNamedAsync(known.Username, cancellationToken)).Count == 1 ? known.Username
        : $"{known.Username} [{id}]";

    // Without a query, nothing can match.
    public async Task<(AuditFilter? Query, IReadOnlyList<string> Mistakes)> ReadAsync(
        AuditListFilter filter, TimeZoneInfo zone, CancellationToken cancellationToken)
    {
        var mistakes = new List<string>();
        Guid? account = null;
        if (filter.Account is { } name)
        {
            name = AccountField.IdIn(name) ?? name;
            var found = await subjects.FindNamedAsync(name, cancellationToken);
            account = found.Count > 0 ? found[0].AccountId : Guid.TryParse(name, out var id) ? id : null;
            if (account is null)
            {
                mistakes.Add($"Nobody of the name {name} has been seen here.");
                return (null, mistakes);
            }

            if (found.Count > 1)
            {
                mistakes.Add(
                    $"{Plural.Of(found.Count, "account")} have had the name {name}: this is one of them. "
                    + "Filter by the account's id to choose.");
            }
        }

        if (filter.Row is not null && filter.Model is null)
        {
            mistakes.Add("A row is a row of a model: choose the model too.");
            return (null, mistakes);
        }

        if (filter.Permission is not null && !Permission.TryParse(filter.Permission, out _))
        {
            mistakes.Add("A permission is written model:action, as in book:view.");
            return (null, mistakes);
        }

        var from = Instant(filter.From, "From", zone, mistakes);
        var to = Instant(filter.To, "Until", zone, mistakes);
        if (from >= to)
        {
            mistakes.Add("Until must be later than from.");
            return (null, mistakes);
        }

        var query = new AuditFilter
        {
            Kind = filter.Kind,
            Account = account,
            Model = filter.Model,
            Row = filter.Row,
            Action = filter.Action,
            Permission = filter.Permission,
            RequestId = filter.RequestId,
            From = from,
            To = to,
        };
        return (query, mistakes);
    }

    private static DateTimeOffset? Instant(string? text, string field, TimeZoneInfo zone, List<string> mistakes)
    {
        if (text is null)
        {
            return null;
        }

        // A browser's field has a time; an address that somebody typed may have none.
        var instant = LocalTimes.Read(text.Contains('T', StringComparison.Ordinal) ? text : text + "T00:00", zone);
        if (instant is null)
        {
            mistakes.Add($"{field} must be a date, or a date and time that a clock there shows, as in 2026-05-31T12:00.");
        }

        return instant;
    }
}
