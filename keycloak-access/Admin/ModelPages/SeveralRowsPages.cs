using System.Globalization;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Data;
using KeycloakAccess.Models;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.WebUtilities;

namespace KeycloakAccess.Admin.ModelPages;

/// <summary>
/// Changes several rows: first a page that says what would change, then each row as its own page would have changed it. Why
/// some were refused stands on a page of its own, to which the browser is sent.
/// </summary>
internal sealed class SeveralRowsPages(RowViews views)
{
    /// <summary>As many as a page of the list has.</summary>
    public const int Most = ListParameters.DefaultLimit;

    private const int MostDependants = 3;
    private const int LongestRefusal = 300;

    private readonly Model _model = views.Model;
    private readonly ModelName _name = views.Name;
    private readonly ModelFilters _filters = new(views.Model, views.References);

    /// <returns>What the caller may do with several rows.</returns>
    public static IEnumerable<ModelActionView> Changes(RowViews views, PageContext page) =>
    [
        .. page.Caller.May(views.Model.Name, Permission.Delete) ? [new ModelActionView(Permission.Delete, "Delete")] : Array.Empty<ModelActionView>(),
        .. views.Actions(page),
    ];

    public Task<IResult> PreviewAsync(PageContext page) =>
        AskAsync(page.Form, page);

    /// <summary>The question again, where it or its answer came after the session had ended.</summary>
    public async Task<IResult> AskAgainAsync(PageContext page)
    {
        var nothing = FormInput.Create();
        var input = await page.FindDraftAsync() ?? nothing;
        return input == nothing ? TypedResults.LocalRedirect(_name.Path) : await AskAsync(input, page);
    }

    public async Task<IResult> ApplyAsync(PageContext page)
    {
        var input = page.Form;
        Reasons.Check(input, ModelForm.Reason);
        var action = ActionOf(input);
        var keys = Keys(input);
        if (action is null || keys.Count is 0 or > Most || !input.IsValid || !page.Caller.May(_model.Name, action))
        {
            return await AskAsync(input, page);
        }

        var (done, missing) = (0, 0);
        var refused = new List<(string Name, string? Value)>();
        foreach (var id in keys)
        {
            switch (await ChangeAsync(action, id, SeenVersion(input, id) ?? 0, input.Value(ModelForm.Reason), page))
            {
                case ModelChange.Done:
                    done++;
                    break;
                case ModelChange.Missing:
                    missing++;
                    break;
                case var change:
                    refused.AddRange([("ids", id), (Why(id), ShortText.Cut(ChangeFormatter.Refusal(change), LongestRefusal))]);
                    break;
            }
        }

        var said = action == Permission.Delete
            ? $"{Count(done)} {(done == 1 ? "is" : "are")} deleted."
            : $"{ModelDescription.Sentence(action)} is done with {Count(done)}.";
        if (refused.Count == 0 && missing == 0)
        {
            return page.Redirect(BackPath(input), said);
        }

        said += $" {Count(refused.Count / 2 + missing)} stayed as {(refused.Count / 2 + missing == 1 ? "it was" : "they were")}.";
        var path = $"{_name.Path}/bulk/result";
        var report = await page.KeepAsync(
            path,
            FormInput.Create([("missing", missing.ToString(CultureInfo.InvariantCulture)), ("action", action), (SeveralRowsView.List, BackPath(input)), .. refused]));
        return page.Redirect(report ?? BackPath(input), said);
    }

    public async Task<IResult> ReportAsync(PageContext page)
    {
        var nothing = FormInput.Create();
        var report = await page.FindDraftAsync() ?? nothing;
        if (report == nothing)
        {
            return TypedResults.LocalRedirect(_name.Path);
        }

        var keys = Keys(report);
        var rows = await RowsAsync(keys, page);
        return page.Render<RefusedRowsPage, RefusedRowsView>(new RefusedRowsView(
            _name,
            ActionView(ActionOf(report)),
            [.. rows.Select(row => Line(row, report.Value(Why(_model.IdOf(row.Row))), []))],
            keys.Count - rows.Count + (int.TryParse(report.Value("missing"), NumberStyles.None, CultureInfo.InvariantCulture, out var missing) ? missing : 0),
            BackPath(report)));
    }

