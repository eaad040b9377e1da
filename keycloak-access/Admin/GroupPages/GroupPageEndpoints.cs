using System.Globalization;
using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
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

    private static async Task<IResult> ListAsync(string? search, string? after, PageContext page, GroupPageReader reader)
    {
        var (groups, next) = await reader.ListAsync(page.Caller.Rules, search?.Trim(), after, page.Cancellation);
        return page.Render<GroupsPage, GroupListView>(new GroupListView(
            groups,
            search?.Trim(),
            Paging.Create(string.IsNullOrEmpty(after), next, to => Links.WithQuery(List, ("search", search), ("after", to)))));
    }

    // Suggestions for whoever types the name of a group, in whatever field.
    private static RazorComponentResult Names(PageContext page) =>
        Suggestions.Render(page.Caller.Rules.GroupsByName.Select(rule => rule.Name).Where(name => name.Contains(Suggestions.Typed(page.Http.Request), StringComparison.OrdinalIgnoreCase)));

    private static async Task<IResult> ShowAsync(Guid id, string? after, PageContext page, GroupPageReader reader)
    {
        var join = await page.FindDraftAsync() ?? FormInput.Create();
        return await reader.FindAsync(id, page, Guid.TryParse(after, out var last) ? last : null, join) is { } view
            ? page.Render<GroupPage, GroupView>(view)
            : TypedResults.NotFound();
    }

    private static async Task<IResult> NewAsync(PageContext page, PermissionCatalogue catalogue)
    {
        var input = await page.FindDraftAsync() ?? FormInput.Create();
        return FormPage(page, group: null, input, catalogue, StatusCodes.Status200OK);
    }

    private static async Task<IResult> CreateAsync(PageContext page, PermissionCatalogue catalogue, GroupCommands commands)
    {
        var input = page.Form;
        Reasons.Check(input);
        if (!input.IsValid)
        {
            return FormPage(page, group: null, input, catalogue, StatusCodes.Status422UnprocessableEntity);
        }

        var outcome = await commands.AddAsync(GroupForm.Read(input), page.Author, page.Cancellation);
        return outcome is { Value: { } group }
            ? page.Redirect($"{List}/{group.Id}", $"The group {group.Name} is there. Nobody is in it until a role leads into it, or you put somebody in.")
            : FormPage(page, group: null, input, catalogue, input.Show(outcome.Failure!, "permissions"));
    }

    private static async Task<IResult> EditAsync(Guid id, PageContext page, PermissionCatalogue catalogue, GroupStore store)
    {
        if (await store.FindAsync(id, page.Cancellation) is not { } group)
        {
            return TypedResults.NotFound();
        }

        var input = await page.FindDraftAsync() ?? GroupForm.Fill(group);
        return FormPage(page, group, input, catalogue, StatusCodes.Status200OK);
    }

    private static async Task<IResult> ReplaceAsync(Guid id, PageContext page, PermissionCatalogue catalogue, GroupStore store, GroupCommands commands)
    {
        var input = page.Form;
        if (await store.FindAsync(id, page.Cancellation) is not { } current)
        {
            return Gone();
        }

        var request = GroupForm.Read(input);
        if (SeenVersion(input) != current.Version)
        {
            return Conflict(current);
        }

        Reasons.Check(input);
        if (!input.IsValid)
        {
            return FormPage(page, current, input, catalogue, StatusCodes.Status422UnprocessableEntity);
        }

        var outcome = await commands.ReplaceAsync(id, request, current.Version, page.Author, page.Cancellation);
        switch (outcome.Failure)
        {
            case null:
                return page.Redirect($"{List}/{id}", outcome.IsChanged ? $"The group {request.Name} is changed. It counts from the next request on." : "Nothing was changed.");
            // Somebody was first by the blink of an eye.
            case ChangeFailure.PreconditionFailed when await store.FindAsync(id, page.Cancellation) is { } newer:
                return Conflict(newer);
            case ChangeFailure.PreconditionFailed or ChangeFailure.NotFound:
                return Gone();
            case var failure:
                return FormPage(page, current, input, catalogue, input.Show(failure, "permissions"));
        }

        // What was typed is not lost with the group.
        IResult Gone()
        {
            if (!page.Caller.May(GroupPermissions.Add))
            {
                return TypedResults.NotFound();
            }

            input.Add("", "Somebody has deleted this group since you opened the page, with its members and mappings. What you typed makes a new group, if you want one.");
            return FormPage(page, group: null, input, catalogue, StatusCodes.Status404NotFound);
        }

        // The form goes on from the version that is saved: whoever sends it again has seen that.
        IResult Conflict(Group theirs) => FormPage(
            page,
            theirs,
            input.With("version", Text(theirs.Version)),
            catalogue,
            StatusCodes.Status409Conflict,
            GroupForm.Versions(request, theirs));
    }

    private static async Task<IResult> JoinAsync(Guid id, PageContext page, GroupPageReader reader, GroupCommands commands, SubjectStore subjects)
    {
        if (page.Caller.Rules.FindGroup(id) is not { } group)
        {
            return TypedResults.NotFound();
        }

        var input = page.Form;
        var name = input.Value("account");
        var named = name.Length == 0 ? [] : await subjects.FindNamedAsync(name, page.Cancellation);
        if (named.Count != 1)
        {
            input.Add("account", (name.Length, named.Count) switch
            {
                (0, _) => "Name the account.",
                (_, 0) => $"There is no account {name}. One appears when a person signs in or a service calls for the first time.",
                _ => $"Several accounts are called {name}. Open the one that you mean, and put it into the group there.",
            });
        }

        Reasons.Check(input);
        var outcome = input.IsValid ? await commands.AddMemberAsync(id, named[0].AccountId, page.Author, page.Cancellation) : null;
        if (outcome?.Failure is { } failure)
        {
            input.Show(failure, "account");
        }

        if (!input.IsValid)
        {
            return await reader.FindAsync(id, page, after: null, input) is { } view
                ? page.Render<GroupPage, GroupView>(view, StatusCodes.Status422UnprocessableEntity)
                : TypedResults.NotFound();
        }

        return outcome is { Failure: null }
            ? page.Redirect($"{List}/{id}", $"{named[0].Username} is in the group {group.Name} from the next request on.")
            : TypedResults.NotFound();
    }

    private static async Task<IResult> AskToDeleteAsync(Guid id, PageContext page, GroupPageReader reader, GroupStore store)
    {
        if (await store.FindAsync(id, page.Cancellation) is not { } group)
        {
            return TypedResults.NotFound();
        }

        var input = await page.FindDraftAsync() ?? FormInput.Create(("version", Text(group.Version)));
        if (GroupPageReader.Lacking(group, page.GrantGuard) is { Count: > 0 } lacking)
        {
            input.Add("", GrantGuard.Detail(lacking));
        }

        return page.Render<DeleteGroupPage, DeleteGroupView>(await reader.DeleteAsync(group, page, input));
    }

    private static async Task<IResult> DeleteAsync(Guid id, PageContext page, GroupPageReader reader, GroupStore store, GroupCommands commands)
    {
        if (await store.FindAsync(id, page.Cancellation) is not { } group)
        {
            return page.Redirect(List, "That group was deleted already.");
        }

        var input = page.Form;
        Reasons.Check(input);
        if (!input.IsValid)
        {
            return await PageAsync(group, input, StatusCodes.Status422UnprocessableEntity);
        }

        var outcome = await commands.DeleteAsync(id, SeenVersion(input) ?? -1, page.Author, page.Cancellation);
        switch (outcome.Failure)
        {
            case null:
                return page.Redirect(List, $"The group {group.Name} is deleted, with its mappings and its direct members.");
            case ChangeFailure.NotFound:
                return page.Redirect(List, "That group was deleted already.");
            case ChangeFailure.PreconditionFailed:
                var newer = FormInput.Create(("version", Text(group.Version)), ("reason", input.Value("reason")))
                    .Note("Somebody has changed the group since you opened this page. Look at it, and delete it again if it is still to go.");
                return await PageAsync(group, newer, StatusCodes.Status409Conflict);
            case var failure:
                return await PageAsync(group, input, input.Show(failure));
        }

        async Task<IResult> PageAsync(Group group, FormInput input, int status) =>
            page.Render<DeleteGroupPage, DeleteGroupView>(await reader.DeleteAsync(group, page, input), status);
    }

    private static RazorComponentResult FormPage(PageContext page, Group? group, FormInput input, PermissionCatalogue catalogue, int status, IReadOnlyList<VersionField>? versions = null) =>
        page.Render<GroupFormPage, GroupFormView>(new GroupFormView(
                group?.Id,
                group?.Name,
                input,
                PermissionMatrixView.Create(catalogue, page.GrantGuard, input),
                group is null ? [] : GroupPageReader.Lacking(group, page.GrantGuard),
                versions),
            status);

    private static int? SeenVersion(FormInput input) => int.TryParse(input.Value("version"), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : null;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
