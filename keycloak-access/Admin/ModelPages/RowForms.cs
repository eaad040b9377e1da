using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Models;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.ModelPages;

internal abstract class RowForm<TSubject>(RowViews views) : PageForm<TSubject>
    where TSubject : class
{
    protected RowViews Views => views;

    protected Model Model => views.Model;

    protected ModelName Name => views.Name;

    protected ModelForm Fields { get; } = new(views.Model, views.References);

    protected override string ReasonField => ModelForm.Reason;

    protected override string VersionField => ModelForm.Version;

    protected Task<IResult> RenderFormAsync(PageContext page, object? row, FormInput input, int status)
    {
        var fields = Fields.List(isNew: row is null, input, page);
        return Task.FromResult<IResult>(page.Render<ModelFormPage, ModelFormView>(
            row is null
                ? new ModelFormView(Name, Id: null, Title: "", fields, input)
                : new ModelFormView(Name, Model.IdOf(row), ModelReferences.TitleOf(Model, row), fields, input),
            status));
    }

    // Where the button that was used leads, as far as they may go there. The model's rule may show somebody only what others
    // have looked at.
    protected async Task<FormResult> GoOnAsync(PageContext page, object row, string done)
    {
        var id = Model.IdOf(row);
        var isShown = await views.FindAsync(id, page) is not null;
        var path = page.Form.Value(ModelForm.Then) switch
        {
            ModelForm.AddAnother when page.Caller.May(Model.Name, Permission.Add) => $"{Name.Path}/new",
            _ when !isShown => Name.Path,
            ModelForm.GoOnEditing when page.Caller.May(Model.Name, Permission.Change) => $"{Name.PathOf(id)}/edit",
            _ => Name.PathOf(id),
        };
        var unseen = isShown ? "" : " As it is now, it is not for you to see.";
        return new FormResult.Done(path, PageMessage.Done($"{ModelReferences.TitleOf(Model, row)} {done}.{unseen}"));
    }
}

internal abstract class SavedRowForm(RowViews views) : RowForm<VersionedRow>(views)
{
    protected override Task<VersionedRow?> FindAsync(PageContext page) => Views.FindAsync(page.RouteText("id"), page);

    protected override int? VersionOf(VersionedRow subject) => subject.Version;

    protected override Task<FormInput> ReconcileAsync(PageContext page, VersionedRow subject, FormInput input) =>
        Task.FromResult(input.Add("", new ChangeFailure.PreconditionFailed().Explain()));
}

internal sealed class NewRowForm(RowViews views) : RowForm<Model>(views)
{
    protected override Task<Model?> FindAsync(PageContext page) => Task.FromResult<Model?>(Model);

    protected override Task<FormInput> FillAsync(PageContext page, Model subject) => Fields.FillNewAsync(page);

    protected override Task<IResult> RenderAsync(PageContext page, Model subject, FormInput input, int status) =>
        RenderFormAsync(page, row: null, input, status);

    protected override async Task<FormResult> SubmitAsync(PageContext page, Model subject, FormInput input)
    {
        var row = await Fields.ReadAsync(input, before: null, page);
        if (!input.IsValid)
        {
            return FormResult.Invalid;
        }

        var outcome = await Views.Store.AddAsync(row, AuthorOf(page), page.Cancellation);
        return outcome is { Value: { } added } ? await GoOnAsync(page, added, "was added") : outcome.Failure!;
    }
}

internal sealed class EditRowForm(RowViews views) : SavedRowForm(views)
{
    protected override Task<FormInput> FillAsync(PageContext page, VersionedRow subject) =>
        Fields.FillAsync(subject.Row, subject.Version, page);

    protected override async Task<FormInput> ReconcileAsync(PageContext page, VersionedRow subject, FormInput input) =>
        input.Compare(await Fields.CompareAsync(input, subject.Row, page));

    protected override Task<IResult> RenderAsync(PageContext page, VersionedRow subject, FormInput input, int status) =>
        RenderFormAsync(page, subject.Row, input, status);

    protected override async Task<FormResult> SubmitAsync(PageContext page, VersionedRow subject, FormInput input)
    {
        var row = await Fields.ReadAsync(input, subject.Row, page);
        if (!input.IsValid)
        {
            return FormResult.Invalid;
        }

        var outcome = await Views.Store.ReplaceAsync(
            Model.IdOf(subject.Row), row, subject.Version, AuthorOf(page), page.Cancellation);
        return outcome is { Value: { } replaced } ? await GoOnAsync(page, replaced, "is saved") : outcome.Failure!;
    }

    // What was typed is not lost with the row. Of what somebody may not see they do not learn that it is there.
    protected override Task<IResult> RenderGoneAsync(PageContext page, FormInput input)
    {
        if (!page.Caller.May(Model.Name, Permission.Add))
        {
            return base.RenderGoneAsync(page, input);
        }

        input.Add("", $"That {Name.One} is not there any more. What you typed makes a new one, if you want it.");
        return RenderFormAsync(page, row: null, input, StatusCodes.Status404NotFound);
    }
}

internal sealed class DeleteRowForm(RowViews views) : SavedRowForm(views)
{
    protected override async Task<IResult> RenderAsync(PageContext page, VersionedRow subject, FormInput input, int status) =>
        page.Render<DeleteModelRowPage, DeleteModelRowView>(
            new DeleteModelRowView(
                Name,
                Model.IdOf(subject.Row),
                ModelReferences.TitleOf(Model, subject.Row),
                await Views.DependantsAsync(subject.Row, RowViews.MostDependants, page),
                input),
            status);

    protected override async Task<FormResult> SubmitAsync(PageContext page, VersionedRow subject, FormInput input)
    {
        var outcome = await Views.Store.DeleteAsync(Model.IdOf(subject.Row), subject.Version, AuthorOf(page), page.Cancellation);
        return outcome is { Value: { } deleted }
            ? new FormResult.Done(Name.Path, PageMessage.Done($"{ModelReferences.TitleOf(Model, deleted)} is deleted."))
            : outcome.Failure!;
    }

    protected override Task<IResult> RenderGoneAsync(PageContext page, FormInput input) =>
        Task.FromResult(page.Redirect(Name.Path, PageMessage.Unchanged($"That {Name.One} is not there any more.")));
}

internal sealed class RowActionForm(RowViews views, ModelAction action, RowPageReader reader) : SavedRowForm(views)
{
    protected override async Task<IResult> RenderAsync(PageContext page, VersionedRow subject, FormInput input, int status) =>
        page.Render<ModelRowPage, ModelRowPageView>(
            await reader.ReadAsync(page, subject) with { Input = input, Tried = action.Name }, status);

    protected override async Task<FormResult> SubmitAsync(PageContext page, VersionedRow subject, FormInput input)
    {
        var id = Model.IdOf(subject.Row);
        var outcome = await Views.Store.ActAsync(action, id, subject.Version, AuthorOf(page), page.Cancellation);
        if (outcome is not { Value: { } row })
        {
            return outcome.Failure!;
        }

        // What an action makes of a row may be no longer for them to see.
        var path = await FindAsync(page) is null ? Name.Path : Name.PathOf(id);
        return new FormResult.Done(
            path, PageMessage.Done($"{ModelReferences.TitleOf(Model, row)}: {action.Name.Replace('-', ' ')} is done."));
    }
}
