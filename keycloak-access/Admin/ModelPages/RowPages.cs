using System.Globalization;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Audit;
using KeycloakAccess.Data;
using KeycloakAccess.Models;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.ModelPages;

/// <summary>One row of a model: what it is, what was done to it, its actions and its end.</summary>
internal sealed class RowPages(RowViews views)
{
    private const int RecentRows = 10;
    private const int PageSize = 25;

    private readonly Model _model = views.Model;
    private readonly ModelName _name = views.Name;

    public Task<IResult> ShowAsync(string id, HttpContext context, Caller caller, AuditStore audit, CancellationToken cancellationToken) =>
        ShowAsync(id, FormInput.Of(), tried: null, context, caller, audit, cancellationToken);

    /// <summary>The row again, after a sign-in that came before one of its actions.</summary>
    public Func<string, HttpContext, Caller, AuditStore, FormDrafts, CancellationToken, Task<IResult>> AskToAct(ModelAction action) =>
        async (id, context, caller, audit, drafts, cancellationToken) =>
            await ShowAsync(id, await drafts.TakeUpAsync(context, caller.Identity, () => FormInput.Of(), cancellationToken), action.Name, context, caller, audit, cancellationToken);

    public Func<string, IFormCollection, HttpContext, Caller, AuditStore, CancellationToken, Task<IResult>> Act(ModelAction action) =>
        async (id, form, context, caller, audit, cancellationToken) =>
        {
            var input = FormInput.Of(form);
            Reasons.Check(input, ModelForm.Reason);
            if (!input.IsValid)
            {
                return await AgainAsync(StatusCodes.Status422UnprocessableEntity);
            }

            var change = await views.Store.ActAsync(action, id, ModelForm.SeenVersion(input), caller, input.Value(ModelForm.Reason), cancellationToken);
            if (change is ModelChange.Done(var row, _))
            {
                var done = $"{ModelReferences.TitleOf(_model, row)}: {action.Name.Replace('-', ' ')} is done.";
                // What an action makes of a row may be no longer for them to see.
                return Flash.Redirect(context, await views.FindAsync(id, caller, cancellationToken) is null ? _name.Path : _name.PathOf(id), done);
            }

            ChangeWords.Explain(input, change);
            return await AgainAsync(ChangeWords.StatusOf(change));

            async Task<IResult> AgainAsync(int status) => await views.FindAsync(id, caller, cancellationToken) is { } found
                ? await RowPageAsync(found, input, action.Name, status, context, caller, audit, cancellationToken)
                : TypedResults.NotFound();
        };

    public async Task<IResult> AskToDeleteAsync(string id, HttpContext context, Caller caller, FormDrafts drafts, CancellationToken cancellationToken)
    {
        if (await views.FindAsync(id, caller, cancellationToken) is not { } found)
        {
            return TypedResults.NotFound();
        }

        var seen = FormInput.Of((ModelForm.Version, found.Version.ToString(CultureInfo.InvariantCulture)));
        var input = await drafts.TakeUpAsync(context, caller.Identity, () => seen, cancellationToken);
        return await DeletePageAsync(found, input, StatusCodes.Status200OK, context, caller, cancellationToken);
    }

    public async Task<IResult> DeleteAsync(string id, IFormCollection form, HttpContext context, Caller caller, CancellationToken cancellationToken)
    {
        if (await views.FindAsync(id, caller, cancellationToken) is not { } found)
        {
            return Flash.Redirect(context, _name.Path, $"That {_name.One} is not there any more.");
        }

        var input = FormInput.Of(form);
        Reasons.Check(input, ModelForm.Reason);
        if (!input.IsValid)
        {
            return await DeletePageAsync(found, input, StatusCodes.Status422UnprocessableEntity, context, caller, cancellationToken);
        }

        var change = await views.Store.DeleteAsync(id, ModelForm.SeenVersion(input), caller, input.Value(ModelForm.Reason), cancellationToken);
        return change switch
        {
            ModelChange.Done => Flash.Redirect(context, _name.Path, $"{ModelReferences.TitleOf(_model, found.Row)} is deleted."),
            ModelChange.Missing => Flash.Redirect(context, _name.Path, $"That {_name.One} is not there any more."),
            _ => await DeletePageAsync(
                found, ChangeWords.Explain(ModelForm.GoOnFrom(input, found.Version), change), ChangeWords.StatusOf(change), context, caller, cancellationToken),
        };
    }

    public async Task<IResult> HistoryAsync(string id, string? after, HttpContext context, Caller caller, AuditStore audit, CancellationToken cancellationToken)
    {
        // Of what somebody may not see they do not learn what it was.
        if (await views.FindAsync(id, caller, cancellationToken) is not { } found)
        {
            return TypedResults.NotFound();
        }

        var place = after is null ? null : AuditStore.Read(after);
        var (rows, next) = await audit.ListAsync(
            new AuditFilter { Kind = AuditRow.ChangeKind, Model = _model.Name, Row = _model.IdOf(found.Row), Limit = PageSize, After = place }, cancellationToken);
        var path = $"{_name.PathOf(id)}/history";
        return Pages.Of<ModelHistoryPage, ModelHistoryView>(context, caller, new ModelHistoryView(
            _name,
            _model.IdOf(found.Row),
            ModelReferences.TitleOf(_model, found.Row),
            await views.ChangesAsync(rows, caller, cancellationToken),
            place is null ? null : path,
            next is null ? null : Links.To(path, ("after", next.ToString()))));
    }

    private async Task<IResult> ShowAsync(
        string id, FormInput input, string? tried, HttpContext context, Caller caller, AuditStore audit, CancellationToken cancellationToken) =>
        await views.FindAsync(id, caller, cancellationToken) is { } found
            ? await RowPageAsync(found, input, tried, StatusCodes.Status200OK, context, caller, audit, cancellationToken)
            : TypedResults.NotFound();

    private async Task<IResult> RowPageAsync(
        VersionedRow found, FormInput input, string? tried, int status, HttpContext context, Caller caller, AuditStore audit, CancellationToken cancellationToken)
    {
        var id = _model.IdOf(found.Row);
        Column[] columns = [.. views.Shown(caller)];
        var values = (await views.RowsAsync([found.Row], columns, caller, cancellationToken))[0].Cells;
        var happened = caller.May(AuditPermissions.View)
            ? (await audit.ListAsync(new AuditFilter { Kind = AuditRow.ChangeKind, Model = _model.Name, Row = id, Limit = RecentRows }, cancellationToken)).Rows
            : [];
        return Pages.Of<ModelRowPage, ModelRowPageView>(
            context,
            caller,
            new ModelRowPageView(
                _name,
                id,
                ModelReferences.TitleOf(_model, found.Row),
                found.Version,
                [.. columns.Zip(values, (column, value) => (column.Title, value))],
                [.. views.Actions(caller)],
                await views.DependantsAsync(found.Row, RowViews.MostDependants, caller, cancellationToken),
                views.Additions(found.Row, caller),
                await views.HappenedAsync(happened, caller, cancellationToken),
                input,
                tried),
            status);
    }

    private async Task<IResult> DeletePageAsync(
        VersionedRow found, FormInput input, int status, HttpContext context, Caller caller, CancellationToken cancellationToken) =>
        Pages.Of<DeleteModelRowPage, DeleteModelRowView>(
            context,
            caller,
            new DeleteModelRowView(
                _name,
                _model.IdOf(found.Row),
                ModelReferences.TitleOf(_model, found.Row),
                await views.DependantsAsync(found.Row, RowViews.MostDependants, caller, cancellationToken),
                input),
            status);
}
