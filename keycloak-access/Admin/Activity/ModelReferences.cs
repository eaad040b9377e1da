using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Models;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Activity;

/// <summary>
/// Rows that other rows refer to, as people name them: by a title. What somebody may not look at has no title for them, and
/// cannot be found by one.
/// </summary>
internal sealed class ModelReferences(ModelCatalogue models, IServiceProvider services)
{
    private const int MostSuggested = 10;

    public ModelCatalogue Models => models;

    public ModelStore StoreOf(Model model) => services.GetRequiredKeyedService<ModelStore>(model.Name);

    public static Column TitleOf(Model model) =>
        model.Searches.Count > 0
            ? model.Searches[0]
            : model.Columns.FirstOrDefault(column => column.Type.IsText && column != model.Id) ?? model.Id;

    public static string TitleOf(Model model, object row)
    {
        var column = TitleOf(model);
        return column.Get(row) is { } value && column.Type.Write(value) is { Length: > 0 } title ? title : model.IdOf(row);
    }

    public bool Shows(Column column, PageContext page) =>
        models.TargetOf(column) is not { } target || page.Caller.May(target.Name, Permission.View);

    public async Task<IReadOnlyDictionary<string, string>> TitlesAsync(Model target, IEnumerable<object> ids, PageContext page)
    {
        object[] wanted = page.Caller.May(target.Name, Permission.View) ? [.. ids.Distinct()] : [];
        var rows = await StoreOf(target).FindAsync(wanted, RowSubject.FromCaller(page.Caller), page.Cancellation);
        return rows.ToDictionary(row => target.IdOf(row.Row), row => TitleOf(target, row.Row), StringComparer.Ordinal);
    }

    public async Task<string> TextAsync(Model target, object id, PageContext page)
    {
        var written = target.Id.Type.Write(id);
        var titles = await TitlesAsync(target, [id], page);
        return !titles.TryGetValue(written, out var title) ? written
            : await NamedAsync(target, title, page) is { Count: 1 } ? title
            : WithId(title, written);
    }

    public async Task<(object? Id, string? Mistake)> FindAsync(Model target, string text, PageContext page)
    {
        var one = target.Name.Replace('-', ' ');
        foreach (var candidate in new[] { IdIn(text), text })
        {
            if (candidate is not null && page.Caller.May(target.Name, Permission.View)
                && await StoreOf(target).FindAsync(candidate, RowSubject.FromCaller(page.Caller), page.Cancellation) is { } found)
            {
                return (target.Id.Get(found.Row), null);
            }
        }

        var named = page.Caller.May(target.Name, Permission.View) ? await NamedAsync(target, text, page) : [];
        return named switch
        {
            [var row] => (target.Id.Get(row), null),
            [] => (null,
                $"There is no {one} {text}, or none that you may look at. Choose one of those that are suggested, or write an id."),
            _ => (null,
                $"Several are called {text}. Write the id of the one that you mean behind it, "
                + $"as in {WithId(text, target.IdOf(named[0]))}."),
        };
    }

    public async Task<IReadOnlyList<string>> SuggestAsync(Model target, string text, PageContext page)
    {
        if (target.Searches.Count == 0)
        {
            return [];
        }

        var query = new ListQuery(text, [], target.Sorts[0], Descending: false, MostSuggested, After: null);
        var (rows, _) = await StoreOf(target).ListAsync(query, RowSubject.FromCaller(page.Caller), page.Cancellation);
        return [.. rows
            .GroupBy(row => TitleOf(target, row), StringComparer.Ordinal)
            .SelectMany(same => same.Count() == 1 ? [same.Key] : same.Select(row => WithId(same.Key, target.IdOf(row))))];
    }

    // One that is exactly so, and another if there is one.
    private async Task<IReadOnlyList<object>> NamedAsync(Model target, string title, PageContext page)
    {
        var column = TitleOf(target);
        if (!column.Type.IsText)
        {
            return [];
        }

        var isCalled = new ListCondition(column, "=", column.Type.Canonical(title));
        var query = new ListQuery(Search: null, [isCalled], column, Descending: false, Limit: 2, After: null);
        return (await StoreOf(target).ListAsync(query, RowSubject.FromCaller(page.Caller), page.Cancellation)).Items;
    }

    private static string WithId(string title, string id) => $"{title} [{id}]";

    private static string? IdIn(string text) =>
        text.EndsWith(']') && text.LastIndexOf(" [", StringComparison.Ordinal) is >= 0 and var start ? text[(start + 2)..^1] : null;
}
