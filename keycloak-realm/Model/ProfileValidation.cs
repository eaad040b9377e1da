using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace KeycloakRealm.Model;

/// <summary>A validator of the user profile, with Keycloak's messages. One that is not served lets everything pass.</summary>
internal sealed partial record ProfileValidation(string Name, JsonElement Settings)
{
    private const string Invalid = "Invalid value.";
    private const string WrongCharacter = "Value contains invalid character.";
    private const string InvalidDate = "Invalid date.";

    private static readonly string[] ShortDates = ["M/d/yy", "M/d/yyyy"];

    /// <summary>Null if the value passes.</summary>
    public string? Violation(string value) => Name switch
    {
        "length" => Length(value.Trim().Length),
        "person-name-prohibited-characters" when ProhibitedInNames().IsMatch(value) => WrongCharacter,
        "username-prohibited-characters" when ProhibitedInUsernames().IsMatch(value) => WrongCharacter,
        "email" when !EmailAddress().IsMatch(value) || value.IndexOf('@', StringComparison.Ordinal) > 64 => "Invalid email address.",
        "integer" => Number(value, NumberStyles.AllowLeadingSign),
        "double" => Number(value, NumberStyles.Float),
        "pattern" when Text("pattern") is { } pattern
            && !Regex.IsMatch(value, $"^(?:{pattern})$", RegexOptions.None, TimeSpan.FromSeconds(1)) => Text("error-message") ?? Invalid,
        "options" when Options is { } options && !options.Contains(value, StringComparer.Ordinal) => Invalid,
        "uri" => Address(value),
        "iso-date" when !DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) =>
            InvalidDate,
        "local-date" when !DateOnly.TryParseExact(value, ShortDates, CultureInfo.InvariantCulture, DateTimeStyles.None, out _) =>
            InvalidDate,
        _ => null,
    };

    /// <summary>The values to choose from; null without a list.</summary>
    public IReadOnlyList<string>? Options => Member("options") is { ValueKind: JsonValueKind.Array } list
        ? [.. list.EnumerateArray().Where(each => each.ValueKind is JsonValueKind.String).Select(each => each.GetString()!)]
        : null;

    private string? Length(int length) => (Limit("min"), Limit("max")) switch
    {
        ({ } min, { } max) when length < min || length > max => $"Length must be between {Shown("min")} and {Shown("max")}.",
        ({ } min, null) when length < min => $"Minimal length is {Shown("min")}.",
        (null, { } max) when length > max => $"Maximal length is {Shown("max")}.",
        _ => null,
    };

    private string? Number(string value, NumberStyles style)
    {
        if (!decimal.TryParse(value, style, CultureInfo.InvariantCulture, out var number))
        {
            return "Invalid number.";
        }

        return (Limit("min"), Limit("max")) switch
        {
            ({ } min, { } max) when number < min || number > max => $"Number must be between {Shown("min")} and {Shown("max")}.",
            ({ } min, null) when number < min => $"Number must have minimal value of {Shown("min")}.",
            (null, { } max) when number > max => $"Number must have maximal value of {Shown("max")}.",
            _ => null,
        };
    }

    private static string? Address(string value) => !Uri.TryCreate(value, UriKind.Absolute, out var address)
        ? "Invalid URL."
        : address.Scheme is "http" or "https" ? null : "Invalid URL scheme.";

    private decimal? Limit(string name) =>
        Member(name) is { } value && decimal.TryParse(value.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    // Java groups the digits of a number, but not of a text.
    private string Shown(string name) => Member(name) is { ValueKind: JsonValueKind.Number } value
        ? value.GetDecimal().ToString("#,0.###", CultureInfo.InvariantCulture)
        : Text(name) ?? "";

    private string? Text(string name) => Member(name)?.ToString();

    private JsonElement? Member(string name) =>
        Settings.ValueKind is JsonValueKind.Object && Settings.TryGetProperty(name, out var value) ? value : null;

    [GeneratedRegex(@"[<>&""\v$%!#?§;*~/\\|^=\[\]{}()\x00-\x1F\x7F]", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex ProhibitedInNames();

    [GeneratedRegex(@"[<>&""'\s$%!#?§,;:*~/\\|^=\[\]{}()`\x00-\x1F\x7F]", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex ProhibitedInUsernames();

    [GeneratedRegex(
        @"^[a-z0-9!#$%&'*+/=?^_`{|}~\u0080-\uFFFF-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~\u0080-\uFFFF-]+)*"
            + @"@[a-z0-9\u0080-\uFFFF](?:[a-z0-9.\u0080-\uFFFF-]*[a-z0-9\u0080-\uFFFF])?$",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex EmailAddress();
}
