using System.Globalization;
using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Bulk;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Models;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.WebUtilities;

namespace KeycloakAccess.Admin.ModelPages;

internal sealed record BulkRowChange(Permission Permission, string ListPath, IReadOnlyDictionary<string, int> SeenVersions) : BulkChange
{
    public const string ListField = "_list";

    public override string Title => ModelDescription.Sentence(Permission.Action);

    public override Permission Needed => Permission;

    public override bool IsDestructive => Permission.Action == Permission.Delete;

    public override string BackPath => ListPath;

    public override IEnumerable<(string Name, string? Value)> Fields(IEnumerable<BulkLine> lines) =>
    [
        ("action", Permission.Action),
        (ListField, ListPath),
        .. lines.SelectMany(line => new (string, string?)[]
        {
            ("ids", line.Id), (VersionField(line.Id), line.Version?.ToString(CultureInfo.InvariantCulture)),
        }),
    ];

    public static string VersionField(string id) => $"_version.{id}";
}

internal sealed class BulkRows(RowViews views) : BulkFlow<BulkRowChange>
{
    private const int MostDependants = 3;

    private readonly Model _model = views.Model;
    private readonly ModelFilters _filters = new(views.Model, views.References);

    protected override BulkList List { get; } = new(views.Name.Title, views.Name.Path, views.Name.One, views.Name.Many);

    protected override string ReasonField => ModelForm.Reason;

    protected override int PageSize => ListParameters.DefaultLimit;

    public static IEnumerable<(string Name, string Title)> ListActions(RowViews views, PageContext page) =>
        new[] { Permission.Delete }.Concat(views.Model.Actions.Select(action => action.Name))
            .Where(action => page.Caller.May(views.Model.Name, action))
            .Select(action => (action, ModelDescription.Sentence(action)));

    protected override BulkRowChange? Read(FormInput input)
    {
        var action = input.Value("action");
        if (action != Permission.Delete && _model.Actions.All(known => known.Name != action))
        {
            return null;
        }

        // As addresses write ids, each once, in the order of the list. What is no id at all is a row that is not there.
        string[] ids = [.. input.Values("ids")
            .Select(text => _model.ParseId(text) is { } key ? _model.Id.Type.Write(key) : text)
            .Distinct(StringComparer.Ordinal)];
        var versions = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var id in ids)
        {
            if (int.TryParse(input.Value(BulkRowChange.VersionField(id)), NumberStyles.None, CultureInfo.InvariantCulture, out var version))
            {
                versions[id] = version;
            }
        }

        return new BulkRowChange(new Permission(_model.Name, action), ListPath(input), versions) { Ids = ids };
    }

    protected override void Check(PageContext page, BulkRowChange change, FormInput input)
    {
        if (change.Ids.Count == 0)
        {
            input.Add("", $"No {List.One} is selected. Go back and select some.");
        }
        else if (change.Ids.Count > PageSize)
        {
            input.Add(
                "",
                $"At most {PageSize} {List.Many} are changed at once, as many as a page of the list has. Go back and select fewer.");
        }
    }

    protected override StepUpRule? FindStepUp(PageContext page, BulkRowChange change) => change.IsDestructive
        ? null
        : page.Http.RequestServices.GetRequiredService<StepUpCheck>().Find(Action(change).StepUp, page.Http, page.Caller.Identity);

    protected override async Task<BulkStep> ListAsync(PageContext page, BulkRowChange change, string? after, int limit)
    {
        var rows = await FindAsync(page, change);
        return new BulkStep([.. rows.Select(row => Line(change, row))], Missing: change.Ids.Count - rows.Count);
    }

    protected override async Task<BulkStep> ForeseeAsync(PageContext page, BulkRowChange change)
    {
        if (change.Ids.Count > PageSize)
        {
            return new BulkStep([]);
        }

        var lines = new List<BulkLine>();
        foreach (var row in await FindAsync(page, change))
        {
            var line = Line(change, row);
            // An action says for itself whether it can be done, so it is tried, and undone.
            var obstacle = line.Version != row.Version ? new ChangeFailure.PreconditionFailed().Explain()
                : change.IsDestructive ? (await views.Store.FindObstacleAsync(row.Row, page.Caller, page.Cancellation))?.Explain()
                : (await views.Store.ForeseeAsync(
                    Action(change), line.Id, row.Version, new ChangeAuthor(page.GrantGuard, Reason: null), page.Cancellation))?.Explain();
            lines.Add(line with
            {
                Dependants = change.IsDestructive ? await views.DependantsAsync(row.Row, MostDependants, page) : null,
                Changes = obstacle is null,
                Then = obstacle is not null ? $"stays. {obstacle}"
                    : change.IsDestructive ? "deleted"
                    : change.Title.ToLowerInvariant(),
            });
        }

        return new BulkStep(lines, Missing: change.Ids.Count - lines.Count);
    }

    protected override async Task<BulkOutcome> DoAsync(PageContext page, BulkRowChange change, BulkLine line, ChangeAuthor author)
    {
        // A row of which no version was seen is changed by nobody.
        var seen = change.SeenVersions.GetValueOrDefault(line.Id);
        var outcome = await (change.IsDestructive
            ? views.Store.DeleteAsync(line.Id, seen, author, page.Cancellation)
            : views.Store.ActAsync(Action(change), line.Id, seen, author, page.Cancellation));
        return new BulkOutcome(outcome.IsChanged, outcome.Failure?.Explain());
    }

    protected override string Summarize(PageContext page, BulkRowChange change, BulkCount count)
    {
        var done = count.Changed == 0 ? $"{change.Title}: nothing was changed."
            : change.IsDestructive ? $"{List.Count(count.Changed)} {(count.Changed == 1 ? "is" : "are")} deleted."
            : $"{change.Title} is done with {List.Count(count.Changed)}.";
        return count.Refused == 0 ? done : $"{done} {List.Count(count.Refused)} stayed as {(count.Refused == 1 ? "it was" : "they were")}.";
    }

    // Whatever ids a form brings: only what the caller may see is there.
    private async Task<IReadOnlyList<VersionedRow>> FindAsync(PageContext page, BulkRowChange change)
    {
        object[] ids = [.. change.Ids.Select(_model.ParseId).OfType<object>()];
        var found = await views.Store.FindAsync(ids, RowSubject.FromCaller(page.Caller), page.Cancellation);
        var rows = found.ToDictionary(row => _model.IdOf(row.Row), StringComparer.Ordinal);
        return [.. change.Ids.Where(rows.ContainsKey).Select(id => rows[id])];
    }

    private ModelAction Action(BulkRowChange change) => _model.Actions.First(known => known.Name == change.Needed.Action);

    private BulkLine Line(BulkRowChange change, VersionedRow row)
    {
        var id = _model.IdOf(row.Row);
        return new BulkLine(id, views.Name.PathOf(id), ModelReferences.TitleOf(_model, row.Row))
        {
            Version = change.SeenVersions.GetValueOrDefault(id, row.Version),
        };
    }

    // The list as it was filtered. Of what the form says, only what a list knows goes into the address.
    private string ListPath(FormInput input)
    {
        var list = input.Value(BulkRowChange.ListField);
        return list.IndexOf('?', StringComparison.Ordinal) is >= 0 and var start
            ? _filters.Path(_filters.Read(new QueryCollection(QueryHelpers.ParseQuery(list[start..]))))
            : List.Path;
    }
}
