using KeycloakAccess.Models;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.ModelPages;

/// <summary>The list of one model's rows.</summary>
internal sealed class RowListPages(RowViews views)
{
    private const int MostColumns = 7;

    private readonly Model _model = views.Model;
    private readonly ModelFilters _filters = new(views.Model, views.References);
    private readonly Column _title = ModelReferences.TitleOf(views.Model);

    public async Task<IResult> ListAsync(HttpContext context, Caller caller, CancellationToken cancellationToken)
    {
        var said = _filters.Read(context.Request.Query);
        var (query, mistakes) = await _filters.QueryAsync(said, ReaderZone.Of(context.Request), caller, cancellationToken);
        var (rows, next) = await views.Store.ListAsync(query, RowSubject.FromCaller(caller), cancellationToken);
        Column[] columns = [.. views.Shown(caller).Where(column => column != _title).Take(MostColumns)];
        return Pages.Of<ModelListPage, ModelListView>(context, caller, new ModelListView(
            views.Name,
            [.. new[] { _title }.Concat(columns).Select(column => Heading(column, query, said))],
            await views.RowsAsync(rows, columns, caller, cancellationToken),
            [.. _model.Searches.Select(column => column.Title.ToLowerInvariant())],
            said.GetValueOrDefault("search", ""),
            said.GetValueOrDefault("sort"),
            _filters.Views(said, caller),
            mistakes,
            query.After is null ? null : _filters.Path(said),
            next is null ? null : _filters.Path(said, after: next),
            [.. SeveralRowsPages.Changes(views, caller)],
            _filters.Path(said)));
    }

    // Suggestions for whoever types what a row of this model is called, in whichever field.
    public async Task<IResult> NamesAsync(HttpRequest request, Caller caller, CancellationToken cancellationToken) =>
        Suggestions.Of(await views.References.SuggestAsync(_model, Suggestions.Typed(request), caller, cancellationToken));

    private ModelColumnView Heading(Column column, ListQuery query, IReadOnlyDictionary<string, string> said) => new(
        column.Title,
        RowViews.IsNumber(column),
        _model.Sorts.Contains(column) ? _filters.Path(said, sort: query.Sort == column && !query.Descending ? "-" + column.Json : column.Json) : null,
        query.Sort != column ? null : query.Descending ? "descending" : "ascending");
}
