using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace KeycloakRealm.Import;

/// <summary>A value of the realm file with its JSON path, for messages.</summary>
internal readonly struct JsonPlace(JsonElement element, string path, Placeholders placeholders)
{
    private static readonly SearchValues<char> Reserved = SearchValues.Create(":/?#@!$&()*+,;=[]\\");

    public string Path { get; } = path;

    public JsonElement Element { get; } = element;

    /// <summary>A character that Keycloak allows in no name of a realm or a locale.</summary>
    public static char? FirstReserved(string text) =>
        text.AsSpan().IndexOfAny(Reserved) is >= 0 and var index ? text[index] : null;

    public RealmFileException Refuse(string reason) => new(Path, reason);

    /// <summary>See <see cref="Placeholders.TakeUnset"/>.</summary>
    public IReadOnlyList<string> TakeUnset() => placeholders.TakeUnset();

    /// <summary>Null if the member is absent or null.</summary>
    public JsonPlace? Member(string name) =>
        Element.ValueKind is JsonValueKind.Object && Element.TryGetProperty(name, out var value)
            && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined)
            ? new JsonPlace(value, Step(name), placeholders)
            : null;

    /// <summary>JSON that stands as a text in the list of a member's member.</summary>
    public JsonPlace Within(JsonElement parsed, string member, string inner) =>
        new(parsed, new JsonPlace(parsed, Step(member), placeholders).Step(inner) + "[0]", placeholders);

    public IEnumerable<(string Name, JsonPlace Value)> Members()
    {
        if (Element.ValueKind is not JsonValueKind.Object)
        {
            throw Refuse("an object is expected here");
        }

        foreach (var property in Element.EnumerateObject())
        {
            yield return (property.Name, new JsonPlace(property.Value, Step(property.Name), placeholders));
        }
    }

    public IEnumerable<JsonPlace> Items(string name)
    {
        if (Member(name) is not { } list)
        {
            yield break;
        }

        foreach (var item in list.Items())
        {
            yield return item;
        }
    }

    public IEnumerable<JsonPlace> Items()
    {
        if (Element.ValueKind is not JsonValueKind.Array)
        {
            throw Refuse("an array is expected here");
        }

        var index = 0;
        foreach (var item in Element.EnumerateArray())
        {
            yield return new JsonPlace(item, string.Create(CultureInfo.InvariantCulture, $"{Path}[{index++}]"), placeholders);
        }
    }

    /// <summary>Placeholders resolved; numbers and booleans become strings, as in Keycloak.</summary>
    public string Text() => Element.ValueKind switch
    {
        JsonValueKind.String => placeholders.Resolve(Element.GetString()!, Path),
        JsonValueKind.Number => Element.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => throw Refuse("text is expected here"),
    };

    public string? Text(string name) => Member(name)?.Text();

    public bool Flag(string name, bool absent) => Member(name)?.Flag(absent) ?? absent;

    /// <summary>Keycloak takes these spellings, and reads an empty string as absent.</summary>
    public bool Flag(bool absent) => Element.ValueKind is JsonValueKind.Number
        ? Element.GetRawText() is not ("0" or "-0")
        : Text().Trim() switch
        {
            "true" or "True" or "TRUE" => true,
            "false" or "False" or "FALSE" => false,
            "" => absent,
            var other => throw Refuse($"true or false is expected here, not \"{other}\""),
        };

    public int Number(string name, int absent) => Member(name)?.Number(absent) ?? absent;

    /// <summary>A fraction is cut off; an empty string is absent.</summary>
    public int Number(int absent)
    {
        if (Element.ValueKind is JsonValueKind.Number && Element.TryGetDouble(out var real) && real is > int.MinValue and < int.MaxValue)
        {
            return (int)real;
        }

        var text = Text().Trim();
        if (text.Length == 0)
        {
            return absent;
        }

        return Element.ValueKind is JsonValueKind.String
            && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Refuse($"a whole number is expected here, not \"{text}\"");
    }

    public List<string> Texts(string name) => [.. Items(name).Select(item => item.Text())];

    public Dictionary<string, string> TextMap(string name)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Member(name) is { } value)
        {
            foreach (var (key, each) in value.Members())
            {
                if (each.Element.ValueKind is not JsonValueKind.Null)
                {
                    map[key] = each.Text();
                }
            }
        }

        return map;
    }

    /// <summary>Each value is a list of strings, or a single string.</summary>
    public Dictionary<string, IReadOnlyList<string>> TextListMap(string name)
    {
        var map = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        if (Member(name) is { } value)
        {
            foreach (var (key, each) in value.Members())
            {
                if (each.Element.ValueKind is not JsonValueKind.Null)
                {
                    map[key] = each.Element.ValueKind is JsonValueKind.Array
                        ? [.. each.Items().Select(item => item.Text())]
                        : [each.Text()];
                }
            }
        }

        return map;
    }

    private string Step(string name) =>
        name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_') ? $"{Path}.{name}" : $"{Path}['{name}']";
}
