using KeycloakAccess.Audit;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Admin.AuditPages;

/// <summary>The pages of the audit log: the list, one row, and the list as a file.</summary>
internal static class AuditPageEndpoints
{
    private const int PageSize = 50;

    public static void MapAuditPages(this IEndpointRouteBuilder admin)
    {
        admin.MapGet("/audit", ListAsync).RequirePermission(AuditPermissions.View);
        admin.MapGet("/audit/{id:guid}", ShowAsync).RequirePermission(AuditPermissions.View);
        admin.MapGet("/audit/export.csv", ExportCsvAsync).RequirePermission(AuditPermissions.View);
        admin.MapGet("/audit/export.jsonl", ExportJsonLinesAsync).RequirePermission(AuditPermissions.View);
    }

    private static async Task<IResult> ListAsync(
        [AsParameters] AuditListRequest request, HttpContext context, Caller caller, AuditStore store, AuditPageReader reader, PermissionCatalogue catalogue, CancellationToken cancellationToken)
    {
        var filter = request.Filter;
        var mistakes = new List<string>();
        var query = await reader.ReadAsync(filter, ReaderZone.Of(context.Request), mistakes, cancellationToken);
        var place = request.After is null ? null : AuditStore.Read(request.After);
        var (rows, next) = query is null ? ([], null) : await store.ListAsync(query with { Limit = PageSize, After = place }, cancellationToken);
        return Pages.Of<AuditPage, AuditListView>(context, caller, new AuditListView(
            [.. rows.Select(AuditWords.Line)],
            filter,
            [.. catalogue.Models.Select(model => model.Name).Order(StringComparer.Ordinal)],
            mistakes,
            place is null ? null : filter.Path(),
            next is null ? null : filter.Path(after: next.ToString())));
    }

    private static async Task<IResult> ShowAsync(
        Guid id, HttpContext context, Caller caller, AuditStore store, AuditObjects objects, CancellationToken cancellationToken) =>
        await store.FindAsync(id, cancellationToken) is { } row
            ? Pages.Of<AuditRowPage, AuditRowView>(context, caller, AuditWords.Page(
                row, await objects.FindPageAsync(row, caller, cancellationToken), caller.May(AccountPermissions.View)))
            : TypedResults.NotFound();

    private static Task<IResult> ExportCsvAsync([AsParameters] AuditListRequest request, HttpContext context, AuditStore store, AuditPageReader reader, CancellationToken cancellationToken) =>
        ExportAsync(request, context, reader, ExportFile.CsvType, "audit.csv", query => AuditExport.WriteCsvAsync(context.Response.BodyWriter, store, query, cancellationToken), cancellationToken);

    private static Task<IResult> ExportJsonLinesAsync(
        [AsParameters] AuditListRequest request, HttpContext context, AuditStore store, AuditPageReader reader, IOptions<JsonOptions> json, CancellationToken cancellationToken) =>
        ExportAsync(
            request, context, reader, ExportFile.JsonLinesType, "audit.jsonl",
            query => AuditExport.WriteJsonLinesAsync(context.Response.BodyWriter, store, query, json.Value.SerializerOptions, cancellationToken), cancellationToken);

    private static async Task<IResult> ExportAsync(
        AuditListRequest request, HttpContext context, AuditPageReader reader, string type, string name, Func<AuditFilter, Task> write, CancellationToken cancellationToken)
    {
        var mistakes = new List<string>();
        // A file that is not what was asked for must not be written.
        if (await reader.ReadAsync(request.Filter, ReaderZone.Of(context.Request), mistakes, cancellationToken) is not { } query || mistakes.Count > 0)
        {
            return Problem.Create(StatusCodes.Status400BadRequest, ProblemCode.InvalidRequest, string.Join(' ', mistakes));
        }

        ExportFile.Begin(context.Response, type, name);
        await write(query);
        return TypedResults.Empty;
    }
}

/// <summary>What the address of the list, or of an export, says.</summary>
internal sealed record AuditListRequest(
    string? Kind, string? Account, string? Model, string? Row, string? Action, string? Permission, string? From, string? To, string? RequestId, string? After)
{
    private const int Longest = 300;

    public AuditListFilter Filter => new(
        Kind is AuditRow.ChangeKind or AuditRow.DeniedRequestKind ? Kind : null, Text(Account), Text(Model), Text(Row), Text(Action), Text(Permission), Text(From), Text(To), Text(RequestId));

    private static string? Text(string? text) =>
        text?.Replace("\0", "", StringComparison.Ordinal).Trim() is { Length: > 0 } clean ? ShortText.Cut(clean, Longest) : null;
}

/// <summary>Makes a query of the log of what stands in the filters.</summary>
internal sealed class AuditPageReader(SubjectStore subjects)
{
    /// <param name="filter">What stands in the filters.</param>
    /// <param name="zone">The zone in which times are written.</param>
    /// <param name="mistakes">Gets what is wrong, for people.</param>
    /// <param name="cancellationToken">The request's.</param>
    /// <returns>The query; <see langword="null"/> where nothing can match.</returns>
    public async Task<AuditFilter?> ReadAsync(AuditListFilter filter, TimeZoneInfo zone, List<string> mistakes, CancellationToken cancellationToken)
    {
        Guid? account = null;
        if (filter.Account is { } name)
        {
            var found = await subjects.FindNamedAsync(name, cancellationToken);
            account = found.Count > 0 ? found[0].AccountId : Guid.TryParse(name, out var id) ? id : null;
            if (account is null)
            {
                mistakes.Add($"Nobody of the name {name} has been seen here.");
                return null;
            }

            if (found.Count > 1)
            {
                mistakes.Add($"{found.Count} accounts have had the name {name}: this is one of them. Filter by the account's id to choose.");
            }
        }

        if (filter.Row is not null && filter.Model is null)
        {
            mistakes.Add("A row is a row of a model: choose the model too.");
            return null;
        }

        if (filter.Permission is not null && !Permission.TryParse(filter.Permission, out _))
        {
            mistakes.Add("A permission is written model:action, as in book:view.");
            return null;
        }

        var from = Instant(filter.From, "From", zone, mistakes);
        var to = Instant(filter.To, "Until", zone, mistakes);
        if (from >= to)
        {
            mistakes.Add("Until must be later than from.");
            return null;
        }

        return new AuditFilter
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
    }

    private static DateTimeOffset? Instant(string? text, string field, TimeZoneInfo zone, List<string> mistakes)
    {
        if (text is null)
        {
            return null;
        }

        // A browser's field writes both; in an address somebody may have left the time out.
        var instant = LocalTimes.Read(text.Contains('T', StringComparison.Ordinal) ? text : text + "T00:00", zone);
        if (instant is null)
        {
            mistakes.Add($"{field} must be a date, or a date and time that a clock there shows, as in 2026-05-31T12:00.");
        }

        return instant;
    }
}
