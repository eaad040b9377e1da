using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Models;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.ModelPages;

internal sealed class RowExport(RowViews views)
{
    private readonly Model _model = views.Model;
    private readonly ModelFilters _filters = new(views.Model, views.References);

    public Task<IResult> WriteCsvAsync(PageContext page) => WriteAsync(page, ExportFormat.Csv);

    public Task<IResult> WriteJsonLinesAsync(PageContext page) => WriteAsync(page, ExportFormat.JsonLines);

    private async Task<IResult> WriteAsync(PageContext page, ExportFormat format)
    {
        var said = _filters.Read(page.Http.Request.Query);
        said.Remove("after");
        var (query, mistakes) = await _filters.QueryAsync(said, page);
        return mistakes.Count > 0 ? ExportFile.Refuse(mistakes) : await ExportFile.WriteAsync(page, format, Create(query, page));
    }

    private ExportedList<object> Create(ListQuery query, PageContext page)
    {
        // For programs: with the id, whoever has given it.
        Column[] columns = [.. _model.Columns.Where(column => views.References.Shows(column, page))];
        var names = columns.Select(column => column.Json).ToHashSet(StringComparer.Ordinal);
        return new ExportedList<object>(
            _model.Plural,
            columns.Select(column => column.Json),
            row => columns.Select(column => Cell(column, row)),
            row => _model.Values(row).Where(value => names.Contains(value.Key)).ToDictionary(StringComparer.Ordinal),
            ExportFile.ReadAsync(query with { Limit = ExportFile.RowsAtATime }, async part =>
            {
                var (rows, next) = await views.Store.ListAsync(part, RowSubject.FromCaller(page.Caller), page.Cancellation);
                return (rows, next is null ? null : part with { After = ListPosition.Parse(next, part.Sort, _model.Id) });
            }));
    }

    // A number is no formula, whatever its sign.
    private static string Cell(Column column, object row) => column.Get(row) is not { } value ? ""
        : RowViews.IsNumber(column) ? column.Type.Write(value)
        : ExportFile.Cell(column.Type.Write(value));
}
