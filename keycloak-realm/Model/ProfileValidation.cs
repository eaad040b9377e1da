using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace KeycloakRealm.Model;

/// <summary>A validator of the user profile, with Keycloak's messages. One that is not served lets everything pass.</summary>
internal sealed partial record ProfileValidation(string Name, JsonElement Settings)
{
    private static readonly string[] ShortDates = ["M/d/yy", "M/d/yyyy"];

    /// <summary>Keycloak has no settings for these two, and tells no client of them.</summary>
    public bool IsTold => Name is not ("not-blank" or "not-empty");

    public static ProfileError WrongCount(string? least, string? most) => new(
        "error-invalid-multivalued-size",
        $"Must have at least {least} and at most {most} values.",
        least,
        most);

    public IEnumerable<ProfileError> Check(IReadOnlyList<string> values) => Name switch
    {
        "multivalued" => Count(values.Count(value => value.Length > 0)),
        "not-blank" when values.Count == 0 => [Missing("error-invalid-blank", "[]")],
        "not-blank" => values.Where(string.IsNullOrWhiteSpace).Select(value => Missing("error-invalid-blank", value)),
        "not-empty" when values.Count == 0 => [Missing("error-empty", "[]")],
        _ => values.Where(value => value.Length > 0).Select(Violation).OfType<ProfileError>(),
    };

    private static ProfileError Missing(string key, string value) => new(key, "Please specify value.", value);

    private IEnumerable<ProfileError> Count(int count) =>
        count < (Limit("min") ?? 0) || count > (Limit("max") ?? decimal.MaxValue) ? [WrongCount(Text("min") ?? "0", Text("max"))] : [];

    /// <summary>Null if the value passes.</summary>
    private ProfileError? Violation(string value) => Name switch
    {
        "length" => Length(value.Trim().Length),
        "person-name-prohibited-characters" when ProhibitedInNames().IsMatch(value) =>
            new("error-person-name-invalid-character", "Value contains invalid character."),
        "username-prohibited-characters" when ProhibitedInUsernames().IsMatch(value) =>
            new("error-username-invalid-character", "Value contains invalid character."),
        "email" when !EmailAddress().IsMatch(value) || value.IndexOf('@', StringComparison.Ordinal) > 64 =>
            new("error-invalid-email", "Invalid email address.", value),
        "integer" => Number(value, NumberStyles.AllowLeadingSign),
        "double" => Number(value, NumberStyles.Float),
        "pattern" when Text("pattern") is { } pattern
            && !Regex.IsMatch(value, $"^(?:{pattern})$", RegexOptions.None, TimeSpan.FromSeconds(1)) =>
            new(Text("error-message") ?? "error-pattern-no-match", Text("error-message") ?? "Invalid value.", pattern),
        "options" when Options is { } options && !options.Contains(value, StringComparer.Ordinal) =>
            new("error-invalid-value", "Invalid value."),
        "uri" => Address(value),
        "iso-date" when !DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) =>
            new("error-invalid-date", "Invalid date.", value),
        "local-date" when !DateOnly.TryParseExact(value, ShortDates, CultureInfo.InvariantCulture, DateTimeStyles.None, out _) =>
            new("error-invalid-date", "Invalid date."),
        _ => null,
    };

    /// <summary>The values to choose from; null without a list.</summary>
    public IReadOnlyList<string>? Options => Member("options") is { ValueKind: JsonValueKind.Array } list
        ? [.. list.EnumerateArray().Where(each => each.ValueKind is JsonValueKind.String).Select(each => each.GetString()!)]
        : null;

    private ProfileError? Length(int length) => (Limit("min"), Limit("max")) switch
    {
        ({ } min, { } max) when length < min || length > max =>
            Limited("error-invalid-length", $"Length must be between {Shown("min")} and {Shown("max")}."),
        ({ } min, null) when length < min => Limited("error-invalid-length-too-short", $"Minimal length is {Shown("min")}."),
        (null, { } max) when length > max => Limited("error-invalid-length-too-long", $"Maximal length is {Shown("max")}."),
        _ => null,
    };

    private ProfileError? Number(string value, NumberStyles style)
    {
        if (!decimal.TryParse(value, style, CultureInfo.InvariantCulture, out var number))
        {
            return new ProfileError("error-invalid-number", "Invalid number.");
        }

        return (Limit("min"), Limit("max")) switch
        {
            ({ } min, { } max) when number < min || number > max =>
                Limited("error-number-out-of-range", $"Number must be between {Shown("min")} and {Shown("max")}."),
            ({ } min, null) when number < min =>
                Limited("error-number-out-of-range-too-small", $"Number must have minimal value of {Shown("min")}."),
            (null, { } max) when number > max =>
                Limited("error-number-out-of-range-too-big", $"Number must have maximal value of {Shown("max")}."),
            _ => null,
        };
    }

    private ProfileError Limited(string key, string text) => new(key, text, Text("min"), Text("max"));

    private static ProfileError? Address(string value) =>
        !Uri.TryCreate(value, UriKind.Absolute, out var address) || value.Contains(' ', StringComparison.Ordinal)
            ? new ProfileError("error-invalid-uri", "Invalid URL.", value, JavaReason(value))
            : address.Scheme is "http" or "https"
                ? null
                : new ProfileError("error-invalid-uri-scheme", "Invalid URL scheme.", value, address.Scheme);

    /// <summary>What Java says of a text that is no address; only of a space it is known.</summary>
    private static string JavaReason(string value) => value.IndexOf(' ', StringComparison.Ordinal) is >= 0 and var space
        ? string.Create(CultureInfo.InvariantCulture, $"Illegal character in path at index {space}: {value}")
        : $"Malformed URI: {value}";

    private decimal? Limit(string name) =>
        Member(name) is { } value && decimal.TryParse(value.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    // Java groups the digits of a number, but not of a text.
    private string Shown(string name) => Member(name) is { ValueKind: JsonValueKind.Number } value
        ? value.GetDecimal().ToString("#,0.###", CultureInfo.InvariantCulture)
        : Text(name) ?? "";

    private string? Text(string name) => Member(name)?.ToString() is { Length: > 0 } text ? text : null;

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
