using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Bulk;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.ModelPages;

internal static class ModelPageEndpoints
{
    public static void MapModelPages(this IEndpointRouteBuilder admin)
    {
        var references = admin.ServiceProvider.GetRequiredService<ModelReferences>();
        var activity = admin.ServiceProvider.GetRequiredService<ActivityReader>();
        foreach (var model in references.Models.Models)
        {
            var views = new RowViews(model, references);
            views.Map(admin, new RowPageReader(views, activity));
        }
    }

    private static void Map(this RowViews views, IEndpointRouteBuilder admin, RowPageReader reader)
    {
        var model = views.Model;
        var (list, export) = (new RowListPages(views), new RowExport(views));
        var (pages, bulk) = (new RowPages(views, reader), new BulkRows(views));
        var group = admin.MapGroup($"/models/{model.Plural}").RequirePermission(model.Name, Permission.View);
        group.MapGet("/", list.ListAsync);
        group.MapGet("/names", list.NamesAsync);
        group.MapForm("/new", _ => new NewRowForm(views)).RequirePermission(model.Name, Permission.Add);

        // An id that its creator gives may be any word, but has one segment.
        group.MapGet("/export/csv", export.WriteCsvAsync);
        group.MapGet("/export/jsonl", export.WriteJsonLinesAsync);

        group.MapBulkFlow("/bulk/preview", _ => bulk);

        var row = group.MapGroup(model.AssignsIds ? "/{id:guid}" : "/{id}");
        row.MapGet("/", pages.ShowAsync);
        row.MapForm("/edit", _ => new EditRowForm(views)).RequirePermission(model.Name, Permission.Change);
        row.MapForm("/delete", _ => new DeleteRowForm(views)).RequirePermission(model.Name, Permission.Delete);
        row.MapGet("/history", pages.HistoryAsync).RequirePermission(AuditPermissions.View);
        foreach (var action in model.Actions)
        {
            var form = row.MapForm(
                $"/actions/{action.Name}", _ => new RowActionForm(views, action, reader), new Permission(model.Name, action.Name));
            if (action.StepUp is { } stepUp)
            {
                form.WithMetadata(stepUp with { IsForChangesOnly = true });
            }
        }
    }
}
