using System.Globalization;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Groups;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Admin.GroupPages;

/// <summary>The pages of groups: the list, one group with its members, and its forms.</summary>
internal static class GroupPageEndpoints
{
    private const string List = "/admin/groups";

    public static void MapGroupPages(this IEndpointRouteBuilder admin)
    {
        var pages = admin.MapGroup("/groups").RequirePermission(GroupPermissions.View);
        pages.MapGet("/", ListAsync);
        pages.MapGet("/names", Names);
        pages.MapGet("/new", NewAsync).RequirePermission(GroupPermissions.Add);
        pages.MapPost("/new", CreateAsync).RequirePermission(GroupPermissions.Add);
        pages.MapGet("/{id:guid}", ShowAsync);
        pages.MapGet("/{id:guid}/edit", EditAsync).RequirePermission(GroupPermissions.Change);
        pages.MapPost("/{id:guid}/edit", ReplaceAsync).RequirePermission(GroupPermissions.Change);
        pages.MapGet("/{id:guid}/members", ShowAsync);
        pages.MapPost("/{id:guid}/members", JoinAsync).RequirePermission(GroupPermissions.Change).RequirePermission(AccountPermissions.View);
        pages.MapGet("/{id:guid}/delete", AskToDeleteAsync).RequirePermission(GroupPermissions.Delete);
        pages.MapPost("/{id:guid}/delete", DeleteAsync).RequirePermission(GroupPermissions.Delete);
    }

    private static async Task<IResult> ListAsync(
        string? search, string? after, HttpContext context, Caller caller, GroupPageReader reader, CancellationToken cancellationToken)
    {
        var (groups, next) = await reader.ListAsync(caller.Rules, search?.Trim(), after, cancellationToken);
        return Pages.Of<GroupsPage, GroupListView>(context, caller, new GroupListView(
            groups,
            search?.Trim(),
            string.IsNullOrEmpty(after) ? null : Links.To(List, ("search", search)),
            next is null ? null : Links.To(List, ("search", search), ("after", next))));
    }

    // Suggestions for whoever types the name of a group, in whatever field.
    private static RazorComponentResult Names(HttpRequest request, Caller caller) =>
        Suggestions.Of(caller.Rules.GroupsByName.Select(rule => rule.Name).Where(name => name.Contains(Suggestions.Typed(request), StringComparison.OrdinalIgnoreCase)));

    private static async Task<IResult> ShowAsync(
        Guid id, string? after, HttpContext context, Caller caller, GrantGuard grantGuard, GroupPageReader reader, FormDrafts drafts, CancellationToken cancellationToken)
    {
        var join = await drafts.TakeUpAsync(context, caller.Identity, () => FormInput.Of(), cancellationToken);
        return await reader.FindAsync(id, caller, grantGuard, Guid.TryParse(after, out var last) ? last : null, cancellationToken) is { } view
            ? Pages.Of<GroupPage, GroupView>(context, caller, view with { Join = join })
            : TypedResults.NotFound();
    }

    private static async Task<IResult> NewAsync(
        HttpContext context, Caller caller, GrantGuard grantGuard, PermissionCatalogue catalogue, FormDrafts drafts, CancellationToken cancellationToken)
    {
        var input = await drafts.TakeUpAsync(context, caller.Identity, () => FormInput.Of(), cancellationToken);
        return FormPage(context, caller, group: null, input, grantGuard, catalogue, StatusCodes.Status200OK);
    }

    private static async Task<IResult> CreateAsync(
        IFormCollection form, HttpContext context, Caller caller, GrantGuard grantGuard, PermissionCatalogue catalogue, GroupStore store, TimeProvider clock, CancellationToken cancellationToken)
    {
        var input = FormInput.Of(form);
        var request = GroupForm.Read(input);
        GroupForm.Check(input, request, catalogue);
        if (input.IsValid && grantGuard.Refuse([.. request.Permissions, .. request.Denied]) is { ProblemDetails.Detail: var refused })
        {
            input.Add("permissions", refused!);
        }

        if (!input.IsValid)
        {
            return FormPage(context, caller, group: null, input, grantGuard, catalogue, StatusCodes.Status422UnprocessableEntity);
        }

        var group = GroupEndpoints.ToGroup(request, Guid.CreateVersion7(clock.GetUtcNow()));
        if (!await store.AddAsync(group, caller.Actor.Because(input.Value("reason")), cancellationToken))
        {
            input.Add("name", GroupEndpoints.NameTakenText(group.Name));
            return FormPage(context, caller, group: null, input, grantGuard, catalogue, StatusCodes.Status409Conflict);
        }

        return Flash.Redirect(context, $"{List}/{group.Id}", $"The group {group.Name} is there. Nobody is in it until a role leads into it, or you put somebody in.");
    }

