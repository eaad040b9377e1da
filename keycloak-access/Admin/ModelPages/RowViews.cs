using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Data;
using KeycloakAccess.Models;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.ModelPages;

/// <summary>Rows of one model as its pages show them: no more of them than the viewer may know.</summary>
internal sealed class RowViews(Model model, ModelReferences references)
{
    public const int MostDependants = 20;

    public Model Model => model;

    public ModelReferences References => references;

    public ModelStore Store { get; } = references.StoreOf(model);

    public ModelName Name { get; } = NameOf(model);

    public Task<VersionedRow?> FindAsync(string id, PageContext page) =>
        Store.FindAsync(id, RowSubject.FromCaller(page.Caller), page.Cancellation);

    // An id that the service assigns tells people nothing.
    public IEnumerable<Column> Shown(PageContext page) =>
        model.Columns.Where(column => (column != model.Id || !model.AssignsIds) && references.Shows(column, page));

    private HashSet<string> Hidden(PageContext page) =>
        model.Columns.Where(column => !references.Shows(column, page)).Select(column => column.Json).ToHashSet(StringComparer.Ordinal);

    public IEnumerable<ModelActionView> Actions(PageContext page) => model.Actions
        .Where(action => page.Caller.May(model.Name, action.Name))
        .Select(action => new ModelActionView(action.Name, ModelDescription.Sentence(action.Name)));

    public static bool IsNumber(Column column) =>
        column.Type.Type == typeof(int) || column.Type.Type == typeof(long) || column.Type.Type == typeof(decimal);

    public async Task<IReadOnlyList<LinkGroup>> DependantsAsync(object row, int most, PageContext page)
    {
        var dependants = new List<LinkGroup>();
        foreach (var (other, column) in references.Models.ReferencesTo(model)
            .Where(reference => page.Caller.May(reference.Model.Name, Permission.View)))
        {
            var condition = new ListCondition(column, "=", model.Id.Get(row));
            var query = new ListQuery(Search: null, [condition], other.Id, Descending: false, most, After: null);
            var (rows, next) = await references.StoreOf(other).ListAsync(query, RowSubject.FromCaller(page.Caller), page.Cancellation);
            if (rows.Count > 0)
            {
                var name = NameOf(other);
                dependants.Add(new LinkGroup(
                    $"{other.Title}, by {column.Title.ToLowerInvariant()}",
                    [.. rows.Select(found => (name.PathOf(other.IdOf(found)), ModelReferences.TitleOf(other, found)))],
                    next is null ? null : Links.WithQuery(name.Path, (column.Json, model.IdOf(row)))));
            }
        }

        return dependants;
    }

    public IReadOnlyList<ModelAdditionView> Additions(object row, PageContext page)
    {
        var referring = references.Models.ReferencesTo(model)
            .Where(reference => !reference.Column.IsReadOnly
                && page.Caller.May(reference.Model.Name, Permission.View)
                && page.Caller.May(reference.Model.Name, Permission.Add))
            .ToArray();
        return [.. referring.Select(reference =>
        {
            var name = NameOf(reference.Model);
            var several = referring.Count(other => other.Model == reference.Model) > 1;
            return new ModelAdditionView(
                $"Add {name.A}{(several ? $", by {reference.Column.Title.ToLowerInvariant()}" : "")}",
                Links.WithQuery($"{name.Path}/new", (reference.Column.Json, model.IdOf(row))));
        })];
    }

    public async Task<IReadOnlyList<ActivityView>> HappenedAsync(IReadOnlyList<AuditRow> rows, PageContext page)
    {
        var (hidden, words) = (Hidden(page), await WordsAsync(rows, page));
        return [.. rows.Select(row => AuditFormatter.ToActivity(AuditFormatter.Without(row, hidden), words))];
    }

    public async Task<IReadOnlyList<ModelChangeView>> ChangesAsync(IReadOnlyList<AuditRow> rows, PageContext page)
    {
        var (hidden, words) = (Hidden(page), await WordsAsync(rows, page));
        return [.. rows.Select(row => new ModelChangeView(
            row.Id,
            row.At,
            row.Account,
            AuditFormatter.Verb(row.Action!),
            row.Reason,
            [.. words.Describe(AuditFormatter.Without(row, hidden))]))];
    }

    // References by their titles. Of what is gone and of what the row rules hide, nobody learns which it is.
    private async Task<AuditWords> WordsAsync(IReadOnlyList<AuditRow> rows, PageContext page)
    {
        var words = await page.Http.RequestServices.GetRequiredService<AuditWordsReader>().ReadAsync(rows, page);
        return words.Hiding(model.Columns
            .Where(column => references.Models.TargetOf(column) is not null)
            .Select(column => (model.Name, column.Json)));
    }

    public async Task<IReadOnlyList<ModelRowView>> RowsAsync(IReadOnlyList<object> rows, IReadOnlyList<Column> columns, PageContext page)
    {
        var titles = new Dictionary<Column, IReadOnlyDictionary<string, string>>();
        foreach (var column in columns)
        {
            if (references.Models.TargetOf(column) is { } target)
            {
                titles[column] = await references.TitlesAsync(target, rows.Select(column.Get).OfType<object>(), page);
            }
        }

        return [.. rows.Select(row => new ModelRowView(
            model.IdOf(row),
            Name.PathOf(model.IdOf(row)),
            ModelReferences.TitleOf(model, row),
            [.. columns.Select(column => Value(column, row))]))];

        ModelValueView Value(Column column, object row) => column.Get(row) switch
        {
            null => new ModelValueView(""),
            var value when references.Models.TargetOf(column) is { } target => Reference(target, column.Type.Write(value), titles[column]),
            DateTimeOffset at => new ModelValueView(column.Type.Write(at), At: at),
            bool value => new ModelValueView(value ? "yes" : "no"),
            string text when column.IsUrl && Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" =>
                new ModelValueView(text, text),
            var value => new ModelValueView(column.Type.Write(value), IsNumber: IsNumber(column)),
        };

        static ModelValueView Reference(Model target, string id, IReadOnlyDictionary<string, string> titles) =>
            titles.TryGetValue(id, out var title)
                ? new ModelValueView(title, NameOf(target).PathOf(id))
                : new ModelValueView("one that you may not look at");
    }

    private static ModelName NameOf(Model model)
    {
        var description = new ModelDescription(model, new ListParameters(model));
        return new ModelName(model.Name, model.Plural, model.Title, description.Singular, description.SingularWithArticle);
    }
}
