using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.HomePages;

internal static class HomePageEndpoints
{
    public static void MapHomePages(this IEndpointRouteBuilder admin) => admin.MapGet("/", ShowAsync);

    private static async Task<IResult> ShowAsync(PageContext page, HomeCharts charts, HomeNotices notices)
    {
        var refused = await charts.ReadRefusedAsync(page.Caller, page.Cancellation);
        var (found, looked) = await notices.ReadAsync(page.Caller, refused, page.Cancellation);
        return page.Render<HomePage, HomeView>(new HomeView(
            found,
            looked,
            refused is null ? null : await charts.DrawDecisionsAsync(refused, page.Zone, page.Cancellation),
            refused is null ? null : await charts.DrawSignInsAsync(page.Cancellation),
            refused is not null && page.Caller.May(AccountPermissions.View) ? await charts.RankServicesAsync(page.Cancellation) : null));
    }
}
