using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Models;

internal sealed class Model
{
    /// <summary>Its name in permissions, in the singular: <c>book</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Its name in addresses and scopes: <c>books</c>.</summary>
    public required string Plural { get; init; }

    public required string Title { get; init; }

    public required Type RowType { get; init; }

    public required Func<object> New { get; init; }

    public required IReadOnlyList<Column> Columns { get; init; }

    public required Column Id { get; init; }

    /// <summary>A property <c>int Version</c>, if the record has one: the row's version, which its ETag shows.</summary>
    public required Column? Version { get; init; }

    /// <summary>The columns that a list may be sorted by; the first is the order of one that asks for none.</summary>
    public required IReadOnlyList<Column> Sorts { get; init; }

    public required IReadOnlyList<Column> Searches { get; init; }

    public required Func<RowSubject, RowFilter> Rows { get; init; }

    public required IReadOnlyList<ModelAction> Actions { get; init; }

    public required IReadOnlyList<Action<RouteGroupBuilder>> Endpoints { get; init; }

    /// <summary>Maps the endpoints that every model has. Only the builder knows the type of their contract.</summary>
    public required Func<IEndpointRouteBuilder, ModelStore, ModelBody, RouteGroupBuilder> Map { get; init; }

    public string Table => Plural.Replace('-', '_');

    /// <summary>Whether the service gives a row its id, and not its creator.</summary>
    public bool AssignsIds => Id.Type.Type == typeof(Guid);

    public IEnumerable<Column> Requested(bool isNew) =>
        Columns.Where(column => column == Id ? isNew && !AssignsIds : !column.IsReadOnly);

    /// <summary><see langword="null"/> if the text is no id of this model: then there is no such row.</summary>
    public object? ParseId(string text) => text.Contains('\0', StringComparison.Ordinal) ? null : Id.Type.Parse(text);

    public string IdOf(object row) => Id.Type.Write(Id.Get(row)!);

    /// <summary>Makes a record equal to what will be read from the database.</summary>
    public void Complete(object row, int version)
    {
        foreach (var column in Columns)
        {
            if (column.Get(row) is { } value)
            {
                column.Set(row, column.Type.Canonical(value));
            }
        }

        Version?.Set(row, version);
    }

    public Dictionary<string, string[]> Mistakes(object row, bool isNew)
    {
        var mistakes = Mistakes(row);
        if (isNew && !AssignsIds && !mistakes.ContainsKey(Id.Json) && !IsPathSegment((string)Id.Get(row)!))
        {
            mistakes[Id.Json] =
            [
                $"{Id.Json} must be 1 to 100 letters from a to z, digits, dots, hyphens and underscores, " +
                "and begin with a letter or digit: it stands in addresses.",
            ];
        }

        return mistakes;
    }

    private Dictionary<string, string[]> Mistakes(object row)
    {
        var mistakes = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var column in Columns.Where(column => column != Id || !AssignsIds))
        {
            foreach (var mistake in column.Mistakes(row))
            {
                Add(column.Json, mistake);
            }
        }

        if (row is IValidatableObject whole)
        {
            var context = new ValidationContext(row, Name, serviceProvider: null, items: null);
            foreach (var result in whole.Validate(context).Where(result => result != ValidationResult.Success))
            {
                foreach (var member in result.MemberNames.DefaultIfEmpty(""))
                {
                    Add(JsonNamingPolicy.CamelCase.ConvertName(member), result.ErrorMessage ?? "This is not as it must be.");
                }
            }
        }

        return mistakes.ToDictionary(entry => entry.Key, entry => entry.Value.ToArray(), StringComparer.Ordinal);

        void Add(string field, string mistake)
        {
            if (!mistakes.TryGetValue(field, out var list))
            {
                mistakes[field] = list = [];
            }

            list.Add(mistake);
        }
    }

    // Clients remove segments of one or two dots.
    private static bool IsPathSegment(string id) =>
        id.Length is >= 1 and <= 100
        && char.IsAsciiLetterOrDigit(id[0])
        && id.All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '-' or '_');

    public Dictionary<string, object?> Values(object row) => Columns.ToDictionary(
        column => column.Json,
        column => column.Get(row) is { } value ? column.Type.Names.Count > 0 ? column.Type.Write(value) : value : null,
        StringComparer.Ordinal);

    /// <summary>Values by their columns, as <see cref="Values"/> wrote them; null where the model has another form by now.</summary>
    public IReadOnlyDictionary<Column, object?>? ReadRecorded(string json)
    {
        var recorded = JsonElement.Parse(json);
        var values = new Dictionary<Column, object?>();
        foreach (var column in Columns)
        {
            var text = !recorded.TryGetProperty(column.Json, out var value) || value.ValueKind == JsonValueKind.Null ? null
                : value.ValueKind == JsonValueKind.String ? value.GetString()
                : value.GetRawText();
            if ((values[column] = text is null ? null : column.Type.Parse(text)) is null && (text is not null || !column.IsNullable))
            {
                return null;
            }
        }

        return values;
    }

    public override string ToString() => Name;
}

/// <summary>An action of a model's own: it makes the new row, or says why not.</summary>
internal sealed record ModelAction(string Name, Func<object, ActionCall, ValueTask<(object? Row, string? Refusal)>> RunAsync)
{
    /// <summary>What the sign-in must be like of whoever does it.</summary>
    public StepUpRule? StepUp { get; init; }
}
