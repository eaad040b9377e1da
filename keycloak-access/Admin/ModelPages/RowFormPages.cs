using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Models;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Admin.ModelPages;

/// <summary>The forms that make a row of one model, and change one.</summary>
internal sealed class RowFormPages(RowViews views)
{
    private readonly Model _model = views.Model;
    private readonly ModelName _name = views.Name;
    private readonly ModelForm _form = new(views.Model, views.References);

    public async Task<IResult> NewAsync(HttpContext context, Caller caller, FormDrafts drafts, CancellationToken cancellationToken)
    {
        var filled = await _form.FilledAsync(context.Request.Query, ReaderZone.Of(context.Request), caller, cancellationToken);
        return FormPage(null, await drafts.TakeUpAsync(context, caller.Identity, () => filled, cancellationToken), StatusCodes.Status200OK, context, caller);
    }

    public async Task<IResult> CreateAsync(IFormCollection form, HttpContext context, Caller caller, CancellationToken cancellationToken)
    {
        var input = FormInput.Of(form);
        var row = await _form.ReadAsync(input, before: null, caller, cancellationToken);
        if (!input.IsValid)
        {
            return FormPage(null, input, StatusCodes.Status422UnprocessableEntity, context, caller);
        }

        var change = await views.Store.AddAsync(row, caller, input.Value(ModelForm.Reason), cancellationToken);
        return change is ModelChange.Done(var added, _)
            ? await GoOnAsync(added, "was added", input, context, caller, cancellationToken)
            : FormPage(null, ChangeWords.Explain(input, change), ChangeWords.StatusOf(change), context, caller);
    }

    public async Task<IResult> EditAsync(string id, HttpContext context, Caller caller, FormDrafts drafts, CancellationToken cancellationToken)
    {
        if (await views.FindAsync(id, caller, cancellationToken) is not { } found)
        {
            return TypedResults.NotFound();
        }

        var saved = await _form.OfAsync(found.Row, found.Version, isNew: false, ReaderZone.Of(context.Request), caller, cancellationToken);
        return FormPage(found.Row, await drafts.TakeUpAsync(context, caller.Identity, () => saved, cancellationToken), StatusCodes.Status200OK, context, caller);
    }

    public async Task<IResult> ReplaceAsync(string id, IFormCollection form, HttpContext context, Caller caller, CancellationToken cancellationToken)
    {
        var input = FormInput.Of(form);
        if (await views.FindAsync(id, caller, cancellationToken) is not { } found)
        {
            return Gone();
        }

        if (ModelForm.SeenVersion(input) != found.Version)
        {
            return await ConflictAsync(found);
        }

        var row = await _form.ReadAsync(input, found.Row, caller, cancellationToken);
        if (!input.IsValid)
        {
            return FormPage(found.Row, input, StatusCodes.Status422UnprocessableEntity, context, caller);
        }

        var change = await views.Store.ReplaceAsync(id, row, found.Version, caller, input.Value(ModelForm.Reason), cancellationToken);
        switch (change)
        {
            case ModelChange.Done(var replaced, _):
                return await GoOnAsync(replaced, "is saved", input, context, caller, cancellationToken);
            case ModelChange.Outdated when await views.FindAsync(id, caller, cancellationToken) is { } newer:
                // Somebody was first by the blink of an eye.
                return await ConflictAsync(newer);
            case ModelChange.Invalid or ModelChange.Conflict:
                return FormPage(found.Row, ChangeWords.Explain(input, change), ChangeWords.StatusOf(change), context, caller);
            default:
                return Gone();
        }

        // What was typed is not lost with the row. Of what somebody may not see they do not learn that it is there.
        IResult Gone()
        {
            if (!caller.May(_model.Name, Permission.Add))
            {
                return TypedResults.NotFound();
            }

            input.Add("", $"That {_name.One} is not there any more. What you typed makes a new one, if you want it.");
            return FormPage(null, input, StatusCodes.Status404NotFound, context, caller);
        }

        // The form goes on from the version that is saved: whoever sends it again has seen that.
        async Task<IResult> ConflictAsync(VersionedRow theirs) => FormPage(
            theirs.Row,
            ModelForm.GoOnFrom(input, theirs.Version),
            StatusCodes.Status409Conflict,
            context,
            caller,
            await _form.VersionsAsync(input, theirs.Row, caller, cancellationToken));
    }

    // Where the button that was used leads, as far as they may go there. The model's rule may show somebody only what others
    // have looked at.
    private async Task<IResult> GoOnAsync(object row, string done, FormInput input, HttpContext context, Caller caller, CancellationToken cancellationToken)
    {
        var id = _model.IdOf(row);
        var isShown = await views.FindAsync(id, caller, cancellationToken) is not null;
        var path = input.Value(ModelForm.Then) switch
        {
            ModelForm.AddAnother when caller.May(_model.Name, Permission.Add) => $"{_name.Path}/new",
            _ when !isShown => _name.Path,
            ModelForm.GoOnEditing when caller.May(_model.Name, Permission.Change) => $"{_name.PathOf(id)}/edit",
            _ => _name.PathOf(id),
        };
        return Flash.Redirect(context, path, $"{ModelReferences.TitleOf(_model, row)} {done}.{(isShown ? "" : " As it is now, it is not for you to see.")}");
    }

    private RazorComponentResult FormPage(object? row, FormInput input, int status, HttpContext context, Caller caller, IReadOnlyList<VersionField>? versions = null) =>
        Pages.Of<ModelFormPage, ModelFormView>(
            context,
            caller,
            new ModelFormView(
                _name,
                row is null ? null : _model.IdOf(row),
                row is null ? "" : ModelReferences.TitleOf(_model, row),
                _form.Fields(isNew: row is null, input, caller),
                input,
                versions),
            status);
}
