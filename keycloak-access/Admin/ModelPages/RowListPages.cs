using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Models;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.ModelPages;

internal sealed class RowListPages(RowViews views)
{
    private const int MostColumns = 7;

    private readonly Model _model = views.Model;
    private readonly ModelFilters _filters = new(views.Model, views.References);
    private readonly Column _title = ModelReferences.TitleOf(views.Model);

    public async Task<IResult> ListAsync(PageContext page)
    {
        var said = _filters.Read(page.Http.Request.Query);
        var (query, mistakes) = await _filters.QueryAsync(said, page);
        var (rows, next) = await views.Store.ListAsync(query, RowSubject.FromCaller(page.Caller), page.Cancellation);
        Column[] columns = [.. views.Shown(page).Where(column => column != _title).Take(MostColumns)];
        return page.Render<ModelListPage, ModelListView>(new ModelListView
        {
            Model = views.Name,
            Columns = [.. new[] { _title }.Concat(columns).Select(column => Heading(column, query, said))],
            Rows = await views.RowsAsync(rows, columns, page),
            Searches = [.. _model.Searches.Select(column => column.Title.ToLowerInvariant())],
            Search = said.GetValueOrDefault("search", ""),
            Sort = said.GetValueOrDefault("sort"),
            Filters = await _filters.ViewsAsync(said, page),
            Mistakes = mistakes,
            Paging = page.Paging(next?.ToString(), to => _filters.Path(said, after: to)) with
            {
                Total = ListTotal.Create(
                    await views.Store.CountAsync(
                        query, RowSubject.FromCaller(page.Caller), Paging.MostCounted + 1, page.Cancellation),
                    views.Name.One,
                    views.Name.Many),
                Exports = rows.Count == 0
                    ? []
                    :
                    [
                        ListExport.Csv(ExportPath("csv"), _model.Plural), ListExport.JsonLines(ExportPath("jsonl"), _model.Plural),
                    ],
            },
            BulkActions = [.. BulkRows.ListActions(views, page)],
            Path = _filters.Path(said),
        });

        string ExportPath(string ending) => $"{views.Name.Path}/export/{ending}{_filters.Path(said)[views.Name.Path.Length..]}";
    }

    public async Task<IResult> NamesAsync(PageContext page) =>
        Suggestions.Render(await views.References.SuggestAsync(_model, Suggestions.Typed(page.Http.Request), page));

    private ModelColumnView Heading(Column column, ListQuery query, IReadOnlyDictionary<string, string> said) => new(
        column.Title,
        RowViews.IsNumber(column),
        _model.Sorts.Contains(column)
            ? _filters.Path(said, sort: query.Sort == column && !query.Descending ? "-" + column.Json : column.Json)
            : null,
        query.Sort != column ? null : query.Descending ? "descending" : "ascending");
}
