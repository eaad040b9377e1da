using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.ModelPages;

/// <summary>The pages of declared models: each model has its own, with its own permissions.</summary>
internal static class ModelPageEndpoints
{
    public static void MapModelPages(this IEndpointRouteBuilder admin)
    {
        var references = admin.ServiceProvider.GetRequiredService<ModelReferences>();
        foreach (var model in references.Models.Models)
        {
            new RowViews(model, references).Map(admin);
        }
    }

    private static void Map(this RowViews views, IEndpointRouteBuilder admin)
    {
        var model = views.Model;
        var (list, export) = (new RowListPages(views), new RowExportPages(views));
        var (forms, pages, several) = (new RowFormPages(views), new RowPages(views), new SeveralRowsPages(views));
        var group = admin.MapGroup($"/models/{model.Plural}").RequirePermission(model.Name, Permission.View);
        group.MapGet("/", list.ListAsync);
        group.MapGet("/names", list.NamesAsync);
        group.MapGet("/new", forms.NewAsync).RequirePermission(model.Name, Permission.Add);
        group.MapPost("/new", forms.CreateAsync).RequirePermission(model.Name, Permission.Add);

        // An id that its creator gives may be any word, but has one segment.
        group.MapGet("/export/csv", export.CsvAsync);
        group.MapGet("/export/jsonl", export.JsonLinesAsync);

        // What is to be done decides which permission it takes.
        group.MapGet("/bulk/preview", several.AskAgainAsync);
        group.MapPost("/bulk/preview", several.PreviewAsync);
        group.MapGet("/bulk/apply", several.AskAgainAsync);
        group.MapPost("/bulk/apply", several.ApplyAsync);
        group.MapGet("/bulk/result", several.ReportAsync);

        var row = group.MapGroup(model.AssignsIds ? "/{id:guid}" : "/{id}");
        row.MapGet("/", pages.ShowAsync);
        row.MapGet("/edit", forms.EditAsync).RequirePermission(model.Name, Permission.Change);
        row.MapPost("/edit", forms.ReplaceAsync).RequirePermission(model.Name, Permission.Change);
        row.MapGet("/delete", pages.AskToDeleteAsync).RequirePermission(model.Name, Permission.Delete);
        row.MapPost("/delete", pages.DeleteAsync).RequirePermission(model.Name, Permission.Delete);
        row.MapGet("/history", pages.HistoryAsync).RequirePermission(AuditPermissions.View);
        foreach (var action in model.Actions)
        {
            row.MapGet($"/actions/{action.Name}", pages.AskToAct(action));
            row.MapPost($"/actions/{action.Name}", pages.Act(action)).RequirePermission(model.Name, action.Name);
        }
    }
}
