using KeycloakAccess.Admin.AuditPages;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Audit;
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
    private const int RecentRows = 10;

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

    private static async Task<IResult> ListAsync(
        [AsParameters] RoleMappingListRequest request, HttpContext context, Caller caller, RoleMatches matches, CancellationToken cancellationToken)
    {
        var filter = request.Filter;
        var match = await matches.OfAsync(caller.Rules, cancellationToken);
        var group = string.IsNullOrEmpty(filter.Group) ? null : caller.Rules.FindGroup(filter.Group);
        if (group is null && !string.IsNullOrEmpty(filter.Group))
        {
            filter = filter with { Mistake = $"There is no group {filter.Group}. What is shown is not filtered by a group." };
        }

        // The rules are in memory and in order: no table is read, and a page is looked for where it begins.
        RoleKind? kind = filter.Kind is null ? null : RoleKinds.Parse(filter.Kind);
        var start = new MappingRule(Guid.Empty, new RolePattern(kind ?? default, "", ""), Guid.Empty);
        var place = RoleWords.Place(request.After);
        MappingRule[] mappings = group is not null ? [.. caller.Rules.MappingsInto(group.Id)] : filter.Matches == "none" ? match.Idle : caller.Rules.MappingsInOrder;
        var (page, isLast) = Page(After(mappings, place is not null && MappingRule.InOrder.Compare(place, start) > 0 ? place : start, MappingRule.InOrder)
            .TakeWhile(mapping => kind is null || mapping.Pattern.Kind == kind)
            .Where(mapping =>
                (filter.Matches is null || (filter.Matches == "some") == match.Matched.Contains(mapping.Id))
                && Holds(mapping.Pattern, filter.Search)));
        return Pages.Of<RoleMappingsPage, RoleMappingListView>(context, caller, new RoleMappingListView(
            [.. page.Select(mapping => RoleMappingView.Of(mapping, caller.Rules, match.Matched))],
            filter,
            place is null ? null : filter.Path(),
            isLast ? null : filter.Path(after: RoleWords.After(page[^1].Pattern, page[^1].Id))));
    }

    private static async Task<IResult> UnmappedAsync(string? after, HttpContext context, Caller caller, RoleMatches matches, CancellationToken cancellationToken)
    {
        var match = await matches.OfAsync(caller.Rules, cancellationToken);
        var place = RoleWords.Place(after);
        var (page, isLast) = Page(After(match.Unmapped, place?.Pattern ?? default, RolePattern.InOrder));
        return Pages.Of<UnmappedRolesPage, UnmappedRolesView>(context, caller, new UnmappedRolesView(
            [.. page.Select(role => new UnmappedRoleView(
                AccountPages.GrantPathFormatter.Kind(role.Kind),
                RoleWords.Of(role),
                Links.To($"{List}/new", ("kind", RoleKinds.Write(role.Kind)), ("client", role.Client), ("name", role.Name))))],
            place is null ? null : $"{List}/unmapped",
            isLast ? null : Links.To($"{List}/unmapped", ("after", RoleWords.After(page[^1])))));
    }

    // Suggestions for whoever types the name of a role: what tokens have shown.
    private static async Task<RazorComponentResult> NamesAsync(string? kind, string? client, string? name, ObservedRoles observedRoles, CancellationToken cancellationToken)
    {
        return Suggestions.Of((await observedRoles.ListAsync(cancellationToken))
            .Select(seen => seen.Role)
            .Where(role => string.IsNullOrEmpty(kind) || RoleKinds.Write(role.Kind) == kind)
            .Where(role => kind != RoleKinds.ClientRole || string.IsNullOrEmpty(client) || role.Client == client)
            .Select(role => role.Name)
            .Where(known => known.Contains(name ?? "", StringComparison.OrdinalIgnoreCase))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal));
    }

    private static async Task<IResult> ShowAsync(
        Guid id, HttpContext context, Caller caller, GrantGuard grantGuard, RoleMappingReader reader, AuditStore audit, CancellationToken cancellationToken)
    {
        if (caller.Rules.FindMapping(id) is not { } mapping)
        {
            return TypedResults.NotFound();
        }

        var happened = caller.May(AuditPermissions.View)
            ? (await audit.ListAsync(new AuditFilter { Model = RoleMappingPermissions.Model, Row = id.ToString(), Limit = RecentRows }, cancellationToken)).Rows
            : [];
        return Pages.Of<RoleMappingPage, RoleMappingPageView>(context, caller, new RoleMappingPageView(
            await reader.ViewAsync(caller, mapping, cancellationToken),
            await reader.PreviewAsync(caller, removed: mapping, added: null, cancellationToken),
            RoleMappingReader.Lacking(caller, grantGuard, mapping) is { Count: > 0 } lacking ? RoleMappingReader.Refusal(caller, lacking) : null,
            [.. happened.Select(AuditWords.View)]));
    }

    private static async Task<IResult> NewAsync(
        string? kind, string? client, string? name, string? group, HttpContext context, Caller caller, RoleMappingReader reader, FormDrafts drafts, CancellationToken cancellationToken)
    {
        // A link from elsewhere may say what is to be mapped.
        var input = await drafts.TakeUpAsync(
            context,
            caller.Identity,
            () => FormInput.Of(("kind", RoleKinds.All.Contains(kind, StringComparer.Ordinal) ? kind : RoleKinds.RealmRole), ("client", client), ("name", name), ("group", group)),
            cancellationToken);
        return await reader.FormAsync(context, caller, replaced: null, input, StatusCodes.Status200OK, cancellationToken);
    }

    private static async Task<IResult> PreviewAsync(
        IFormCollection form, HttpContext context, Caller caller, RoleMappingReader reader, CancellationToken cancellationToken) =>
        await reader.FormAsync(context, caller, replaced: null, FormInput.Of(form), StatusCodes.Status200OK, cancellationToken);

    private static async Task<IResult> CreateAsync(
        IFormCollection form, HttpContext context, Caller caller, GrantGuard grantGuard, RoleMappingReader reader, RoleMappingStore store, TimeProvider clock, CancellationToken cancellationToken)
    {
        var input = FormInput.Of(form);
        if (RoleMappingForm.Read(input, caller, grantGuard, clock) is not { } mapping)
        {
            return await reader.FormAsync(context, caller, replaced: null, input, StatusCodes.Status422UnprocessableEntity, cancellationToken);
        }

        if (!await store.AddAsync(mapping, caller.Actor.Because(input.Value("reason")), cancellationToken))
        {
            input.Add("name", RoleMappingEndpoints.MappedAlready);
            return await reader.FormAsync(context, caller, replaced: null, input, StatusCodes.Status409Conflict, cancellationToken);
        }

        return Flash.Redirect(context, $"{List}/{mapping.Id}", Done(mapping));
    }

    private static async Task<IResult> AskToReplaceAsync(
        Guid id, HttpContext context, Caller caller, RoleMappingReader reader, FormDrafts drafts, CancellationToken cancellationToken)
    {
        var mapping = caller.Rules.FindMapping(id);
        var input = await drafts.TakeUpAsync(context, caller.Identity, () => mapping is null ? FormInput.Of() : RoleMappingForm.Of(mapping, caller.Rules), cancellationToken);
        return (mapping, input.Notice) switch
        {
            (not null, _) => await reader.FormAsync(context, caller, mapping, input, StatusCodes.Status200OK, cancellationToken),
            // Nothing was typed yet.
            (null, null) => TypedResults.NotFound(),
            _ => await GoneAsync(input, context, caller, reader, cancellationToken),
        };
    }

    private static async Task<IResult> PreviewReplacementAsync(
        Guid id, IFormCollection form, HttpContext context, Caller caller, RoleMappingReader reader, CancellationToken cancellationToken) =>
        caller.Rules.FindMapping(id) is { } mapping
            ? await reader.FormAsync(context, caller, mapping, FormInput.Of(form), StatusCodes.Status200OK, cancellationToken)
            : await GoneAsync(FormInput.Of(form), context, caller, reader, cancellationToken);

    private static async Task<IResult> ReplaceAsync(
        Guid id, IFormCollection form, HttpContext context, Caller caller, GrantGuard grantGuard, RoleMappingReader reader, RoleMappingStore store, TimeProvider clock, CancellationToken cancellationToken)
    {
        var input = FormInput.Of(form);
        if (caller.Rules.FindMapping(id) is not { } replaced)
        {
            return await GoneAsync(input, context, caller, reader, cancellationToken);
        }

        var mapping = RoleMappingForm.Read(input, caller, grantGuard, clock);
        // Out of one group and into another: both are handed out, or taken away.
        if (grantGuard.Refuse(caller.Rules.FindGroup(replaced.GroupId)!) is { ProblemDetails.Detail: var refused })
        {
            input.Add("", refused!);
        }

        if (mapping is null || !input.IsValid)
        {
            return await reader.FormAsync(context, caller, replaced, input, StatusCodes.Status422UnprocessableEntity, cancellationToken);
        }

        if (replaced.Pattern == mapping.Pattern && replaced.GroupId == mapping.GroupId)
        {
            return Flash.Redirect(context, $"{List}/{id}", "Nothing was changed.");
        }

        switch (await store.ReplaceAsync(id, mapping, caller.Actor.Because(input.Value("reason")), cancellationToken))
        {
            case RoleMappingReplacement.Missing:
                return await GoneAsync(input, context, caller, reader, cancellationToken);
            case RoleMappingReplacement.MappedAlready:
                input.Add("name", RoleMappingEndpoints.MappedAlready);
                return await reader.FormAsync(context, caller, replaced, input, StatusCodes.Status409Conflict, cancellationToken);
            default:
                return Flash.Redirect(context, $"{List}/{mapping.Id}", Done(mapping));
        }
    }

    // What was typed is not lost with the mapping.
    private static Task<IResult> GoneAsync(FormInput input, HttpContext context, Caller caller, RoleMappingReader reader, CancellationToken cancellationToken)
    {
        input.Add("", "Somebody has deleted this mapping since you opened the page, or put another in its place. What you typed makes a new one, if you want one.");
        return reader.FormAsync(context, caller, replaced: null, input, StatusCodes.Status404NotFound, cancellationToken);
    }

    private static async Task<IResult> AskToDeleteAsync(
        Guid id, HttpContext context, Caller caller, GrantGuard grantGuard, RoleMappingReader reader, FormDrafts drafts, CancellationToken cancellationToken)
    {
        var input = await drafts.TakeUpAsync(context, caller.Identity, () => FormInput.Of(), cancellationToken);
        return await DeletePageAsync(id, context, caller, grantGuard, reader, input, StatusCodes.Status200OK, cancellationToken);
    }

    private static async Task<IResult> DeleteAsync(
        Guid id, IFormCollection form, HttpContext context, Caller caller, GrantGuard grantGuard, RoleMappingReader reader, RoleMappingStore store, CancellationToken cancellationToken)
    {
        if (caller.Rules.FindMapping(id) is not { } mapping)
        {
            return Flash.Redirect(context, List, "That mapping was deleted already.");
        }

        var input = FormInput.Of(form);
        Reasons.Check(input);
        if (grantGuard.Refuse(caller.Rules.FindGroup(mapping.GroupId)!) is not null || !input.IsValid)
        {
            return await DeletePageAsync(id, context, caller, grantGuard, reader, input, StatusCodes.Status422UnprocessableEntity, cancellationToken);
        }

        return await store.DeleteAsync(id, caller.Actor.Because(input.Value("reason")), cancellationToken)
            ? Flash.Redirect(context, List, $"{mapping.Pattern} leads to {caller.Rules.FindGroup(mapping.GroupId)!.Name} no longer.")
            : Flash.Redirect(context, List, "That mapping was deleted already.");
    }

    private static async Task<IResult> DeletePageAsync(
        Guid id, HttpContext context, Caller caller, GrantGuard grantGuard, RoleMappingReader reader, FormInput input, int status, CancellationToken cancellationToken)
    {
        if (caller.Rules.FindMapping(id) is not { } mapping)
        {
            return TypedResults.NotFound();
        }

        if (RoleMappingReader.Lacking(caller, grantGuard, mapping) is { Count: > 0 } lacking)
        {
            input.Add("", RoleMappingReader.Refusal(caller, lacking));
        }

        return Pages.Of<DeleteRoleMappingPage, DeleteRoleMappingView>(
            context,
            caller,
            new DeleteRoleMappingView(
                await reader.ViewAsync(caller, mapping, cancellationToken), await reader.PreviewAsync(caller, removed: mapping, added: null, cancellationToken), input),
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

    private static (T[] Page, bool IsLast) Page<T>(IEnumerable<T> rows)
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
