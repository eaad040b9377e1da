using System.Runtime.CompilerServices;
using KeycloakAccess.Hosting;
using KeycloakAccess.Models;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Admin.ModelPages;

/// <summary>The list of one model's rows as a file: as it is filtered and sorted, on all its pages, and no column that is not shown.</summary>
internal sealed class RowExportPages(RowViews views)
{
    private readonly Model _model = views.Model;
    private readonly ModelFilters _filters = new(views.Model, views.References);

    public Task<IResult> CsvAsync(HttpContext context, Caller caller, CancellationToken cancellationToken)
    {
        Column[] columns = [.. Columns(caller)];
        return ExportAsync(
            context, caller, ExportFile.CsvType, "csv",
            rows => ExportFile.WriteCsvAsync(context.Response.BodyWriter, columns.Select(column => column.Json), rows, row => columns.Select(column => Cell(column, row)), cancellationToken),
            cancellationToken);
    }

    public Task<IResult> JsonLinesAsync(HttpContext context, Caller caller, IOptions<JsonOptions> json, CancellationToken cancellationToken)
    {
        var columns = Columns(caller).Select(column => column.Json).ToHashSet(StringComparer.Ordinal);
        return ExportAsync(
            context, caller, ExportFile.JsonLinesType, "jsonl",
            rows => ExportFile.WriteJsonLinesAsync(
                context.Response.BodyWriter,
                rows,
                row => _model.Values(row).Where(value => columns.Contains(value.Key)).ToDictionary(StringComparer.Ordinal),
                json.Value.SerializerOptions,
                cancellationToken),
            cancellationToken);
    }

    private async Task<IResult> ExportAsync(
        HttpContext context, Caller caller, string type, string ending, Func<IAsyncEnumerable<IReadOnlyList<object>>, Task> write, CancellationToken cancellationToken)
    {
        var said = _filters.Read(context.Request.Query);
        said.Remove("after");
        var (query, mistakes) = await _filters.QueryAsync(said, ReaderZone.Of(context.Request), caller, cancellationToken);
        // A file that is not what was asked for must not be written.
        if (mistakes.Count > 0)
        {
            return Problem.Create(StatusCodes.Status400BadRequest, ProblemCode.InvalidRequest, string.Join(' ', mistakes));
        }

        ExportFile.Begin(context.Response, type, $"{_model.Plural}.{ending}");
        await write(ReadAsync(query, caller, cancellationToken));
        return TypedResults.Empty;
    }

    private async IAsyncEnumerable<IReadOnlyList<object>> ReadAsync(ListQuery query, Caller caller, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (ListQuery? page = query with { Limit = ExportFile.RowsAtATime }; page is not null;)
        {
            var (rows, next) = await views.Store.ListAsync(page, RowSubject.FromCaller(caller), cancellationToken);
            yield return rows;
            page = next is null ? null : page with { After = new ListPosition(page.Sort.Get(rows[^1]), _model.Id.Get(rows[^1])!) };
        }
    }

    // For programs: with the id, whoever has given it.
    private IEnumerable<Column> Columns(Caller caller) => _model.Columns.Where(column => views.References.Shows(column, caller));

    // A number is no formula, whatever its sign.
    private static string Cell(Column column, object row) => column.Get(row) is not { } value ? ""
        : RowViews.IsNumber(column) ? column.Type.Write(value)
        : ExportFile.Cell(column.Type.Write(value));
}
