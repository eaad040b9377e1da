using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.OpenApi;

namespace KeycloakAccess.Models;

/// <summary>A condition of a list, with an operator of SQL: <c>=</c>, <c>&lt;</c>, <c>IS NULL</c>, …</summary>
internal sealed record ListCondition(Column Column, string Operator, object? Value);

/// <summary>Where a page ended: the sort key, which may be missing, and the id of its last row.</summary>
internal sealed record ListPosition(object? Key, object Id)
{
    /// <summary><see langword="null"/> if the cursor has other keys: in an address that somebody typed it may hold anything.</summary>
    public static ListPosition? Parse(Cursor? cursor, Column sort, Column id)
    {
        if (cursor?.Keys is not [var text, { } idText] || id.Type.Parse(idText) is not { } row)
        {
            return null;
        }

        if (text is null)
        {
            return sort.IsNullable ? new ListPosition(null, row) : null;
        }

        return sort.Type.Parse(text) is { } key ? new ListPosition(key, row) : null;
    }
}

/// <summary>Rows without the sort key come first, or last in descending order; rows with equal ones follow their ids.</summary>
internal sealed record ListQuery(
    string? Search, IReadOnlyList<ListCondition> Conditions, Column Sort, bool Descending, int Limit, ListPosition? After)
{
    public string Order => Descending ? "-" + Sort.Json : Sort.Json;

    public Cursor CursorAt(Column id, object row) =>
        new(Order, [Sort.Get(row) is { } key ? Sort.Type.Write(key) : null, id.Type.Write(id.Get(row)!)]);
}

internal sealed record ListParameter(string Name, string Description, OpenApiSchema Schema)
{
    /// <summary>Reads a condition; <see langword="null"/> for a value of another form, and for parameters that are no condition.</summary>
    public Func<string, ListCondition?>? Condition { get; init; }

    public string Form { get; init; } = "";
}

/// <summary>
/// The query parameters of a model's list. A column is filtered by its name, <c>authorId=…</c>; one that has an order by
/// <c>publishedOn.gt</c>, <c>.gte</c>, <c>.lt</c> and <c>.lte</c>; one that may be missing by <c>publishedOn.null=true</c>.
/// </summary>
internal sealed class ListParameters
{
    public static readonly IReadOnlyList<string> Reserved = [SearchName, SortName, LimitName, AfterName];

    public const int DefaultLimit = 50;

    private const string SearchName = "search";
    private const string SortName = "sort";
    private const string LimitName = "limit";
    private const string AfterName = "after";
    private const int LargestLimit = 100;

    private readonly Model _model;
    private readonly Dictionary<string, ListParameter> _conditions;
    private readonly Dictionary<string, Column> _sorts;

    public ListParameters(Model model)
    {
        _model = model;
        _sorts = model.Sorts.ToDictionary(column => column.Json, StringComparer.Ordinal);
        var conditions = model.Columns.SelectMany(Conditions).ToArray();
        _conditions = conditions.ToDictionary(parameter => parameter.Name, StringComparer.OrdinalIgnoreCase);
        All = [.. Search(), .. conditions, .. Paging()];
    }

    public IReadOnlyList<ListParameter> All { get; }

    /// <summary>Reads a query string whose parameters are known and stand once (<see cref="QueryParameters.AcceptsQuery"/>).</summary>
    public ListQuery? Read(IQueryCollection parameters, out IResult? mistake)
    {
        var order = parameters.TryGetValue(SortName, out var sort) ? sort.ToString() : _model.Sorts[0].Json;
        var descending = order.StartsWith('-');
        if (!_sorts.TryGetValue(descending ? order[1..] : order, out var key))
        {
            return Mistake(
                SortName,
                $"{_model.Title} are sorted by {string.Join(", ", _sorts.Keys)}; a minus in front turns the order round.",
                out mistake);
        }

        var limit = DefaultLimit;
        if (parameters.TryGetValue(LimitName, out var many) && (!int.TryParse(many, out limit) || limit is < 1 or > LargestLimit))
        {
            return Mistake(LimitName, $"limit must be between 1 and {LargestLimit}.", out mistake);
        }

        ListPosition? position = null;
        if (parameters.TryGetValue(AfterName, out var after)
            && (position = ListPosition.Parse(Cursor.Parse(after.ToString(), order), key, _model.Id)) is null)
        {
            return Mistake(AfterName, "after must be the next of a page in the same order. Leave it out to start again.", out mistake);
        }

        var conditions = new List<ListCondition>();
        foreach (var (name, value) in parameters)
        {
            if (_conditions.TryGetValue(name, out var parameter))
            {
                if (parameter.Condition!(value.ToString()) is not { } condition)
                {
                    return Mistake(parameter.Name, $"{parameter.Name} must be {parameter.Form}.", out mistake);
                }

                conditions.Add(condition);
            }
        }

        mistake = null;
        return new ListQuery(parameters[SearchName], conditions, key, descending, limit, position);
    }

    private static ListQuery? Mistake(string name, string message, out IResult? mistake)
    {
        mistake = QueryParameters.Mistake(name, message);
        return null;
    }

    private IEnumerable<ListParameter> Search()
    {
        if (_model.Searches.Count > 0)
        {
            var searched = string.Join(" or ", _model.Searches.Select(column => column.Json));
            yield return new(
                SearchName, $"Part of {searched}; neither case nor accents count.", new() { Type = JsonSchemaType.String });
        }
    }

    private IEnumerable<ListParameter> Paging() =>
    [
        new(SortName, "The order; a minus in front turns it round. " +
            "Rows without a value come first, or last where it is turned round.", new()
        {
            Type = JsonSchemaType.String,
            Enum = [.. _sorts.Keys.SelectMany(name => new[] { name, "-" + name })],
            Default = _model.Sorts[0].Json,
        }),
        new(LimitName, "How many rows at most.", new()
        {
            Type = JsonSchemaType.Integer,
            Format = "int32",
            Minimum = "1",
            Maximum = $"{LargestLimit}",
            Default = DefaultLimit,
        }),
        new(
            AfterName,
            "The next of the page before, to read the one that follows. The other parameters stay as they were.",
            new() { Type = JsonSchemaType.String }),
    ];

    private static IEnumerable<ListParameter> Conditions(Column column)
    {
        yield return Compare(column, "", "=", $"Only where {column.Json} is this.");
        if (column.Type.IsOrdered)
        {
            yield return Compare(column, ".gt", ">", $"Only where {column.Json} is more than this.");
            yield return Compare(column, ".gte", ">=", $"Only where {column.Json} is this or more.");
            yield return Compare(column, ".lt", "<", $"Only where {column.Json} is less than this.");
            yield return Compare(column, ".lte", "<=", $"Only where {column.Json} is this or less.");
        }

        if (column.IsNullable)
        {
            var description = $"true: only rows without {column.Json}; false: only rows with it.";
            yield return new($"{column.Json}.null", description, new() { Type = JsonSchemaType.Boolean })
            {
                Condition = text => text switch
                {
                    "true" => new(column, "IS NULL", null),
                    "false" => new(column, "IS NOT NULL", null),
                    _ => null,
                },
                Form = "true or false",
            };
        }
    }

    private static ListParameter Compare(Column column, string suffix, string comparison, string description) =>
        new(column.Json + suffix, description, ModelDescription.SchemaOf(column.Type))
        {
            Condition = text => column.Type.Parse(text) is { } value ? new(column, comparison, column.Type.Canonical(value)) : null,
            Form = column.Type.Form,
        };
}
