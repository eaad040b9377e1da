using System.Globalization;
using System.Text.Json;

namespace KeycloakRealm.Import;

/// <summary>
/// What Keycloak 26.7.3 reads a realm file into: the members of each kind of part, and their types. It refuses a file with any other
/// member or another type, wherever that is.
/// </summary>
internal static class RepresentationTypes
{
    // In a kind that ignores members it does not know.
    private const string Others = "*";

    private static readonly JsonElement Kinds = Load();

    /// <summary>With all parts below it.</summary>
    public static void Check(JsonPlace place, string kind)
    {
        var known = Kinds.GetProperty(kind);
        foreach (var (name, value) in place.Members())
        {
            if (known.TryGetProperty(name, out var type))
            {
                CheckType(value, type.GetString()!);
            }
            else if (!known.TryGetProperty(Others, out _))
            {
                throw value.Refuse($"Unrecognized field \"{name}\"; Keycloak does not import a file that has it");
            }
        }
    }

    /// <summary>An unknown member makes Keycloak refuse the whole representation.</summary>
    public static string? FirstUnknown(string kind, IEnumerable<string> names)
    {
        var known = Kinds.GetProperty(kind);
        return names.FirstOrDefault(name => !known.TryGetProperty(name, out _));
    }

    /// <summary>A type is a list ("[]"), a map ("{}"), names to choose from ("=A|B"), a plain value, or a kind.</summary>
    private static void CheckType(JsonPlace value, string type)
    {
        if (value.Element.ValueKind is JsonValueKind.Null || type is "any")
        {
            return;
        }

        switch (type)
        {
            case "text":
                CheckText(value);
                break;
            case "flag":
                value.Flag(absent: false);
                break;
            case "number":
                value.Number(absent: 0);
                break;
            case "long":
                CheckLong(value);
                break;
            case ['=', ..]:
                CheckName(value, type[1..].Split('|'));
                break;
            case ['[', ']', ..]:
                foreach (var item in value.Items())
                {
                    CheckType(item, type[2..]);
                }

                break;
            case ['{', '}', ..]:
                foreach (var (_, member) in value.Members())
                {
                    CheckType(member, type[2..]);
                }

                break;
            default:
                Check(value, type);
                break;
        }
    }

    private static void CheckText(JsonPlace value)
    {
        if (value.Element.ValueKind is JsonValueKind.Array or JsonValueKind.Object)
        {
            throw value.Refuse("text is expected here");
        }
    }

    private static void CheckLong(JsonPlace value)
    {
        if (value.Element.ValueKind is not JsonValueKind.Number
            && value.Text().Trim() is { Length: > 0 } text
            && !long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
        {
            throw value.Refuse($"a whole number is expected here, not \"{text}\"");
        }
    }

    private static void CheckName(JsonPlace value, string[] names)
    {
        if (!names.Contains(value.Text(), StringComparer.Ordinal))
        {
            throw value.Refuse($"{string.Join(", ", names[..^1])} or {names[^1]} is expected here, not \"{value.Text()}\"");
        }
    }

    private static JsonElement Load()
    {
        using var stream = typeof(RepresentationTypes).Assembly.GetManifestResourceStream("representation-types.json")!;
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }
}
