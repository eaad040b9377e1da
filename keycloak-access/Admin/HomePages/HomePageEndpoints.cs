using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Models;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.HomePages;

internal static class HomePageEndpoints
{
    public static void MapHomePages(this IEndpointRouteBuilder admin) => admin.MapGet("/", ShowAsync);

    private static async Task<IResult> ShowAsync(PageContext page, HomeCharts charts, HomeNotices notices, ActivityReader activity)
    {
        var refused = await charts.ReadRefusedAsync(page.Caller, page.Cancellation);
        var (found, looked) = await notices.ReadAsync(page.Caller, refused, page.Cancellation);
        return page.Render<HomePage, HomeView>(new HomeView(
            found,
            looked,
            refused is null ? null : await charts.DrawDecisionsAsync(refused, page.Zone, page.Cancellation),
            refused is null ? null : await charts.DrawSignInsAsync(page.Cancellation),
            refused is not null && page.Caller.May(AccountPermissions.View) ? await charts.RankServicesAsync(page.Cancellation) : null)
        {
            Models = [.. page.Http.RequestServices.GetRequiredService<ModelCatalogue>().Models
                .Where(model => page.Caller.May(model.Name, Permission.View))
                .OrderBy(model => model.Title, StringComparer.Ordinal)
                .Select(model => new HomeModel(
                    model.Title,
                    $"/admin/models/{model.Plural}",
                    [.. Permission.Actions.Concat(model.Actions.Select(action => action.Name))
                        .Where(action => page.Caller.May(model.Name, action))
                        .Select(action => action.Replace('-', ' '))],
                    page.Caller.May(model.Name, Permission.Add)))],
            Own = await activity.ListOwnAsync(page),
        });
    }
}
