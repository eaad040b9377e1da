using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;
using KeycloakAccess.Texts;

namespace KeycloakAccess.Admin.RoleMappingPages;

internal static class RoleMappingPageEndpoints
{
    public const string List = "/admin/role-mappings";

    private const int PageSize = 50;

    public static void MapRoleMappingPages(this IEndpointRouteBuilder admin)
    {
        var pages = admin.MapGroup("/role-mappings").RequirePermission(RoleMappingPermissions.View);
        pages.MapGet("/", ListAsync);
        pages.MapGet("/unmapped", UnmappedAsync);
        pages.MapGet("/names", NamesAsync);
        pages.MapForm<NewRoleMappingForm>("/new").RequirePermission(RoleMappingPermissions.Add);
        pages.MapPreview<NewRoleMappingForm>("/preview").RequirePermission(RoleMappingPermissions.Add);
        pages.MapGet("/{id:guid}", ShowAsync);

        var replace = pages.MapGroup("/{id:guid}/replace")
            .RequirePermission(RoleMappingPermissions.Add)
            .RequirePermission(RoleMappingPermissions.Delete);
        replace.MapForm<ReplaceRoleMappingForm>("");
        replace.MapPreview<ReplaceRoleMappingForm>("/preview");

        pages.MapForm<DeleteRoleMappingForm>("/{id:guid}/delete").RequirePermission(RoleMappingPermissions.Delete);
    }

    private static async Task<IResult> ListAsync([AsParameters] RoleMappingListRequest request, PageContext page, RoleMatches matches)
    {
        var filter = request.Filter;
        var match = await matches.CompareAsync(page.Caller.Rules, page.Cancellation);
        var group = string.IsNullOrEmpty(filter.Group) ? null : page.Caller.Rules.FindGroup(filter.Group);
        if (group is null && !string.IsNullOrEmpty(filter.Group))
        {
            filter = filter with { Mistake = $"There is no group {filter.Group}. What is shown is not filtered by a group." };
        }

        // The rules are in memory and in order: no table is read, and a page is looked for where it begins.
        RoleKind? kind = filter.Kind is null ? null : RoleKinds.Parse(filter.Kind);
        var start = new MappingRule(Guid.Empty, new RolePattern(kind ?? default, "", ""), Guid.Empty);
        var place = RoleMappingPlace.Parse(request.After);
        MappingRule[] mappings = group is not null ? [.. page.Caller.Rules.MappingsInto(group.Id)]
            : filter.Matches == "none" ? match.Idle
            : page.Caller.Rules.MappingsInOrder;
        var from = place is not null && MappingRule.InOrder.Compare(place, start) > 0 ? place : start;
        var (rows, isLast) = Cut(After(mappings, from, MappingRule.InOrder)
            .TakeWhile(mapping => kind is null || mapping.Pattern.Kind == kind)
            .Where(mapping =>
                (filter.Matches is null || (filter.Matches == "some") == match.Matched.Contains(mapping.Id))
                && Holds(mapping.Pattern, filter.Search)));
        return page.Render<RoleMappingsPage, RoleMappingListView>(new RoleMappingListView(
            [.. rows.Select(mapping => RoleMappingView.Create(mapping, page.Caller.Rules, match.Matched))],
            filter,
            Paging.Create(place is null, isLast ? null : RoleMappingPlace.Write(rows[^1].Pattern, rows[^1].Id), to => filter.Path(to))));
    }

    private static async Task<IResult> UnmappedAsync(string? after, PageContext page, RoleMatches matches)
    {
        var match = await matches.CompareAsync(page.Caller.Rules, page.Cancellation);
        var place = RoleMappingPlace.Parse(after);
        var (rows, isLast) = Cut(After(match.Unmapped, place?.Pattern ?? default, RolePattern.InOrder));
        return page.Render<UnmappedRolesPage, UnmappedRolesView>(new UnmappedRolesView(
            [.. rows.Select(role => new UnmappedRoleView(
                RoleFormatter.Kind(role.Kind),
                RoleFormatter.Name(role.Client, role.Name),
                Links.WithQuery($"{List}/new", ("kind", RoleKinds.Write(role.Kind)), ("client", role.Client), ("name", role.Name))))],
            Paging.Create(
                place is null,
                isLast ? null : RoleMappingPlace.Write(rows[^1]),
                to => Links.WithQuery($"{List}/unmapped", ("after", to)))));
    }

    private static async Task<PageResult> NamesAsync(
        string? kind, string? client, string? name, ObservedRoles observedRoles, PageContext page) =>
        Suggestions.Render((await observedRoles.ListAsync(page.Cancellation))
            .Select(observed => observed.Role)
            .Where(role => string.IsNullOrEmpty(kind) || RoleKinds.Write(role.Kind) == kind)
            .Where(role => kind != RoleKinds.ClientRole || string.IsNullOrEmpty(client) || role.Client == client)
            .Select(role => role.Name)
            .Where(known => string.IsNullOrEmpty(name) || Folding.Holds(known, name))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal));

    private static async Task<IResult> ShowAsync(Guid id, PageContext page, RoleMappingReader reader, ActivityReader activity)
    {
        if (page.Caller.Rules.FindMapping(id) is not { } mapping)
        {
            return TypedResults.NotFound();
        }

        return page.Render<RoleMappingPage, RoleMappingPageView>(new RoleMappingPageView(
            await reader.ViewAsync(page, mapping),
            await reader.PreviewAsync(page, removed: mapping, added: null),
            RoleMappingReader.Lacking(page, mapping) is { Count: > 0 } lacking ? RoleMappingReader.Refusal(page, lacking) : null,
            await activity.DescribeAsync(page.Caller, RoleMappingPermissions.Model, id, page.Cancellation)));
    }

    private static bool Holds(RolePattern pattern, string? search) =>
        string.IsNullOrEmpty(search)
        || Folding.Holds(pattern.Name, search)
        || Folding.Holds(pattern.Client, search);

    // What follows a place in a list that is in order, whether or not the place is taken.
    private static IEnumerable<T> After<T>(T[] rows, T place, IComparer<T> order)
    {
        var index = Array.BinarySearch(rows, place, order);
        return rows.Skip(index < 0 ? ~index : index + 1);
    }

    private static (T[] Page, bool IsLast) Cut<T>(IEnumerable<T> rows)
    {
        T[] page = [.. rows.Take(PageSize + 1)];
        return page.Length > PageSize ? (page[..PageSize], false) : (page, true);
    }
}

internal sealed record RoleMappingListRequest(string? Search, string? Kind, string? Group, string? Matches, string? After)
{
    /// <summary>The filter without what no filter has: an address may say anything.</summary>
    public RoleMappingFilter Filter => new(
        Search?.Trim(),
        RoleKinds.All.Contains(Kind, StringComparer.Ordinal) ? Kind : null,
        Group?.Trim(),
        Matches is "none" or "some" ? Matches : null);
}
