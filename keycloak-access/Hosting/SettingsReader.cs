using System.Collections;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Hosting;

// The framework's binder names types of the program where a value cannot be read, and passes over a value where a list is expected.
internal static class SettingsReader
{
    private const int LongestValue = 100;

    public static void Read(IConfigurationSection section, object options)
    {
        var mistakes = new List<string>();
        Fill(section, options, mistakes);
        if (mistakes.Count > 0)
        {
            throw new OptionsValidationException(section.Path, options.GetType(), mistakes);
        }
    }

    /// <summary>Leaves out what is empty, and says what cannot be read.</summary>
    public static void Fill(IConfigurationSection section, object options, List<string> mistakes)
    {
        foreach (var property in PropertiesOf(options.GetType()))
        {
            var value = section.GetSection(property.Name);
            if (ElementOf(property.PropertyType) is { } element)
            {
                var list = value.GetChildren()
                    .Select(each => ValueOf(each, element, mistakes))
                    .Where(each => each is not null)
                    .ToArray();
                if (list.Length > 0)
                {
                    SetList(options, property, element, list);
                }
            }
            else if (IsValue(property.PropertyType))
            {
                if (ValueOf(value, property.PropertyType, mistakes) is { } read)
                {
                    property.SetValue(options, read);
                    mistakes.AddRange(property.GetCustomAttributes<ValidationAttribute>()
                        .Where(rule => !rule.IsValid(read))
                        .Select(rule => $"{value.Path} is \"{Cut(value.Value!)}\". {rule.FormatErrorMessage(value.Path)}"));
                }
            }
            else
            {
                var inner = property.GetValue(options) ?? Activator.CreateInstance(property.PropertyType)!;
                Fill(value, inner, mistakes);
                property.SetMethod?.Invoke(options, [inner]);
            }
        }
    }

    public static IReadOnlyList<string> KeysOf(Type options) =>
    [
        .. PropertiesOf(options).SelectMany(property =>
            IsValue(property.PropertyType) ? [property.Name]
            : ElementOf(property.PropertyType) is not null ? [$"{property.Name}:{SettingsSection.List}"]
            : property.PropertyType.GetConstructor([]) is not null
                ? KeysOf(property.PropertyType).Select(key => $"{property.Name}:{key}")
            : throw new ArgumentException(
                $"{options.Name}.{property.Name} is of a type that settings are not read into. Take a value, a list of values or a class.",
                nameof(options))),
    ];

    /// <returns>Such as "a whole number".</returns>
    public static string FormOf(Type type) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var value when value == typeof(bool) => "true or false",
        var value when value == typeof(TimeSpan) => "a number of days, or d.hh:mm:ss",
        var value when value == typeof(Uri) => "an address",
        { IsEnum: true } value => string.Join(" or ", Enum.GetNames(value)),
        { IsPrimitive: true } value when value == typeof(double) || value == typeof(float) => "a number",
        { IsPrimitive: true } => "a whole number that is not too large",
        var value when value == typeof(decimal) => "a number",
        _ => "of another form",
    };

    public static string Mistake(string path, string value, string form) => $"{path} is \"{Cut(value)}\". It must be {form}.";

    private static string Cut(string value) => value.Length <= LongestValue ? value : value[..LongestValue] + "…";

    private static IEnumerable<PropertyInfo> PropertiesOf(Type options) => options
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.GetMethod is not null
            && (property.SetMethod is { IsPublic: true } || ElementOf(property.PropertyType) is not null));

    private static bool IsValue(Type type) => type == typeof(string) || TypeDescriptor.GetConverter(type).CanConvertFrom(typeof(string));

    private static Type? ElementOf(Type type) =>
        type.IsArray ? type.GetElementType()
        : type.IsGenericType && type.GetGenericArguments() is [var element]
            && type.IsAssignableFrom(typeof(List<>).MakeGenericType(element))
            ? element
        : null;

    private static object? ValueOf(IConfigurationSection value, Type type, List<string> mistakes)
    {
        if (string.IsNullOrWhiteSpace(value.Value))
        {
            return null;
        }

        var text = value.Value.Trim();
        try
        {
            // An enum's own reading takes numbers, and several names at once.
            var enumeration = Nullable.GetUnderlyingType(type) ?? type;
            if (!enumeration.IsEnum || Enum.GetNames(enumeration).Contains(text, StringComparer.OrdinalIgnoreCase))
            {
                return TypeDescriptor.GetConverter(type).ConvertFromInvariantString(text);
            }
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or OverflowException or NotSupportedException)
        {
            // Said below.
        }

        mistakes.Add(Mistake(value.Path, text, FormOf(type)));
        return null;
    }

    private static void SetList(object options, PropertyInfo property, Type element, object?[] list)
    {
        if (property.SetMethod is not { IsPublic: true } && property.GetValue(options) is IList { IsReadOnly: false } own)
        {
            foreach (var each in list)
            {
                own.Add(each);
            }

            return;
        }

        var array = Array.CreateInstance(element, list.Length);
        Array.Copy(list, array, list.Length);
        property.SetValue(options, property.PropertyType.IsArray || property.PropertyType.IsInstanceOfType(array)
            ? array
            : Activator.CreateInstance(property.PropertyType, array));
    }
}
