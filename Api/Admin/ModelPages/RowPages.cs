using System.Globalization;
using Api.Admin.AuditPages;
using Api.Admin.Design;
using Api.Admin.Forms;
using Api.Audit;
using Api.Data;
using Api.Models;
using Api.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Api.Admin.ModelPages;

/// <summary>What the pages of one model do.</summary>
internal sealed class RowPages(Model model, ModelReferences references)
{
    private const int MostColumns = 7;
    private const int MostDependants = 20;
    private const int RecentRows = 10;
    private const int PageSize = 25;

    private readonly ModelStore _store = references.StoreOf(model);
    private readonly ModelForm _form = new(model, references);
    private readonly ModelFilters _filters = new(model, references);
    private readonly Column _title = ModelReferences.TitleOf(model);
    private readonly ModelName _name = NameOf(model);

    public Model Model => model;

    public async Task<IResult> ListAsync(HttpContext context, Caller caller, CancellationToken cancellationToken)
    {
        var said = _filters.Read(context.Request.Query);
        var (query, mistakes) = await _filters.QueryAsync(said, ReaderZone.Of(context.Request), caller, cancellationToken);
        var (rows, next) = await _store.ListAsync(query, RowSubject.Of(caller), cancellationToken);
        Column[] columns = [.. Shown(caller).Where(column => column != _title).Take(MostColumns)];
        return Pages.Of<ModelListPage, ModelListView>(context, caller, new ModelListView(
            _name,
            [.. new[] { _title }.Concat(columns).Select(column => Heading(column, query, said))],
            await RowsAsync(model, rows, columns, caller, cancellationToken),
            [.. model.Searches.Select(column => column.Title.ToLowerInvariant())],
            said.GetValueOrDefault("search", ""),
            said.GetValueOrDefault("sort"),
            _filters.Views(said, caller),
            mistakes,
            query.After is null ? null : _filters.Path(said),
            next is null ? null : _filters.Path(said, after: next)));
    }

    // Suggestions for whoever types what a row of this model is called, in whichever field.
    public async Task<IResult> NamesAsync(HttpRequest request, Caller caller, CancellationToken cancellationToken) =>
        Suggestions.Of(await references.SuggestAsync(model, Suggestions.Typed(request), caller, cancellationToken));

    public async Task<IResult> ShowAsync(
        string id, HttpContext context, Caller caller, AuditStore audit, FormDrafts drafts, CancellationToken cancellationToken) =>
        await _store.FindAsync(id, RowSubject.Of(caller), cancellationToken) is { } found
            ? await RowPageAsync(found, await drafts.TakeUpAsync(context, caller.Identity, () => FormInput.Of(), cancellationToken), StatusCodes.Status200OK, context, caller, audit, cancellationToken)
            : TypedResults.NotFound();

    public async Task<IResult> NewAsync(HttpContext context, Caller caller, FormDrafts drafts, CancellationToken cancellationToken)
    {
        var empty = await _form.OfAsync(model.New(), version: null, isNew: true, ReaderZone.Of(context.Request), caller, cancellationToken);
        return FormPage(null, await drafts.TakeUpAsync(context, caller.Identity, () => empty, cancellationToken), StatusCodes.Status200OK, context, caller);
    }

    public async Task<IResult> CreateAsync(IFormCollection form, HttpContext context, Caller caller, CancellationToken cancellationToken)
    {
        var input = FormInput.Of(form);
        var row = await _form.ReadAsync(input, before: null, caller, cancellationToken);
        if (!input.IsValid)
        {
            return FormPage(null, input, StatusCodes.Status422UnprocessableEntity, context, caller);
        }

        switch (await _store.AddAsync(row, caller, cancellationToken))
        {
            case ModelChange.Done(var added, _):
                var id = model.IdOf(added);
                var title = ModelReferences.TitleOf(model, added);
                // The model's rule may show somebody only what others have looked at.
                return await _store.FindAsync(id, RowSubject.Of(caller), cancellationToken) is null
                    ? Flash.Redirect(context, _name.Path, $"{title} was added. As it is now, it is not for you to see.")
                    : Flash.Redirect(context, _name.PathOf(id), $"{title} was added.");
            case var change:
                return FormPage(null, Explain(input, change), StatusOf(change), context, caller);
        }
    }

