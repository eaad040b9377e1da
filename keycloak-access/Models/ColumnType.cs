using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using KeycloakAccess.Data;
using KeycloakAccess.Texts;
using Microsoft.OpenApi;

namespace KeycloakAccess.Models;

/// <summary>
/// A type that a column may have: how its values are written in addresses and cursors, and how either engine keeps them.
/// What SQLite has no types for is kept as <see cref="StoredType"/> says.
/// </summary>
internal sealed record ColumnType
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    // What may be written for an instant. Without an offset it would be another instant on another server.
    private static readonly string[] InstantForms =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd'T'HH:mmzzz", "yyyy-MM-dd'T'HH:mm'Z'",
    ];

    private static readonly FrozenDictionary<Type, ColumnType> Known = new ColumnType[]
    {
        new()
        {
            Type = typeof(string),
            Form = "a text without the character NUL",
            PostgreSql = ["text", "character varying"],
            Schema = JsonSchemaType.String,
            Parse = text => text,
            Write = value => (string)value,
            Read = value => value,
            Canonical = value => Normalization.ToFormC((string)value),
        },
        new()
        {
            Type = typeof(Guid),
            Form = "a UUID, as in 018f2b1c-7c1e-7d3a-9a52-3f1f0e6d1c11",
            PostgreSql = [StoredType.Id.PostgreSql],
            Schema = JsonSchemaType.String,
            Format = "uuid",
            Parse = text => Guid.TryParse(text, out var id) ? id : null,
            Write = value => (string)StoredType.Id.Write((Guid)value),
            Read = value => StoredType.Id.Read(value),
        },
        new()
        {
            Type = typeof(bool),
            Form = "true or false",
            Sqlite = StoredType.Boolean.Sqlite,
            PostgreSql = [StoredType.Boolean.PostgreSql],
            Schema = JsonSchemaType.Boolean,
            Parse = text => text switch { "true" => true, "false" => false, _ => null },
            Write = value => (bool)value ? "true" : "false",
            Read = value => StoredType.Boolean.Read(value),
        },
        new()
        {
            Type = typeof(int),
            Form = "a whole number between -2147483648 and 2147483647",
            Sqlite = "INTEGER",
            PostgreSql = ["integer"],
            IsOrdered = true,
            Schema = JsonSchemaType.Integer,
            Format = "int32",
            Parse = text => int.TryParse(text, NumberStyles.AllowLeadingSign, Invariant, out var number) ? number : null,
            Write = value => ((int)value).ToString(Invariant),
            Read = value => Convert.ToInt32(value, Invariant),
        },
        new()
        {
            Type = typeof(long),
            Form = "a whole number of at most 64 bits",
            Sqlite = "INTEGER",
            PostgreSql = ["bigint"],
            IsOrdered = true,
            Schema = JsonSchemaType.Integer,
            Format = "int64",
            Parse = text => long.TryParse(text, NumberStyles.AllowLeadingSign, Invariant, out var number) ? number : null,
            Write = value => ((long)value).ToString(Invariant),
            Read = value => Convert.ToInt64(value, Invariant),
        },
        new()
        {
            Type = typeof(decimal),
            Form = "a number, as in 12.5",
            Sqlite = StoredType.Decimal.Sqlite,
            PostgreSql = [StoredType.Decimal.PostgreSql],
            IsOrdered = true,
            Schema = JsonSchemaType.Number,
            Parse = text => decimal.TryParse(
                text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, Invariant, out var number)
                ? StoredType.Decimal.Canonical(number)
                : null,
            Write = value => (string)StoredType.Decimal.Write((decimal)value),
            Read = value => StoredType.Decimal.Read(value),
            Canonical = value => StoredType.Decimal.Canonical((decimal)value),
        },
        new()
        {
            Type = typeof(DateOnly),
            Form = "a date, as in 2026-05-31",
            PostgreSql = [StoredType.Date.PostgreSql],
            IsOrdered = true,
            Schema = JsonSchemaType.String,
            Format = "date",
            Parse = text => StoredType.Date.Parse(text),
            Write = value => (string)StoredType.Date.Write((DateOnly)value),
            Read = value => StoredType.Date.Read(value),
        },
        new()
        {
            Type = typeof(DateTimeOffset),
            Form = "a date and time with its offset, as in 2026-05-31T12:00:00Z",
            PostgreSql = [StoredType.Instant.PostgreSql],
            IsOrdered = true,
            Schema = JsonSchemaType.String,
            Format = "date-time",
            Parse = text => DateTimeOffset.TryParseExact(text, InstantForms, Invariant, DateTimeStyles.AssumeUniversal, out var instant)
                ? StoredType.Instant.Canonical(instant)
                : null,
            Write = value => (string)StoredType.Instant.Write((DateTimeOffset)value),
            Read = value => StoredType.Instant.Read(value),
            Canonical = value => StoredType.Instant.Canonical((DateTimeOffset)value),
        },
    }.ToFrozenDictionary(type => type.Type);

    public required Type Type { get; init; }

    /// <summary>What a value must be, for people: <c>a date, as in 2026-05-31</c>.</summary>
    public required string Form { get; init; }

    /// <summary>The column's type in SQLite.</summary>
    public string Sqlite { get; init; } = "TEXT";

    /// <summary>The column's types in PostgreSQL, as information_schema names them; the first is the usual one.</summary>
    public required IReadOnlyList<string> PostgreSql { get; init; }

    /// <summary>Whether "more than" means something to people: then there are filters for ranges.</summary>
    public bool IsOrdered { get; init; }

    public required JsonSchemaType Schema { get; init; }

    public string? Format { get; init; }

    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Reads a value as addresses and cursors write it; <see langword="null"/> if the text is none.</summary>
    public required Func<string, object?> Parse { get; init; }

    public required Func<object, string> Write { get; init; }

    public required Func<object, object> Read { get; init; }

    /// <summary>What is kept of a value: both engines return what this makes of it.</summary>
    public Func<object, object> Canonical { get; init; } = value => value;

    public bool IsText => Type == typeof(string);

    public static string Supported =>
        $"{string.Join(", ", Known.Keys.Select(type => type.Name).Order(StringComparer.Ordinal))}, "
        + "an enum, and the nullable forms of these";

    public static ColumnType? Find(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type.IsEnum ? OfEnum(type) : Known.GetValueOrDefault(type);
    }

    public object ToDatabase(object value, DatabaseEngine engine) =>
        Type.IsEnum ? Write(value) : StoredType.ToDatabase(value, engine);

    // One spelling everywhere: in JSON, in addresses and in the table.
    private static ColumnType OfEnum(Type type)
    {
        var names = Enum.GetValues(type).Cast<object>().Distinct()
            .ToFrozenDictionary(value => value, value => JsonNamingPolicy.CamelCase.ConvertName(value.ToString()!));
        var values = names.ToFrozenDictionary(name => name.Value, name => name.Key, StringComparer.Ordinal);
        return new ColumnType
        {
            Type = type,
            Form = $"one of {string.Join(", ", values.Keys.Order(StringComparer.Ordinal))}",
            PostgreSql = ["text", "character varying"],
            Schema = JsonSchemaType.String,
            Names = [.. values.Keys.Order(StringComparer.Ordinal)],
            Parse = text => values.GetValueOrDefault(text),
            Write = value => names[value],
            Read = value => values.TryGetValue((string)value, out var known)
                ? known
                : throw new InvalidOperationException($"The table holds \"{value}\", which {type.Name} does not know."),
        };
    }
}
