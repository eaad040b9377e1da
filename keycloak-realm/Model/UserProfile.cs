using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace KeycloakRealm.Model;

/// <summary>The user name is not checked: Keycloak accepts an imported one as it is.</summary>
internal sealed partial class UserProfile(IReadOnlyList<ProfileAttribute> attributes)
{
    public static UserProfile BuiltIn { get; } = new(
    [
        new("email", IsRequired: true, [("email", default), ("length", JsonElement.Parse("""{"max":255}"""))]),
        new(
            "firstName",
            IsRequired: true,
            [("person-name-prohibited-characters", default), ("length", JsonElement.Parse("""{"max":255}"""))]),
        new(
            "lastName",
            IsRequired: true,
            [("person-name-prohibited-characters", default), ("length", JsonElement.Parse("""{"max":255}"""))]),
    ]);

    public static UserProfile None { get; } = new([]);

    public bool IsMetBy(User user) => attributes.All(attribute =>
    {
        var values = user.AttributeValues(attribute.Name).Where(value => value.Length > 0).ToList();
        return values.Count == 0
            ? !attribute.IsRequired
            : attribute.Validations.All(validation => values.TrueForAll(value => Fits(value, validation.Name, validation.Settings)));
    });

    // An unsupported validation passes; Keycloak refuses to start with a misspelt one.
    private static bool Fits(string value, string validation, JsonElement settings) => validation switch
    {
        "length" => value.Trim().Length >= Number(settings, "min", 0) && value.Trim().Length <= Number(settings, "max", int.MaxValue),
        "person-name-prohibited-characters" => !ProhibitedInNames().IsMatch(value),
        "username-prohibited-characters" => !ProhibitedInUsernames().IsMatch(value),
        "email" => EmailAddress().IsMatch(value) && value.IndexOf('@', StringComparison.Ordinal) <= 64,
        "integer" => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && number >= Number(settings, "min", long.MinValue) && number <= Number(settings, "max", long.MaxValue),
        "pattern" => Member(settings, "pattern") is not { ValueKind: JsonValueKind.String } pattern
            || Regex.IsMatch(value, $"^(?:{pattern.GetString()})$", RegexOptions.None, TimeSpan.FromSeconds(1)),
        "options" => Member(settings, "options") is not { ValueKind: JsonValueKind.Array } options
            || options.EnumerateArray().Any(option => option.ValueKind is JsonValueKind.String && option.ValueEquals(value)),
        _ => true,
    };

    private static long Number(JsonElement settings, string name, long absent) =>
        Member(settings, name) is { } value
            && long.TryParse(value.ToString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : absent;

    private static JsonElement? Member(JsonElement settings, string name) =>
        settings.ValueKind is JsonValueKind.Object && settings.TryGetProperty(name, out var value) ? value : null;

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

internal sealed record ProfileAttribute(string Name, bool IsRequired, IReadOnlyList<(string Name, JsonElement Settings)> Validations);
