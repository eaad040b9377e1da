using System.Collections.Frozen;
using System.Globalization;

namespace KeycloakAccess.Data;

/// <summary>How SQLite keeps types that only PostgreSQL has. The texts of ids, dates and instants sort as their values do.</summary>
internal abstract record StoredType(Type Type, string Sqlite, string PostgreSql)
{
    public static readonly StoredType<Guid> Id = new("TEXT", "uuid")
    {
        Write = id => id.ToString("D"),
        Parse = text => Guid.TryParse(text, out var id) ? id : null,
    };

    /// <summary>Whole microseconds of UTC, PostgreSQL's resolution, so that what is read is what was written.</summary>
    public static readonly StoredType<DateTimeOffset> Instant = new("TEXT", "timestamp with time zone")
    {
        Write = instant => instant.ToString("O", CultureInfo.InvariantCulture),
        Parse = text => DateTimeOffset.TryParseExact(text, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var instant)
            ? instant
            : null,
        Convert = value => value is DateTime utc ? new DateTimeOffset(DateTime.SpecifyKind(utc, DateTimeKind.Utc)) : null,
        Canonical = instant => instant.ToUniversalTime().AddTicks(-(instant.Ticks % TimeSpan.TicksPerMicrosecond)),
    };

    public static readonly StoredType<DateOnly> Date = new("TEXT", "date")
    {
        Write = date => date.ToString("O", CultureInfo.InvariantCulture),
        Parse = text => DateOnly.TryParseExact(text, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date : null,
        Convert = value => value is DateTime date ? DateOnly.FromDateTime(date) : null,
    };

    public static readonly StoredType<bool> Boolean = new("INTEGER", "boolean")
    {
        Write = truth => truth ? 1L : 0L,
        Convert = value => value is long number ? number != 0 : null,
    };

    /// <summary>SQLite would keep fewer digits as NUMERIC. 12.50 and 12.5 are one number: both engines keep the shorter.</summary>
    public static readonly StoredType<decimal> Decimal = new("TEXT", "numeric")
    {
        Write = number => number.ToString(CultureInfo.InvariantCulture),
        Parse = text => decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null,
        // Dividing by a one of so many places takes all zeros at the end away.
        Canonical = number => number / 1.000000000000000000000000000000m,
    };

    private static readonly FrozenDictionary<Type, StoredType> All =
        new StoredType[] { Id, Instant, Date, Boolean, Decimal }.ToFrozenDictionary(type => type.Type);

    /// <summary>The value itself where both engines have its type.</summary>
    public static object ToDatabase(object value, DatabaseEngine engine) =>
        All.TryGetValue(value.GetType(), out var type) ? type.WriteObject(value, engine) : value;

    protected abstract object WriteObject(object value, DatabaseEngine engine);
}

internal sealed record StoredType<T>(string Sqlite, string PostgreSql) : StoredType(typeof(T), Sqlite, PostgreSql)
    where T : struct
{
    // What SQLite keeps: a text, or a number.
    public required Func<T, object> Write { get; init; }

    // Of the text that SQLite keeps.
    public Func<string, T?> Parse { get; init; } = _ => null;

    // Of what a provider returns besides the type itself and texts.
    public Func<object, T?> Convert { get; init; } = _ => null;

    // What both engines keep of a value.
    public Func<T, T> Canonical { get; init; } = value => value;

    public object ToDatabase(T value, DatabaseEngine engine) =>
        engine == DatabaseEngine.Sqlite ? Write(Canonical(value)) : Canonical(value);

    public T Read(object value) => Canonical(
        value as T?
        ?? (value is string text ? Parse(text) : Convert(value))
        ?? throw new InvalidOperationException($"The database holds \"{value}\", which is no {Type.Name}."));

    protected override object WriteObject(object value, DatabaseEngine engine) => ToDatabase((T)value, engine);
}
