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
        pages.MapGet("/export.csv", ExportAsync);
        pages.MapGet("/unmapped/export.csv", ExportUnmappedAsync);
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
        if (!string.IsNullOrEmpty(filter.Group) && page.Caller.Rules.FindGroup(filter.Group) is null)
        {
            filter = filter with { Mistake = $"There is no group {filter.Group}. What is shown is not filtered by a group." };
        }

        var (rows, isLast) = Cut(Find(filter, match, RoleMappingPlace.Parse(request.After)));
        return page.Render<RoleMappingsPage, RoleMappingListView>(new RoleMappingListView(
            [.. rows.Select(mapping => RoleMappingView.Create(mapping, page.Caller.Rules, match.Matched))],
            filter,
            page.Paging(isLast ? null : RoleMappingPlace.Write(rows[^1].Pattern, rows[^1].Id), to => filter.Path(to)) with
            {
                Total = new ListTotal(Find(filter, match, place: null).Count(), IsMore: false, "role mapping", "role mappings"),
                Exports = rows.Length == 0 ? [] : [ListExport.Csv(filter.Path(path: $"{List}/export.csv"), "role-mappings")],
            }));
    }

    // The rules are in memory and in order: no table is read, and a page is looked for where it begins.
    private static IEnumerable<MappingRule> Find(RoleMappingFilter filter, RoleMatch match, MappingRule? place)
    {
        var rules = match.Rules;
        RoleKind? kind = filter.Kind is null ? null : RoleKinds.Parse(filter.Kind);
        var start = new MappingRule(Guid.Empty, new RolePattern(kind ?? default, "", ""), Guid.Empty);
        MappingRule[] mappings = !string.IsNullOrEmpty(filter.Group) && rules.FindGroup(filter.Group) is { } group
                ? [.. rules.MappingsInto(group.Id)]
            : filter.Matches == "none" ? match.Idle
            : rules.MappingsInOrder;
        var from = place is not null && MappingRule.InOrder.Compare(place, start) > 0 ? place : start;
        return After(mappings, from, MappingRule.InOrder)
            .TakeWhile(mapping => kind is null || mapping.Pattern.Kind == kind)
            .Where(mapping =>
                (filter.Matches is null || (filter.Matches == "some") == match.Matched.Contains(mapping.Id))
                && Holds(mapping.Pattern, filter.Search));
    }

    private static async Task<IResult> ExportAsync([AsParameters] RoleMappingListRequest request, PageContext page, RoleMatches matches)
    {
        var match = await matches.CompareAsync(page.Caller.Rules, page.Cancellation);
        return await ExportFile.WriteAsync(page, ExportFormat.Csv, new ExportedList<MappingRule>(
            "role-mappings",
            ["kind", "client", "name", "group", "seenInTokens", "id"],
            mapping =>
            [
                RoleKinds.Write(mapping.Pattern.Kind),
                ExportFile.Cell(mapping.Pattern.Client),
                ExportFile.Cell(mapping.Pattern.Name),
                ExportFile.Cell(page.Caller.Rules.FindGroup(mapping.GroupId)!.Name),
                match.Matched.Contains(mapping.Id) ? "yes" : "no",
                mapping.Id.ToString(),
            ],
            mapping => mapping,
            ExportFile.FromMemory(Find(request.Filter, match, place: null))));
    }

    private static async Task<IResult> ExportUnmappedAsync(PageContext page, RoleMatches matches)
    {
        var match = await matches.CompareAsync(page.Caller.Rules, page.Cancellation);
        return await ExportFile.WriteAsync(page, ExportFormat.Csv, new ExportedList<RolePattern>(
            "unmapped-roles",
            ["kind", "client", "name"],
            role => [RoleKinds.Write(role.Kind), ExportFile.Cell(role.Client), ExportFile.Cell(role.Name)],
            role => role,
            ExportFile.FromMemory(match.Unmapped)));
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
            page.Paging(isLast ? null : RoleMappingPlace.Write(rows[^1]), to => Links.WithQuery($"{List}/unmapped", ("after", to))) with
            {
                Total = new ListTotal(match.Unmapped.Length, IsMore: false, "role or group", "roles and groups"),
                Exports = rows.Length == 0 ? [] : [ListExport.Csv($"{List}/unmapped/export.csv", "unmapped-roles")],
            }));
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
            await activity.DescribeAsync(page, RoleMappingPermissions.Model, id)));
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
