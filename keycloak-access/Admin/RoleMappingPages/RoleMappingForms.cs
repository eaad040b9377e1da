using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Permissions;
using KeycloakAccess.RoleMappings;

namespace KeycloakAccess.Admin.RoleMappingPages;

internal abstract class RoleMappingForm<TSubject> : PageForm<TSubject>
    where TSubject : class
{
    protected override string RefusedField => "group";

    // The form knows a group by its name.
    protected override string FieldOf(string name) => name == "groupId" ? "group" : name;

    protected static FormResult.Done Finish(RoleMapping mapping, bool isChanged = true) => new(
        $"{RoleMappingPageEndpoints.List}/{mapping.Id}",
        isChanged
            ? PageMessage.Done($"{mapping.Pattern} leads to {mapping.GroupName} from the next request on.")
            : PageMessage.Unchanged("Nothing was changed: the mapping was so already."));
}

internal sealed class NewRoleMappingForm(RoleMappingReader reader, RoleMappingCommands commands) : RoleMappingForm<AccessRules>
{
    protected override Task<AccessRules?> FindAsync(PageContext page) => Task.FromResult<AccessRules?>(page.Caller.Rules);

    // A link from elsewhere may say what is to be mapped.
    protected override Task<FormInput> FillAsync(PageContext page, AccessRules subject)
    {
        var query = page.Http.Request.Query;
        var kind = query["kind"].ToString();
        return Task.FromResult(FormInput.Create(
            ("kind", RoleKinds.All.Contains(kind, StringComparer.Ordinal) ? kind : RoleKinds.RealmRole),
            ("client", query["client"]),
            ("name", query["name"]),
            ("group", query["group"])));
    }

    protected override Task<IResult> RenderAsync(PageContext page, AccessRules subject, FormInput input, int status) =>
        reader.FormAsync(page, replaced: null, input, status);

    protected override async Task<FormResult> SubmitAsync(PageContext page, AccessRules subject, FormInput input)
    {
        if (RoleMappingFields.Read(input, page) is not { } request)
        {
            return FormResult.Invalid;
        }

        var outcome = await commands.AddAsync(request, AuthorOf(page), page.Cancellation);
        return outcome is { Value: { } mapping } ? Finish(mapping) : outcome.Failure!;
    }
}

internal sealed record SavedMapping(MappingRule Rule, RoleMapping Saved);

internal sealed class ReplaceRoleMappingForm(RoleMappingReader reader, RoleMappingStore store, RoleMappingCommands commands)
    : RoleMappingForm<SavedMapping>
{
    protected override async Task<SavedMapping?> FindAsync(PageContext page) =>
        page.Caller.Rules.FindMapping(page.RouteId()) is { } rule && await store.FindAsync(rule.Id, page.Cancellation) is { } saved
            ? new SavedMapping(rule, saved)
            : null;

    protected override Task<FormInput> FillAsync(PageContext page, SavedMapping subject) =>
        Task.FromResult(RoleMappingFields.Fill(subject.Rule, subject.Saved.Version, page.Caller.Rules));

    protected override int? VersionOf(SavedMapping subject) => subject.Saved.Version;

    protected override Task<FormInput> ReconcileAsync(PageContext page, SavedMapping subject, FormInput input) =>
        Task.FromResult(input.Add(
            "",
            $"Somebody has changed this mapping since you opened the page: {subject.Saved.Pattern} leads to {subject.Saved.GroupName} now. "
            + "Send yours again if it is still right."));

    protected override Task<IResult> RenderAsync(PageContext page, SavedMapping subject, FormInput input, int status) =>
        reader.FormAsync(page, subject.Rule, input, status);

    protected override async Task<FormResult> SubmitAsync(PageContext page, SavedMapping subject, FormInput input)
    {
        if (RoleMappingFields.Read(input, page) is not { } request)
        {
            return FormResult.Invalid;
        }

        var outcome = await commands.ReplaceAsync(subject.Rule.Id, request, subject.Saved.Version, AuthorOf(page), page.Cancellation);
        return outcome is { Value: { } mapping } ? Finish(mapping, outcome.IsChanged) : outcome.Failure!;
    }

    // What was typed is not lost with the mapping.
    protected override Task<IResult> RenderGoneAsync(PageContext page, FormInput input)
    {
        input.Add(
            "", "Somebody has deleted this mapping since you opened the page. What you typed makes a new one, if you want one.");
        return reader.FormAsync(page, replaced: null, input, StatusCodes.Status404NotFound);
    }
}

internal sealed class DeleteRoleMappingForm(RoleMappingReader reader, RoleMappingCommands commands) : PageForm<MappingRule>
{
    protected override Task<MappingRule?> FindAsync(PageContext page) =>
        Task.FromResult(page.Caller.Rules.FindMapping(page.RouteId()));

    protected override async Task<IResult> RenderAsync(PageContext page, MappingRule subject, FormInput input, int status)
    {
        if (RoleMappingReader.Lacking(page, subject) is { Count: > 0 } lacking)
        {
            input.Add("", RoleMappingReader.Refusal(page, lacking));
        }

        return page.Render<DeleteRoleMappingPage, DeleteRoleMappingView>(
            new DeleteRoleMappingView(
                await reader.ViewAsync(page, subject), await reader.PreviewAsync(page, removed: subject, added: null), input),
            status);
    }

    protected override async Task<FormResult> SubmitAsync(PageContext page, MappingRule subject, FormInput input)
    {
        var outcome = await commands.DeleteAsync(subject.Id, seen: default, AuthorOf(page), page.Cancellation);
        return outcome switch
        {
            { Value: { } deleted } => new FormResult.Done(
                RoleMappingPageEndpoints.List, PageMessage.Done($"{deleted.Pattern} leads to {deleted.GroupName} no longer.")),
            // The page says what is lacking, as far as the reader may know.
            { Failure: ChangeFailure.Refused } => FormResult.Invalid,
            _ => outcome.Failure!,
        };
    }

    protected override Task<IResult> RenderGoneAsync(PageContext page, FormInput input) =>
        Task.FromResult(page.Redirect(RoleMappingPageEndpoints.List, PageMessage.Unchanged("That mapping was deleted already.")));
}
