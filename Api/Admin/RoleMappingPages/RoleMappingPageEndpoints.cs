using Api.Permissions;
using Api.RoleMappings;

namespace Api.Admin.RoleMappingPages;

/// <summary>The pages of role mappings.</summary>
internal static class RoleMappingPageEndpoints
{
    public static void MapRoleMappingPages(this IEndpointRouteBuilder admin) =>
        admin.MapGet("/role-mappings", ListAsync).RequirePermission("role-mapping", Permission.View);

    private static async Task<IResult> ListAsync(HttpContext context, Caller caller, RoleMappingStore store, CancellationToken cancellationToken) =>
        Pages.Of<RoleMappingsPage, RoleMappingListView>(context, caller, new RoleMappingListView([.. (await store.ListAsync(cancellationToken)).Select(RoleMappingEndpoints.ToResponse)]));
}

/// <summary>The list of role mappings.</summary>
/// <param name="Mappings">All of them.</param>
public sealed record RoleMappingListView(IReadOnlyList<RoleMappingResponse> Mappings);
