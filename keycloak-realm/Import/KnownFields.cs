using System.Text.Json;

namespace KeycloakRealm.Import;

/// <summary>
/// The members that Keycloak 26.7.3 knows in each part of a realm file, with their defaults. An unknown member is refused as Keycloak
/// refuses it; one that is known and not honoured is a warning, unless it has the default value.
/// </summary>
internal sealed class KnownFields
{
    private readonly JsonElement _kinds;

    public KnownFields()
    {
        using var stream = typeof(KnownFields).Assembly.GetManifestResourceStream("known-fields.json")!;
        using var document = JsonDocument.Parse(stream);
        _kinds = document.RootElement.Clone();
    }

    // lenient: Keycloak ignores unknown members in this kind of part.
    public void Check(JsonPlace place, string kind, IReadOnlySet<string> honoured, List<string> warnings, bool lenient = false)
    {
        var known = _kinds.GetProperty(kind);
        foreach (var (name, value) in place.Members())
        {
            if (!known.TryGetProperty(name, out var usual))
            {
                if (lenient)
                {
                    warnings.Add($"{value.Path} is unknown, and Keycloak passes it over");
                    continue;
                }

                throw value.Refuse($"Unrecognized field \"{name}\"; Keycloak does not import a file that has it");
            }

            if (!honoured.Contains(name) && !IsEmpty(value.Element) && !JsonElement.DeepEquals(usual, value.Element))
            {
                warnings.Add($"{value.Path} is not honoured by the embedded realm");
            }
        }
    }

    /// <summary>An unknown member makes Keycloak refuse the whole representation.</summary>
    public string? FirstUnknown(string kind, IEnumerable<string> names)
    {
        var known = _kinds.GetProperty(kind);
        return names.FirstOrDefault(name => !known.TryGetProperty(name, out _));
    }

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.String => value.GetString()!.Length == 0,
        JsonValueKind.Number => value.TryGetInt64(out var number) && number == 0,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };
}