    private async Task<IResult> AskAsync(FormInput input, PageContext page)
    {
        var action = ActionOf(input);
        if (action is not null && page.Refuse(new Permission(_model.Name, action)) is { } refusal)
        {
            return refusal;
        }

        var keys = Keys(input);
        var cannot = action is null ? $"There is no action {input.Value("action")} here, so nothing was done. Go back and choose one."
            : keys.Count == 0 ? $"No {_name.One} is ticked. Go back and tick some."
            : keys.Count > Most ? $"At most {Most} {_name.Many} are changed at once, as many as a page of the list has. Go back and tick fewer."
            : null;
        if (cannot is not null)
        {
            input.Add("", cannot);
        }

        var lines = new List<SeveralRowsLine>();
        var rows = cannot is null ? await RowsAsync(keys, page) : [];
        foreach (var row in rows)
        {
            var obstacle = SeenVersion(input, _model.IdOf(row.Row)) is { } seen && seen != row.Version ? ChangeFormatter.Refusal(new ModelChange.Outdated())
                : action == Permission.Delete ? await views.Store.FindObstacleAsync(row.Row, page.Caller, page.Cancellation)
                : null;
            lines.Add(Line(row, obstacle, action == Permission.Delete ? await views.DependantsAsync(row.Row, MostDependants, page) : []) with
            {
                Version = SeenVersion(input, _model.IdOf(row.Row)) ?? row.Version,
            });
        }

        return page.Render<SeveralRowsPage, SeveralRowsView>(new SeveralRowsView(_name, ActionView(action), input, lines, cannot is null ? keys.Count - lines.Count : 0, BackPath(input)),
            input.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    private Task<ModelChange> ChangeAsync(string action, string id, int seen, string reason, PageContext page) =>
        action == Permission.Delete
            ? views.Store.DeleteAsync(id, seen, page.Caller, reason, page.Cancellation)
            : views.Store.ActAsync(_model.Actions.First(known => known.Name == action), id, seen, page.Caller, reason, page.Cancellation);

    // Whatever ids a form brings: only what the caller may see is there.
    private async Task<IReadOnlyList<VersionedRow>> RowsAsync(IReadOnlyList<string> keys, PageContext page)
    {
        var found = await views.Store.FindAsync([.. keys.Select(_model.ParseId).OfType<object>()], RowSubject.FromCaller(page.Caller), page.Cancellation);
        var rows = found.ToDictionary(row => _model.IdOf(row.Row), StringComparer.Ordinal);
        return [.. keys.Where(rows.ContainsKey).Select(key => rows[key])];
    }

    // As addresses write ids, each once, in the order of the list. What is no id at all is a row that is not there.
    private List<string> Keys(FormInput input) =>
        [.. input.Values("ids").Select(text => _model.ParseId(text) is { } key ? _model.Id.Type.Write(key) : text).Distinct(StringComparer.Ordinal)];

    private string? ActionOf(FormInput input) =>
        input.Value("action") is var action && (action == Permission.Delete || _model.Actions.Any(known => known.Name == action)) ? action : null;

    private SeveralRowsLine Line(VersionedRow row, string? obstacle, IReadOnlyList<ModelDependantsView> dependants)
    {
        var id = _model.IdOf(row.Row);
        return new SeveralRowsLine(id, _name.PathOf(id), ModelReferences.TitleOf(_model, row.Row), row.Version, obstacle, dependants);
    }

    // The list as it was filtered. Of what the form says, only what a list knows goes into the address.
    private string BackPath(FormInput input)
    {
        var list = input.Value(SeveralRowsView.List);
        return list.IndexOf('?', StringComparison.Ordinal) is >= 0 and var start
            ? _filters.Path(_filters.Read(new QueryCollection(QueryHelpers.ParseQuery(list[start..]))))
            : _name.Path;
    }

    private string Count(int number) => $"{number.ToString(CultureInfo.InvariantCulture)} {(number == 1 ? _name.One : _name.Many)}";

    private static ModelActionView? ActionView(string? action) => action is null ? null : new ModelActionView(action, ModelDescription.Sentence(action));

    private static string Why(string id) => $"_why.{id}";

    private static int? SeenVersion(FormInput input, string id) =>
        int.TryParse(input.Value(SeveralRowsView.VersionOf(id)), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : null;
}
