using Api.Admin.Design;
using Api.Groups;
using Api.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Api.Admin.GroupPages;

/// <summary>The pages of groups.</summary>
internal static class GroupPageEndpoints
{
    private const int MostNames = 20;

    public static void MapGroupPages(this IEndpointRouteBuilder admin)
    {
        admin.MapGet("/groups", ListAsync).RequirePermission("group", Permission.View);
        admin.MapGet("/groups/names", Names).RequirePermission("group", Permission.View);
    }

    private static async Task<IResult> ListAsync(HttpContext context, Caller caller, GroupStore store, CancellationToken cancellationToken) =>
        Pages.Of<GroupsPage, GroupListView>(context, caller, new GroupListView([.. (await store.ListAsync(cancellationToken)).Select(GroupEndpoints.ToResponse)]));

    // Suggestions for whoever types the name of a group.
    private static RazorComponentResult Names(string? group, Caller caller)
    {
        string[] names = [.. caller.Rules.Groups
            .Select(rule => rule.Name)
            .Where(name => name.Contains(group ?? "", StringComparison.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal)
            .Take(MostNames)];
        return Pages.Plain<NameOptions>(("Names", names));
    }
}

/// <summary>The list of groups.</summary>
/// <param name="Groups">All of them.</param>
public sealed record GroupListView(IReadOnlyList<GroupResponse> Groups);
