using System.ComponentModel.DataAnnotations;
using System.Linq.Expressions;
using System.Reflection;
using System.Text.Json;
using KeycloakAccess.Texts;

namespace KeycloakAccess.Models;

internal sealed class Column
{
    private readonly RequiredAttribute? _required;
    private readonly StringLengthAttribute? _length;
    private readonly ValidationAttribute[] _rules;
    private readonly string? _title;

    public Column(PropertyInfo property, ColumnType type, bool isReadOnly)
    {
        Property = property.Name;
        Json = JsonNamingPolicy.CamelCase.ConvertName(property.Name);
        Name = JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name);
        _title = property.GetCustomAttribute<DisplayAttribute>()?.GetName();
        Type = type;
        IsReadOnly = isReadOnly;
        IsNullable = new NullabilityInfoContext().Create(property).ReadState == NullabilityState.Nullable;
        _required = property.GetCustomAttribute<RequiredAttribute>();
        _length = property.GetCustomAttribute<StringLengthAttribute>();
        IsUrl = property.GetCustomAttribute<UrlAttribute>() is not null;
        // These three are checked here: the framework counts in UTF-16, and takes whatever begins with http:// for an address.
        _rules =
        [
            .. property.GetCustomAttributes<ValidationAttribute>()
                .Where(rule => rule is not (RequiredAttribute or StringLengthAttribute or UrlAttribute)),
        ];
        Get = CompileGet(property);
        Set = CompileSet(property);
    }

    public string Property { get; }

    /// <summary>Its name in JSON and in filters: <c>publishedOn</c>.</summary>
    public string Json { get; }

    /// <summary>Its name in the table: <c>published_on</c>.</summary>
    public string Name { get; }

    /// <summary>Its label: that of a <see cref="DisplayAttribute"/>, or <c>Published on</c>, or <c>Author</c> for a reference.</summary>
    public string Title =>
        _title ?? Label(References is not null && Name.EndsWith("_id", StringComparison.Ordinal) ? Name[..^"_id".Length] : Name);

    public ColumnType Type { get; }

    public bool IsNullable { get; }

    /// <summary>Whether requests do not carry it: actions set it, or the record's initial value stays.</summary>
    public bool IsReadOnly { get; }

    public bool IsRequired => _required is not null;

    /// <summary>Of a text, in characters as people count them.</summary>
    public int? MaxLength => _length?.MaximumLength;

    public bool IsUrl { get; }

    public Type? References { get; init; }

    public Func<object, object?> Get { get; }

    /// <summary>Only for a record that is still being made: it is immutable otherwise.</summary>
    public Action<object, object?> Set { get; }

    public IEnumerable<string> Mistakes(object row)
    {
        var value = Get(row);
        var context = new ValidationContext(row, Json, serviceProvider: null, items: null) { MemberName = Property };
        if (_required?.GetValidationResult(value, context) is { } missing)
        {
            // A missing value breaks every other rule too.
            return [missing.ErrorMessage!];
        }

        if (value is string text && Mistake(text) is { } mistake)
        {
            return [mistake];
        }

        return _rules.Select(rule => rule.GetValidationResult(value, context)?.ErrorMessage).OfType<string>();
    }

    private string? Mistake(string text) =>
        (IsNullable ? text.Length == 0 || PlainText.IsBlank(text) : text.Length > 0 && PlainText.IsBlank(text))
            && PlainText.Mistake(text) is null
            ? $"{Json} holds nothing that can be seen. "
                + (IsNullable ? "Leave it out, or send null." : "Write something, or leave it empty.")
        : (_length is { } length ? PlainText.Mistake(text, length.MaximumLength, length.MinimumLength) : PlainText.Mistake(text))
            is { } mistake ? $"{Json} {mistake}"
        : IsUrl && !IsAddress(text) ? $"{Json} must be an http or https address, as in https://example.com/, with no spaces in it."
        : null;

    private static bool IsAddress(string text) =>
        !text.Any(character => char.IsWhiteSpace(character) || character is '\\' or '<' or '>' or '"')
        && Uri.TryCreate(text, UriKind.Absolute, out var address)
        && address.Scheme is ("http" or "https")
        && address.Host.Length > 0;

    private static string Label(string name) => name[..1].ToUpperInvariant() + name[1..].Replace('_', ' ');

    private static Func<object, object?> CompileGet(PropertyInfo property)
    {
        var row = Expression.Parameter(typeof(object));
        var value = Expression.Property(Expression.Convert(row, property.DeclaringType!), property);
        return Expression.Lambda<Func<object, object?>>(Expression.Convert(value, typeof(object)), row).Compile();
    }

    private static Action<object, object?> CompileSet(PropertyInfo property)
    {
        var row = Expression.Parameter(typeof(object));
        var value = Expression.Parameter(typeof(object));
        var target = Expression.Property(Expression.Convert(row, property.DeclaringType!), property);
        return Expression.Lambda<Action<object, object?>>(
            Expression.Assign(target, Expression.Convert(value, property.PropertyType)), row, value).Compile();
    }
}
