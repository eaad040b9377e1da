using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Models;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Primitives;

namespace KeycloakAccess.Admin.ModelPages;

/// <summary>
/// What the address of a list says: the same parameters as the API's, but nothing where nothing was chosen, references by
/// their titles too, and instants by the reader's clock.
/// </summary>
internal sealed class ModelFilters(Model model, ModelReferences references)
{
    private readonly ListParameters _list = new(model);

    /// <summary>What the address says, as far as a list knows it.</summary>
    public Dictionary<string, string> Read(IQueryCollection query) => _list.All
        .Select(parameter => KeyValuePair.Create(parameter.Name, query[parameter.Name].ToString().Replace("\0", "", StringComparison.Ordinal).Trim()))
        .Where(parameter => parameter.Value.Length > 0 && parameter.Key != "limit")
        .ToDictionary(StringComparer.Ordinal);

    /// <returns>The query, without what cannot be, and what is wrong with that.</returns>
    public async Task<(ListQuery Query, IReadOnlyList<string> Mistakes)> QueryAsync(IReadOnlyDictionary<string, string> said, PageContext page)
    {
        var mistakes = new List<string>();
        var values = new Dictionary<string, StringValues>(StringComparer.Ordinal);
        foreach (var (name, text) in said)
        {
            var (value, mistake) = await ValueAsync(name, text, page);
            if (mistake is null)
            {
                values[name] = value;
            }
            else
            {
                mistakes.Add(mistake);
            }
        }

        while (true)
        {
            if (_list.Read(new QueryCollection(values), out var wrong) is { } read)
            {
                return (read, mistakes);
            }

            // An address may say anything. What it says wrong is left out, and said.
            var (field, texts) = ((ValidationProblem)wrong!).ProblemDetails.Errors.First();
            values.Remove(field);
            mistakes.AddRange(texts);
        }
    }

    /// <returns>The filters, with what the address says.</returns>
    public IReadOnlyList<ModelFilterView> Views(IReadOnlyDictionary<string, string> said, PageContext page)
    {
        var filters = new List<ModelFilterView>();
        foreach (var column in model.Columns.Where(column => column != model.Id && references.Shows(column, page) && !model.Searches.Contains(column)))
        {
            var type = InputType(column);
            if (column.Type.IsOrdered)
            {
                Add(".gte", " from", type);
                Add(".lte", " to", type);
            }
            else if (references.Models.TargetOf(column) is { } target)
            {
                Add("", "", "text", suggestPath: $"/admin/models/{target.Plural}/names");
            }
            else if (ModelForm.Choices(column) is { Length: > 0 } choices)
            {
                Add("", "", "select", [("", "any"), .. choices]);
            }
            else
            {
                Add("", "", "text");
            }

            if (column.IsNullable)
            {
                Add(".null", "", "select", [("", "with or without"), ("false", "with"), ("true", "without")], title: $"{column.Title} given");
            }

            void Add(string suffix, string words, string type, IReadOnlyList<(string Value, string Text)>? options = null, string? suggestPath = null, string? title = null) => filters.Add(
                new ModelFilterView(column.Json + suffix, title ?? column.Title + words, type, said.GetValueOrDefault(column.Json + suffix, ""), options ?? [], suggestPath));
        }

        return filters;
    }

    /// <returns>The list with what the address says, and other values where they are given.</returns>
    public string Path(IReadOnlyDictionary<string, string> said, string? sort = null, string? after = null) => Links.WithQuery(
        $"/admin/models/{model.Plural}",
        [
            .. said.Where(parameter => parameter.Key is not ("after" or "sort")).Select(parameter => (parameter.Key, (string?)parameter.Value)),
            ("sort", sort ?? said.GetValueOrDefault("sort")),
            ("after", after),
        ]);

    private async Task<(string? Value, string? Mistake)> ValueAsync(string name, string text, PageContext page)
    {
        var column = model.Columns.FirstOrDefault(column => name == column.Json || name.StartsWith(column.Json + ".", StringComparison.Ordinal));
        if (column is null)
        {
            return (text, null);
        }

        if (!references.Shows(column, page))
        {
            return (null, $"{column.Title} is not for you to see, so nothing is filtered by it.");
        }

        if (name.EndsWith(".null", StringComparison.Ordinal))
        {
            return (text, null);
        }

        if (references.Models.TargetOf(column) is { } target)
        {
            var (id, mistake) = await references.FindAsync(target, text, page);
            return (id is null ? null : target.Id.Type.Write(id), mistake);
        }

        return (column.Type.Type == typeof(DateTimeOffset) && LocalTimes.Read(text, page.Zone) is { } at ? column.Type.Write(at) : text, null);
    }

    private static string InputType(Column column) =>
        column.Type.Type == typeof(DateOnly) ? "date"
        : column.Type.Type == typeof(DateTimeOffset) ? "datetime-local"
        : "number";
}