    private static async Task<IResult> EditAsync(
        Guid id, HttpContext context, Caller caller, GrantGuard grantGuard, PermissionCatalogue catalogue, GroupStore store, FormDrafts drafts, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } group)
        {
            return TypedResults.NotFound();
        }

        var input = await drafts.TakeUpAsync(context, caller.Identity, () => GroupForm.Of(group), cancellationToken);
        return FormPage(context, caller, group, input, grantGuard, catalogue, StatusCodes.Status200OK);
    }

    private static async Task<IResult> ReplaceAsync(
        Guid id, IFormCollection form, HttpContext context, Caller caller, GrantGuard grantGuard, PermissionCatalogue catalogue, GroupStore store, CancellationToken cancellationToken)
    {
        var input = FormInput.Of(form);
        if (await store.FindAsync(id, cancellationToken) is not { } current)
        {
            return Gone();
        }

        var request = GroupForm.Read(input);
        if (SeenVersion(input) != current.Version)
        {
            return Conflict(current);
        }

        GroupForm.Check(input, request, catalogue);
        if (input.IsValid && grantGuard.Refuse([.. request.Permissions, .. request.Denied, .. current.Permissions, .. current.Denied]) is { ProblemDetails.Detail: var refused })
        {
            input.Add("permissions", refused!);
        }

        if (!input.IsValid)
        {
            return FormPage(context, caller, current, input, grantGuard, catalogue, StatusCodes.Status422UnprocessableEntity);
        }

        var change = await store.ReplaceAsync(GroupEndpoints.ToGroup(request, id), current.Version, caller.Actor.Because(input.Value("reason")), cancellationToken);
        if (change == GroupChange.NameTaken)
        {
            input.Add("name", GroupEndpoints.NameTakenText(request.Name));
            return FormPage(context, caller, current, input, grantGuard, catalogue, StatusCodes.Status409Conflict);
        }

        // Somebody was first by the blink of an eye.
        if (change == GroupChange.Changed && await store.FindAsync(id, cancellationToken) is { } newer)
        {
            return Conflict(newer);
        }

        return change.Version is not null
            ? Flash.Redirect(context, $"{List}/{id}", $"The group {request.Name} is changed. It counts from the next request on.")
            : Gone();

        // What was typed is not lost with the group.
        IResult Gone()
        {
            if (!caller.May(GroupPermissions.Add))
            {
                return TypedResults.NotFound();
            }

            input.Add("", "Somebody has deleted this group since you opened the page, with its members and mappings. What you typed makes a new group, if you want one.");
            return FormPage(context, caller, group: null, input, grantGuard, catalogue, StatusCodes.Status404NotFound);
        }

        // The form goes on from the version that is saved: whoever sends it again has seen that.
        IResult Conflict(Group theirs) => FormPage(
            context,
            caller,
            theirs,
            FormInput.Of(form.Select(field => field.Key == "version" ? KeyValuePair.Create("version", new Microsoft.Extensions.Primitives.StringValues(Text(theirs.Version))) : field)),
            grantGuard,
            catalogue,
            StatusCodes.Status409Conflict,
            GroupForm.Versions(request, theirs));
    }

    private static async Task<IResult> JoinAsync(
        Guid id, IFormCollection form, HttpContext context, Caller caller, GrantGuard grantGuard, GroupPageReader reader, GroupStore groups, SubjectStore subjects, CancellationToken cancellationToken)
    {
        if (caller.Rules.FindGroup(id) is not { } group)
        {
            return TypedResults.NotFound();
        }

        var input = FormInput.Of(form);
        var name = input.Value("account");
        var named = name.Length == 0 ? [] : await subjects.FindNamedAsync(name, cancellationToken);
        if (named.Count != 1)
        {
            input.Add("account", (name.Length, named.Count) switch
            {
                (0, _) => "Name the account.",
                (_, 0) => $"There is no account {name}. One appears when a person signs in or a service calls for the first time.",
                _ => $"Several accounts are called {name}. Open the one that you mean, and put it into the group there.",
            });
        }
        else if (grantGuard.Refuse(group) is { ProblemDetails.Detail: var refused })
        {
            input.Add("account", refused!);
        }

        Reasons.Check(input);

        if (!input.IsValid)
        {
            return await reader.FindAsync(id, caller, grantGuard, after: null, cancellationToken) is { } view
                ? Pages.Of<GroupPage, GroupView>(context, caller, view with { Join = input }, StatusCodes.Status422UnprocessableEntity)
                : TypedResults.NotFound();
        }

        return await groups.AddMemberAsync(id, named[0].AccountId, caller.Actor.Because(input.Value("reason")), cancellationToken)
            ? Flash.Redirect(context, $"{List}/{id}", $"{named[0].Username} is in the group {group.Name} from the next request on.")
            : TypedResults.NotFound();
    }

    private static async Task<IResult> AskToDeleteAsync(
        Guid id, HttpContext context, Caller caller, GrantGuard grantGuard, GroupPageReader reader, GroupStore store, FormDrafts drafts, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } group)
        {
            return TypedResults.NotFound();
        }

        var input = await drafts.TakeUpAsync(context, caller.Identity, () => FormInput.Of(("version", Text(group.Version))), cancellationToken);
        if (GroupPageReader.Lacking(group, grantGuard) is { Count: > 0 } lacking)
        {
            input.Add("", GrantGuard.Detail(lacking));
        }

        return Pages.Of<DeleteGroupPage, DeleteGroupView>(context, caller, await reader.DeleteAsync(group, caller, input, cancellationToken));
    }

    private static async Task<IResult> DeleteAsync(
        Guid id, IFormCollection form, HttpContext context, Caller caller, GrantGuard grantGuard, GroupPageReader reader, GroupStore store, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } group)
        {
            return Flash.Redirect(context, List, "That group was deleted already.");
        }

        var input = FormInput.Of(form);
        if (input.IsValid && grantGuard.Refuse([.. group.Permissions, .. group.Denied]) is { ProblemDetails.Detail: var refused })
        {
            input.Add("", refused!);
        }

        Reasons.Check(input);

        if (!input.IsValid)
        {
            return await PageAsync(group, input, StatusCodes.Status422UnprocessableEntity);
        }

        if (SeenVersion(input) == group.Version
            && await store.DeleteAsync(id, group.Version, caller.Actor.Because(input.Value("reason")), cancellationToken))
        {
            return Flash.Redirect(context, List, $"The group {group.Name} is deleted, with its mappings and its direct members.");
        }

        var newer = FormInput.Of(("version", Text(group.Version)), ("reason", input.Value("reason")))
            .Note("Somebody has changed the group since you opened this page. Look at it, and delete it again if it is still to go.");
        return await PageAsync(group, newer, StatusCodes.Status409Conflict);

        async Task<IResult> PageAsync(Group group, FormInput input, int status) =>
            Pages.Of<DeleteGroupPage, DeleteGroupView>(context, caller, await reader.DeleteAsync(group, caller, input, cancellationToken), status);
    }

    private static RazorComponentResult FormPage(
        HttpContext context,
        Caller caller,
        Group? group,
        FormInput input,
        GrantGuard grantGuard,
        PermissionCatalogue catalogue,
        int status,
        IReadOnlyList<VersionField>? versions = null) =>
        Pages.Of<GroupFormPage, GroupFormView>(
            context,
            caller,
            new GroupFormView(
                group?.Id,
                group?.Name,
                input,
                GroupForm.Matrix(catalogue, grantGuard, input),
                group is null ? [] : GroupPageReader.Lacking(group, grantGuard),
                versions),
            status);

    private static int? SeenVersion(FormInput input) => int.TryParse(input.Value("version"), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : null;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