    public async Task<IResult> EditAsync(string id, HttpContext context, Caller caller, FormDrafts drafts, CancellationToken cancellationToken)
    {
        if (await _store.FindAsync(id, RowSubject.Of(caller), cancellationToken) is not { } found)
        {
            return TypedResults.NotFound();
        }

        var saved = await _form.OfAsync(found.Row, found.Version, isNew: false, ReaderZone.Of(context.Request), caller, cancellationToken);
        return FormPage(found.Row, await drafts.TakeUpAsync(context, caller.Identity, () => saved, cancellationToken), StatusCodes.Status200OK, context, caller);
    }

    public async Task<IResult> ReplaceAsync(string id, IFormCollection form, HttpContext context, Caller caller, CancellationToken cancellationToken)
    {
        var input = FormInput.Of(form);
        if (await _store.FindAsync(id, RowSubject.Of(caller), cancellationToken) is not { } found)
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

        var change = await _store.ReplaceAsync(id, row, found.Version, caller, cancellationToken);
        switch (change)
        {
            case ModelChange.Done(var replaced, _):
                return Flash.Redirect(context, _name.PathOf(id), $"{ModelReferences.TitleOf(model, replaced)} is saved.");
            case ModelChange.Outdated when await _store.FindAsync(id, RowSubject.Of(caller), cancellationToken) is { } newer:
                // Somebody was first by the blink of an eye.
                return await ConflictAsync(newer);
            case ModelChange.Invalid or ModelChange.Conflict:
                return FormPage(found.Row, Explain(input, change), StatusOf(change), context, caller);
            default:
                return Gone();
        }

        // What was typed is not lost with the row. Of what somebody may not see they do not learn that it is there.
        IResult Gone()
        {
            if (!caller.May(model.Name, Permission.Add))
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

    public async Task<IResult> AskToDeleteAsync(string id, HttpContext context, Caller caller, FormDrafts drafts, CancellationToken cancellationToken)
    {
        if (await _store.FindAsync(id, RowSubject.Of(caller), cancellationToken) is not { } found)
        {
            return TypedResults.NotFound();
        }

        var input = await drafts.TakeUpAsync(context, caller.Identity, () => AsSeen(found), cancellationToken);
        return await DeletePageAsync(found, input, StatusCodes.Status200OK, context, caller, cancellationToken);
    }

    public async Task<IResult> DeleteAsync(string id, IFormCollection form, HttpContext context, Caller caller, CancellationToken cancellationToken)
    {
        if (await _store.FindAsync(id, RowSubject.Of(caller), cancellationToken) is not { } found)
        {
            return Flash.Redirect(context, _name.Path, $"That {_name.One} is not there any more.");
        }

        var change = await _store.DeleteAsync(id, ModelForm.SeenVersion(FormInput.Of(form)), caller, cancellationToken);
        return change switch
        {
            ModelChange.Done => Flash.Redirect(context, _name.Path, $"{ModelReferences.TitleOf(model, found.Row)} is deleted."),
            ModelChange.Missing => Flash.Redirect(context, _name.Path, $"That {_name.One} is not there any more."),
            _ => await DeletePageAsync(found, Explain(AsSeen(found), change), StatusOf(change), context, caller, cancellationToken),
        };
    }

    public Func<string, IFormCollection, HttpContext, Caller, AuditStore, CancellationToken, Task<IResult>> Act(ModelAction action) =>
        async (id, form, context, caller, audit, cancellationToken) =>
        {
            var change = await _store.ActAsync(action, id, ModelForm.SeenVersion(FormInput.Of(form)), caller, cancellationToken);
            if (change is ModelChange.Done(var row, _))
            {
                var done = $"{ModelReferences.TitleOf(model, row)}: {action.Name.Replace('-', ' ')} is done.";
                // What an action makes of a row may be no longer for them to see.
                return Flash.Redirect(context, await _store.FindAsync(id, RowSubject.Of(caller), cancellationToken) is null ? _name.Path : _name.PathOf(id), done);
            }

            return await _store.FindAsync(id, RowSubject.Of(caller), cancellationToken) is { } found
                ? await RowPageAsync(found, Explain(FormInput.Of(), change), StatusOf(change), context, caller, audit, cancellationToken)
                : TypedResults.NotFound();
        };

    public async Task<IResult> HistoryAsync(string id, string? after, HttpContext context, Caller caller, AuditStore audit, CancellationToken cancellationToken)
    {
        // Of what somebody may not see they do not learn what it was.
        if (await _store.FindAsync(id, RowSubject.Of(caller), cancellationToken) is not { } found)
        {
            return TypedResults.NotFound();
        }

        var place = after is null ? null : AuditStore.Read(after);
        var (rows, next) = await audit.ListAsync(
            new AuditFilter { Kind = AuditRow.ChangeKind, Model = model.Name, Row = model.IdOf(found.Row), Limit = PageSize, After = place }, cancellationToken);
        var path = $"{_name.PathOf(id)}/history";
        return Pages.Of<ModelHistoryPage, ModelHistoryView>(context, caller, new ModelHistoryView(
            _name,
            model.IdOf(found.Row),
            ModelReferences.TitleOf(model, found.Row),
            await ChangesAsync(rows, caller, cancellationToken),
            place is null ? null : path,
            next is null ? null : Links.To(path, ("after", next.ToString()))));
    }

    private static ModelName NameOf(Model model)
    {
        var words = new ModelDescription(model, new ListParameters(model));
        return new ModelName(model.Name, model.Plural, model.Title, words.Singular, words.A);
    }

    private IEnumerable<Column> Shown(Caller caller) => model.Columns.Where(column => (column != model.Id || !model.AssignsIds) && references.Shows(column, caller));

    private ModelColumnView Heading(Column column, ListQuery query, IReadOnlyDictionary<string, string> said) => new(
        column.Title,
        IsNumber(column),
        model.Sorts.Contains(column) ? _filters.Path(said, sort: query.Sort == column && !query.Descending ? "-" + column.Json : column.Json) : null,
        query.Sort != column ? null : query.Descending ? "descending" : "ascending");

    private async Task<IResult> RowPageAsync(
        VersionedRow found, FormInput input, int status, HttpContext context, Caller caller, AuditStore audit, CancellationToken cancellationToken)
    {
        var id = model.IdOf(found.Row);
        Column[] columns = [.. Shown(caller)];
        var values = (await RowsAsync(model, [found.Row], columns, caller, cancellationToken))[0].Cells;
        var happened = caller.May("audit", Permission.View)
            ? (await audit.ListAsync(new AuditFilter { Kind = AuditRow.ChangeKind, Model = model.Name, Row = id, Limit = RecentRows }, cancellationToken)).Rows
            : [];
        return Pages.Of<ModelRowPage, ModelRowPageView>(
            context,
            caller,
            new ModelRowPageView(
                _name,
                id,
                ModelReferences.TitleOf(model, found.Row),
                found.Version,
                [.. columns.Zip(values, (column, value) => (column.Title, value))],
                [.. model.Actions.Where(action => caller.May(model.Name, action.Name)).Select(action => new ModelActionView(action.Name, ModelDescription.Sentence(action.Name)))],
                await DependantsAsync(found.Row, caller, cancellationToken),
                [.. happened.Select(AuditWords.View)],
                input),
            status);
    }

    private RazorComponentResult FormPage(object? row, FormInput input, int status, HttpContext context, Caller caller, IReadOnlyList<VersionField>? versions = null) =>
        Pages.Of<ModelFormPage, ModelFormView>(
            context,
            caller,
            new ModelFormView(
                _name,
                row is null ? null : model.IdOf(row),
                row is null ? "" : ModelReferences.TitleOf(model, row),
                _form.Fields(isNew: row is null, input, caller),
                input,
                versions),
            status);

    private async Task<IResult> DeletePageAsync(
        VersionedRow found, FormInput input, int status, HttpContext context, Caller caller, CancellationToken cancellationToken) =>
        Pages.Of<DeleteModelRowPage, DeleteModelRowView>(
            context,
            caller,
            new DeleteModelRowView(
                _name, model.IdOf(found.Row), ModelReferences.TitleOf(model, found.Row), await DependantsAsync(found.Row, caller, cancellationToken), input),
            status);

    // Rows with their values as people read them. Titles of what they refer to are read once for each column.
    private async Task<IReadOnlyList<ModelRowView>> RowsAsync(
        Model of, IReadOnlyList<object> rows, IReadOnlyList<Column> columns, Caller caller, CancellationToken cancellationToken)
    {
        var titles = new Dictionary<Column, IReadOnlyDictionary<string, string>>();
        foreach (var column in columns)
        {
            if (references.Models.TargetOf(column) is { } target)
            {
                titles[column] = await references.TitlesAsync(target, rows.Select(column.Get).OfType<object>(), caller, cancellationToken);
            }
        }

        var name = of == model ? _name : NameOf(of);
        return [.. rows.Select(row => new ModelRowView(name.PathOf(of.IdOf(row)), ModelReferences.TitleOf(of, row), [.. columns.Select(column => Value(column, row))]))];

        ModelValueView Value(Column column, object row) => column.Get(row) switch
        {
            null => new ModelValueView(""),
            var value when references.Models.TargetOf(column) is { } target => Reference(target, column.Type.Write(value), titles[column]),
            DateTimeOffset at => new ModelValueView(column.Type.Write(at), At: at),
            bool value => new ModelValueView(value ? "yes" : "no"),
            string text when column.IsUrl && Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" => new ModelValueView(text, text),
            var value => new ModelValueView(column.Type.Write(value), IsNumber: IsNumber(column)),
        };

        static ModelValueView Reference(Model target, string id, IReadOnlyDictionary<string, string> titles) =>
            titles.TryGetValue(id, out var title) ? new ModelValueView(title, NameOf(target).PathOf(id)) : new ModelValueView("one that you may not look at");
    }

    // The first few rows of each model that refer to this one: what stands in the way of deleting it.
    private async Task<IReadOnlyList<ModelDependantsView>> DependantsAsync(object row, Caller caller, CancellationToken cancellationToken)
    {
        var dependants = new List<ModelDependantsView>();
        foreach (var (other, column) in references.Models.ReferencesTo(model).Where(reference => caller.May(reference.Model.Name, Permission.View)))
        {
            var query = new ListQuery(Search: null, [new ListCondition(column, "=", model.Id.Get(row))], other.Id, Descending: false, MostDependants, After: null);
            var (rows, next) = await references.StoreOf(other).ListAsync(query, RowSubject.Of(caller), cancellationToken);
            if (rows.Count > 0)
            {
                dependants.Add(new ModelDependantsView(
                    $"{other.Title}, by {column.Title.ToLowerInvariant()}",
                    await RowsAsync(other, rows, [], caller, cancellationToken),
                    next is null ? null : Links.To(NameOf(other).Path, (column.Json, model.IdOf(row)))));
            }
        }

        return dependants;
    }

    private async Task<IReadOnlyList<ModelChangeView>> ChangesAsync(IReadOnlyList<AuditRow> rows, Caller caller, CancellationToken cancellationToken)
    {
        var changes = rows.Select(row => (Row: row, Fields: AuditWords.Changes(row).ToArray())).ToArray();
        var titles = new Dictionary<string, IReadOnlyDictionary<string, string>>(StringComparer.Ordinal);
        foreach (var column in model.Columns)
        {
            if (references.Models.TargetOf(column) is { } target)
            {
                titles[column.Json] = await references.TitlesAsync(
                    target,
                    changes.SelectMany(change => change.Fields).Where(field => field.Field == column.Json)
                        .SelectMany(field => new[] { field.Before, field.After }).OfType<string>().Select(column.Type.Parse).OfType<object>(),
                    caller,
                    cancellationToken);
            }
        }

        var shown = model.Columns.Where(column => references.Shows(column, caller)).ToDictionary(column => column.Json, column => column.Title, StringComparer.Ordinal);
        var known = model.Columns.Select(column => column.Json).ToHashSet(StringComparer.Ordinal);
        return [.. changes.Select(change => new ModelChangeView(
            change.Row.Id,
            change.Row.At,
            change.Row.Account,
            AuditWords.Verb(change.Row.Action!),
            change.Row.Reason,
            [.. change.Fields
                // A column that is gone since is still in the log.
                .Where(field => shown.ContainsKey(field.Field) || !known.Contains(field.Field))
                .Select(field => new AuditFieldChange(shown.GetValueOrDefault(field.Field, field.Field), Named(field.Field, field.Before), Named(field.Field, field.After)))]))];

        string? Named(string field, string? text) => text is not null && titles.TryGetValue(field, out var names) ? names.GetValueOrDefault(text, text) : text;
    }

    private static FormInput AsSeen(VersionedRow found) => FormInput.Of((ModelForm.Version, found.Version.ToString(CultureInfo.InvariantCulture)));

    private static FormInput Explain(FormInput input, ModelChange change) => change switch
    {
        ModelChange.Invalid(var field, var mistake) => input.Add(field, mistake),
        ModelChange.Conflict(var detail, _) => input.Add("", detail),
        _ => input.Add("", "Somebody has changed it since you opened this page, so nothing was done. Look at it as it is now, and do it again if you still want to."),
    };

    private static int StatusOf(ModelChange change) => change is ModelChange.Invalid ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status409Conflict;

    private static bool IsNumber(Column column) => column.Type.Type == typeof(int) || column.Type.Type == typeof(long) || column.Type.Type == typeof(decimal);
}
