using System.Globalization;
using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;
using KeycloakAccess.RoleMappings;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Admin.RoleMappingPages;

/// <summary>The pages of role mappings: the list, what leads nowhere, one mapping, and its forms with whom they concern.</summary>
internal static class RoleMappingPageEndpoints
{
    private const string List = "/admin/role-mappings";
    private const int PageSize = 50;

    public static void MapRoleMappingPages(this IEndpointRouteBuilder admin)
    {
        var pages = admin.MapGroup("/role-mappings").RequirePermission(RoleMappingPermissions.View);
        pages.MapGet("/", ListAsync);
        pages.MapGet("/unmapped", UnmappedAsync);
        pages.MapGet("/names", NamesAsync);
        pages.MapGet("/new", NewAsync).RequirePermission(RoleMappingPermissions.Add);
        pages.MapPost("/new", CreateAsync).RequirePermission(RoleMappingPermissions.Add);
        pages.MapGet("/preview", NewAsync).RequirePermission(RoleMappingPermissions.Add);
        pages.MapPost("/preview", PreviewAsync).RequirePermission(RoleMappingPermissions.Add);
        pages.MapGet("/{id:guid}", ShowAsync);

        var replace = pages.MapGroup("/{id:guid}/replace").RequirePermission(RoleMappingPermissions.Add).RequirePermission(RoleMappingPermissions.Delete);
        replace.MapGet("/", AskToReplaceAsync);
        replace.MapPost("/", ReplaceAsync);
        replace.MapGet("/preview", AskToReplaceAsync);
        replace.MapPost("/preview", PreviewReplacementAsync);

        pages.MapGet("/{id:guid}/delete", AskToDeleteAsync).RequirePermission(RoleMappingPermissions.Delete);
        pages.MapPost("/{id:guid}/delete", DeleteAsync).RequirePermission(RoleMappingPermissions.Delete);
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
        MappingRule[] mappings = group is not null ? [.. page.Caller.Rules.MappingsInto(group.Id)] : filter.Matches == "none" ? match.Idle : page.Caller.Rules.MappingsInOrder;
        var (rows, isLast) = Cut(After(mappings, place is not null && MappingRule.InOrder.Compare(place, start) > 0 ? place : start, MappingRule.InOrder)
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
            Paging.Create(place is null, isLast ? null : RoleMappingPlace.Write(rows[^1]), to => Links.WithQuery($"{List}/unmapped", ("after", to)))));
    }

    // Suggestions for whoever types the name of a role: what tokens have shown.
    private static async Task<RazorComponentResult> NamesAsync(string? kind, string? client, string? name, ObservedRoles observedRoles, PageContext page)
    {
        return Suggestions.Render((await observedRoles.ListAsync(page.Cancellation))
            .Select(seen => seen.Role)
            .Where(role => string.IsNullOrEmpty(kind) || RoleKinds.Write(role.Kind) == kind)
            .Where(role => kind != RoleKinds.ClientRole || string.IsNullOrEmpty(client) || role.Client == client)
            .Select(role => role.Name)
            .Where(known => known.Contains(name ?? "", StringComparison.OrdinalIgnoreCase))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal));
    }

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

    private static async Task<IResult> NewAsync(string? kind, string? client, string? name, string? group, PageContext page, RoleMappingReader reader)
    {
        // A link from elsewhere may say what is to be mapped.
        var input = await page.FindDraftAsync() ?? FormInput.Create(
            ("kind", RoleKinds.All.Contains(kind, StringComparer.Ordinal) ? kind : RoleKinds.RealmRole), ("client", client), ("name", name), ("group", group));
        return await reader.FormAsync(page, replaced: null, input, StatusCodes.Status200OK);
    }

    private static async Task<IResult> PreviewAsync(PageContext page, RoleMappingReader reader) =>
        await reader.FormAsync(page, replaced: null, page.Form, StatusCodes.Status200OK);

    private static async Task<IResult> CreateAsync(PageContext page, RoleMappingReader reader, RoleMappingCommands commands)
    {
        var input = page.Form;
        if (RoleMappingForm.Read(input, page) is not { } request)
        {
            return await reader.FormAsync(page, replaced: null, input, StatusCodes.Status422UnprocessableEntity);
        }

        var outcome = await commands.AddAsync(request, page.Author, page.Cancellation);
        return outcome is { Value: { } mapping }
            ? page.Redirect($"{List}/{mapping.Id}", Done(mapping))
            : await reader.FormAsync(page, replaced: null, input, input.Show(outcome.Failure!, "group"));
    }

    private static async Task<IResult> AskToReplaceAsync(Guid id, PageContext page, RoleMappingReader reader, RoleMappingStore store)
    {
        var mapping = page.Caller.Rules.FindMapping(id);
        var version = (await store.FindAsync(id, page.Cancellation))?.Version;
        var input = await page.FindDraftAsync() ?? (mapping is null ? FormInput.Create() : RoleMappingForm.Fill(mapping, version, page.Caller.Rules));
        return (mapping, input.Notice) switch
        {
            (not null, _) => await reader.FormAsync(page, mapping, input, StatusCodes.Status200OK),
            // Nothing was typed yet.
            (null, null) => TypedResults.NotFound(),
            _ => await GoneAsync(input, page, reader),
        };
    }

    private static async Task<IResult> PreviewReplacementAsync(Guid id, PageContext page, RoleMappingReader reader) =>
        page.Caller.Rules.FindMapping(id) is { } mapping
            ? await reader.FormAsync(page, mapping, page.Form, StatusCodes.Status200OK)
            : await GoneAsync(page.Form, page, reader);

    private static async Task<IResult> ReplaceAsync(Guid id, PageContext page, RoleMappingReader reader, RoleMappingStore store, RoleMappingCommands commands)
    {
        var input = page.Form;
        if (page.Caller.Rules.FindMapping(id) is not { } replaced)
        {
            return await GoneAsync(input, page, reader);
        }

        if (RoleMappingForm.Read(input, page) is not { } request)
        {
            return await reader.FormAsync(page, replaced, input, StatusCodes.Status422UnprocessableEntity);
        }

        var seen = int.TryParse(input.Value("version"), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : -1;
        var outcome = await commands.ReplaceAsync(id, request, seen, page.Author, page.Cancellation);
        switch (outcome.Failure)
        {
            case null:
                return page.Redirect($"{List}/{id}", outcome.IsChanged ? Done(outcome.Value!) : "Nothing was changed.");
            case ChangeFailure.PreconditionFailed when await store.FindAsync(id, page.Cancellation) is { } newer:
                // The form goes on from the version that is saved: whoever sends it again has seen that.
                var again = input.With("version", newer.Version.ToString(CultureInfo.InvariantCulture));
                again.Add("", $"Somebody has changed this mapping since you opened the page: {newer.Pattern} leads to {newer.GroupName} now. Send yours again if it is still right.");
                return await reader.FormAsync(page, replaced, again, StatusCodes.Status409Conflict);
            case ChangeFailure.PreconditionFailed or ChangeFailure.NotFound:
                return await GoneAsync(input, page, reader);
            case var failure:
                return await reader.FormAsync(page, replaced, input, input.Show(failure, "group"));
        }
    }

    // What was typed is not lost with the mapping.
    private static Task<IResult> GoneAsync(FormInput input, PageContext page, RoleMappingReader reader)
    {
        input.Add("", "Somebody has deleted this mapping since you opened the page. What you typed makes a new one, if you want one.");
        return reader.FormAsync(page, replaced: null, input, StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> AskToDeleteAsync(Guid id, PageContext page, RoleMappingReader reader)
    {
        var input = await page.FindDraftAsync() ?? FormInput.Create();
        return await DeletePageAsync(id, page, reader, input, StatusCodes.Status200OK);
    }

    private static async Task<IResult> DeleteAsync(Guid id, PageContext page, RoleMappingReader reader, RoleMappingCommands commands)
    {
        if (page.Caller.Rules.FindMapping(id) is null)
        {
            return page.Redirect(List, "That mapping was deleted already.");
        }

        var input = page.Form;
        Reasons.Check(input);
        var outcome = input.IsValid ? await commands.DeleteAsync(id, page.Author, page.Cancellation) : null;
        return outcome switch
        {
            { Value: { } deleted } => page.Redirect(List, $"{deleted.Pattern} leads to {deleted.GroupName} no longer."),
            { Failure: ChangeFailure.NotFound } => page.Redirect(List, "That mapping was deleted already."),
            _ => await DeletePageAsync(id, page, reader, input, StatusCodes.Status422UnprocessableEntity),
        };
    }

    private static async Task<IResult> DeletePageAsync(Guid id, PageContext page, RoleMappingReader reader, FormInput input, int status)
    {
        if (page.Caller.Rules.FindMapping(id) is not { } mapping)
        {
            return TypedResults.NotFound();
        }

        if (RoleMappingReader.Lacking(page, mapping) is { Count: > 0 } lacking)
        {
            input.Add("", RoleMappingReader.Refusal(page, lacking));
        }

        return page.Render<DeleteRoleMappingPage, DeleteRoleMappingView>(new DeleteRoleMappingView(
                await reader.ViewAsync(page, mapping), await reader.PreviewAsync(page, removed: mapping, added: null), input),
            status);
    }

    private static string Done(RoleMapping mapping) => $"{mapping.Pattern} leads to {mapping.GroupName} from the next request on.";

    private static bool Holds(RolePattern pattern, string? search) =>
        string.IsNullOrEmpty(search)
        || pattern.Name.Contains(search, StringComparison.OrdinalIgnoreCase)
        || pattern.Client.Contains(search, StringComparison.OrdinalIgnoreCase);

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

/// <summary>What the address of the list says.</summary>
internal sealed record RoleMappingListRequest(string? Search, string? Kind, string? Group, string? Matches, string? After)
{
    /// <summary>The filter without what no filter has: an address may say anything.</summary>
    public RoleMappingFilter Filter => new(
        Search?.Trim(),
        RoleKinds.All.Contains(Kind, StringComparer.Ordinal) ? Kind : null,
        Group?.Trim(),
        Matches is "none" or "some" ? Matches : null);
}
