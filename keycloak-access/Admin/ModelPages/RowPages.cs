using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Audit;
using KeycloakAccess.Data;
using KeycloakAccess.Models;

namespace KeycloakAccess.Admin.ModelPages;

internal sealed class RowPages(RowViews views, RowPageReader reader)
{
    private const int PageSize = 25;

    private readonly Model _model = views.Model;

    public async Task<IResult> ShowAsync(string id, PageContext page) =>
        await views.FindAsync(id, page) is { } found
            ? page.Render<ModelRowPage, ModelRowPageView>(await reader.ReadAsync(page, found))
            : TypedResults.NotFound();

    public async Task<IResult> HistoryAsync(string id, string? after, PageContext page, AuditReader audit)
    {
        // Of what somebody may not see they do not learn what it was.
        if (await views.FindAsync(id, page) is not { } found)
        {
            return TypedResults.NotFound();
        }

        var place = AuditReader.ParseCursor(after);
        var filter = new AuditFilter
        {
            Kind = AuditRow.ChangeKind,
            Model = _model.Name,
            Row = _model.IdOf(found.Row),
            Limit = PageSize,
            After = place,
        };
        var (rows, next) = await audit.ListAsync(page.Caller, filter, page.Cancellation);
        return page.Render<ModelHistoryPage, ModelHistoryView>(new ModelHistoryView(
            views.Name,
            _model.IdOf(found.Row),
            ModelReferences.TitleOf(_model, found.Row),
            await views.ChangesAsync(rows, page),
            page.Paging(next?.ToString(), to => Links.WithQuery($"{views.Name.PathOf(id)}/history", ("after", to))) with
            {
                Total = await audit.CountAsync(page.Caller, filter, Paging.MostCounted + 1, page.Cancellation) is { } counted
                    ? ListTotal.Create(counted, "change", "changes")
                    : null,
                Exports = rows.Count == 0
                    ? []
                    : [ListExport.Csv(
                        Links.WithQuery(
                            "/admin/audit/export.csv",
                            ("kind", AuditRow.ChangeKind), ("model", _model.Name), ("row", _model.IdOf(found.Row))),
                        "history")],
            }));
    }
}

internal sealed class RowPageReader(RowViews views, ActivityReader activity)
{
    public async Task<ModelRowPageView> ReadAsync(PageContext page, VersionedRow found)
    {
        var (model, id) = (views.Model, views.Model.IdOf(found.Row));
        Column[] columns = [.. views.Shown(page)];
        var values = (await views.RowsAsync([found.Row], columns, page))[0].Cells;
        var filter = new AuditFilter { Kind = AuditRow.ChangeKind, Model = model.Name, Row = id };
        var happened = await activity.ListAsync(page.Caller, filter, page.Cancellation);
        return new ModelRowPageView
        {
            Model = views.Name,
            Id = id,
            Title = ModelReferences.TitleOf(model, found.Row),
            Version = found.Version,
            Values = [.. columns.Zip(values, (column, value) => (column.Title, value))],
            Actions = [.. views.Actions(page)],
            Dependants = await views.DependantsAsync(found.Row, RowViews.MostDependants, page),
            Additions = views.Additions(found.Row, page),
            Happened = await views.HappenedAsync(happened, page),
        };
    }
}
