using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Models;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Primitives;

namespace KeycloakAccess.Admin.ModelPages;

/// <summary>What the address of a list says: the parameters of the API, references by titles too, instants by the reader's clock.</summary>
internal sealed class ModelFilters(Model model, ModelReferences references)
{
    private readonly ListParameters _list = new(model);

    public Dictionary<string, string> Read(IQueryCollection query) => _list.All
        .Select(parameter => KeyValuePair.Create(
            parameter.Name, query[parameter.Name].ToString().Replace("\0", "", StringComparison.Ordinal).Trim()))
        .Where(parameter => parameter.Value.Length > 0 && parameter.Key != "limit")
        .ToDictionary(StringComparer.Ordinal);

    public async Task<(ListQuery Query, IReadOnlyList<string> Mistakes)> QueryAsync(
        IReadOnlyDictionary<string, string> said, PageContext page)
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

    public async Task<IReadOnlyList<ModelFilterView>> ViewsAsync(IReadOnlyDictionary<string, string> said, PageContext page)
    {
        var named = new Dictionary<string, string>(said, StringComparer.Ordinal);
        foreach (var column in model.Columns)
        {
            if (references.Models.TargetOf(column) is { } target
                && said.TryGetValue(column.Json, out var text)
                && target.ParseId(text) is { } id)
            {
                named[column.Json] = await references.TextAsync(target, id, page);
            }
        }

        return Views(named, page);
    }

    private List<ModelFilterView> Views(IReadOnlyDictionary<string, string> said, PageContext page)
    {
        var filters = new List<ModelFilterView>();
        foreach (var column in model.Columns.Where(column => references.Shows(column, page)).Except([model.Id, .. model.Searches]))
        {
            var type = InputType(column);
            if (column.Type.IsOrdered)
            {
                Add(".gte", $"{column.Title} from", type);
                Add(".lte", $"{column.Title} to", type);
            }
            else if (references.Models.TargetOf(column) is { } target)
            {
                Add("", column.Title, "text", suggestPath: $"/admin/models/{target.Plural}/names");
            }
            else if (ModelForm.Choices(column) is { Length: > 0 } choices)
            {
                Add("", column.Title, "select", [("", "any"), .. choices]);
            }
            else
            {
                Add("", column.Title, "text");
            }

            if (column.IsNullable)
            {
                Add(".null", $"{column.Title} given", "select", [("", "with or without"), ("false", "with"), ("true", "without")]);
            }

            void Add(
                string suffix, string title, string type, IReadOnlyList<(string, string)>? options = null, string? suggestPath = null)
            {
                var name = column.Json + suffix;
                filters.Add(new ModelFilterView(name, title, type, said.GetValueOrDefault(name, ""), options ?? [], suggestPath));
            }
        }

        return filters;
    }

    public string Path(IReadOnlyDictionary<string, string> said, string? sort = null, string? after = null) => Links.WithQuery(
        $"/admin/models/{model.Plural}",
        [
            .. said.Where(parameter => parameter.Key is not ("after" or "sort"))
                .Select(parameter => (parameter.Key, (string?)parameter.Value)),
            ("sort", sort ?? said.GetValueOrDefault("sort")),
            ("after", after),
        ]);

    private async Task<(string? Value, string? Mistake)> ValueAsync(string name, string text, PageContext page)
    {
        var column = model.Columns.FirstOrDefault(
            column => name == column.Json || name.StartsWith(column.Json + ".", StringComparison.Ordinal));
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

        var isLocal = column.Type.Type == typeof(DateTimeOffset);
        return (isLocal && LocalTimes.Read(text, page.Zone) is { } at ? column.Type.Write(at) : text, null);
    }

    private static string InputType(Column column) =>
        column.Type.Type == typeof(DateOnly) ? "date"
        : column.Type.Type == typeof(DateTimeOffset) ? "datetime-local"
        : "number";
}
