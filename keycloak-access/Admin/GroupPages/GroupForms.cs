using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Groups;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.GroupPages;

internal abstract class GroupForm<TSubject>(PermissionCatalogue catalogue, GroupPageReader reader) : PageForm<TSubject>
    where TSubject : class
{
    protected override string RefusedField => "permissions";

    protected async Task<IResult> RenderFormAsync(PageContext page, Group? group, FormInput input, int status)
    {
        var matrix = PermissionMatrixView.Create(catalogue, page.GrantGuard, input);
        var lacking = group is null ? [] : GroupPageReader.Lacking(group, page.GrantGuard);
        return page.Render<GroupFormPage, GroupFormView>(
            new GroupFormView(group?.Id, group?.Name, input, matrix, lacking)
            {
                Count = group is null ? null : await reader.CountAsync(group, page),
            },
            status);
    }
}

internal sealed class NewGroupForm(GroupCommands commands, PermissionCatalogue catalogue, GroupPageReader reader)
    : GroupForm<AccessRules>(catalogue, reader)
{
    protected override Task<AccessRules?> FindAsync(PageContext page) => Task.FromResult<AccessRules?>(page.Caller.Rules);

    protected override Task<IResult> RenderAsync(PageContext page, AccessRules subject, FormInput input, int status) =>
        RenderFormAsync(page, group: null, input, status);

    protected override async Task<FormResult> SubmitAsync(PageContext page, AccessRules subject, FormInput input)
    {
        var outcome = await commands.AddAsync(GroupFields.Read(input), AuthorOf(page), page.Cancellation);
        return outcome is { Value: { } group }
            ? new FormResult.Done(
                $"{GroupPageEndpoints.List}/{group.Id}",
                PageMessage.Done(group.IsDefault
                    ? $"The group {group.Name} is added. Every account is in it from the next request on."
                    : $"The group {group.Name} is added. Nobody is in it until a role is mapped to it, or you add somebody."))
            : outcome.Failure!;
    }
}

internal sealed class EditGroupForm(
    GroupStore store, GroupCommands commands, PermissionCatalogue catalogue, GroupPageReader reader)
    : GroupForm<Group>(catalogue, reader)
{
    protected override Task<Group?> FindAsync(PageContext page) => store.FindAsync(page.RouteId(), page.Cancellation);

    protected override Task<FormInput> FillAsync(PageContext page, Group subject) => Task.FromResult(GroupFields.Fill(subject));

    protected override int? VersionOf(Group subject) => subject.Version;

    protected override Task<FormInput> ReconcileAsync(PageContext page, Group subject, FormInput input) =>
        Task.FromResult(input.Compare(GroupFields.Compare(GroupFields.Read(input), subject)));

    protected override Task<IResult> RenderAsync(PageContext page, Group subject, FormInput input, int status) =>
        RenderFormAsync(page, subject, input, status);

    protected override async Task<FormResult> SubmitAsync(PageContext page, Group subject, FormInput input)
    {
        var outcome = await commands.ReplaceAsync(
            subject.Id, GroupFields.Read(input), subject.Version, AuthorOf(page), page.Cancellation);
        return outcome is { Value: { } group }
            ? new FormResult.Done(
                $"{GroupPageEndpoints.List}/{group.Id}",
                outcome.IsChanged
                    ? PageMessage.Done($"The group {group.Name} is changed. It counts from the next request on.")
                    : PageMessage.Unchanged("Nothing was changed: the group was so already."))
            : outcome.Failure!;
    }

    // What was typed is not lost with the group.
    protected override Task<IResult> RenderGoneAsync(PageContext page, FormInput input)
    {
        if (!page.Caller.May(GroupPermissions.Add))
        {
            return base.RenderGoneAsync(page, input);
        }

        input.Add(
            "",
            "Somebody has deleted this group since you opened the page, with its members and mappings. "
            + "What you typed makes a new group, if you want one.");
        return RenderFormAsync(page, group: null, input, StatusCodes.Status404NotFound);
    }
}

internal sealed class DeleteGroupForm(GroupPageReader reader, GroupStore store, GroupCommands commands) : PageForm<Group>
{
    protected override Task<Group?> FindAsync(PageContext page) => store.FindAsync(page.RouteId(), page.Cancellation);

    protected override int? VersionOf(Group subject) => subject.Version;

    protected override Task<FormInput> ReconcileAsync(PageContext page, Group subject, FormInput input) => Task.FromResult(input.Note(
        "Somebody has changed the group since you opened this page. Look at it, and delete it again if it is still to go."));

    protected override async Task<IResult> RenderAsync(PageContext page, Group subject, FormInput input, int status)
    {
        if (input.General.Count == 0 && GroupPageReader.Lacking(subject, page.GrantGuard) is { Count: > 0 } lacking)
        {
            input.Add("", GrantGuard.Detail(lacking));
        }

        return page.Render<DeleteGroupPage, DeleteGroupView>(await reader.ReadDeletionAsync(subject, page, input), status);
    }

    protected override async Task<FormResult> SubmitAsync(PageContext page, Group subject, FormInput input)
    {
        var outcome = await commands.DeleteAsync(subject.Id, subject.Version, AuthorOf(page), page.Cancellation);
        return outcome is { Value: { } group }
            ? new FormResult.Done(
                GroupPageEndpoints.List, PageMessage.Done($"The group {group.Name} is deleted, with its mappings and its direct members."))
            : outcome.Failure!;
    }

    protected override Task<IResult> RenderGoneAsync(PageContext page, FormInput input) =>
        Task.FromResult(page.Redirect(GroupPageEndpoints.List, PageMessage.Unchanged("That group was deleted already.")));
}

internal sealed class AddMemberForm(GroupPageReader reader, GroupStore store, GroupCommands commands, SubjectStore subjects)
    : PageForm<Group>
{
    protected override string RefusedField => "account";

    protected override Task<Group?> FindAsync(PageContext page) => store.FindAsync(page.RouteId(), page.Cancellation);

    protected override async Task<IResult> RenderAsync(PageContext page, Group subject, FormInput input, int status) =>
        page.Render<GroupPage, GroupView>(await reader.ReadAsync(subject, page, after: null) with { Join = input }, status);

    protected override async Task<FormResult> SubmitAsync(PageContext page, Group subject, FormInput input)
    {
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

        var until = UntilField.Read(input, page);
        if (!input.IsValid)
        {
            return FormResult.Invalid;
        }

        var outcome = await commands.AddMemberAsync(subject.Id, named[0].AccountId, until, AuthorOf(page), page.Cancellation);
        return outcome.Failure is { } failure
            ? failure
            : new FormResult.Done(
                $"{GroupPageEndpoints.List}/{subject.Id}",
                outcome.IsChanged
                    ? PageMessage.Done(
                        $"{named[0].Username} is in the group {subject.Name} from the next request on{UntilField.Describe(until)}.")
                    : PageMessage.Unchanged($"{named[0].Username} was in the group {subject.Name} directly already."));
    }
}
