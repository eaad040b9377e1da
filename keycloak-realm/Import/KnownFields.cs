using System.Text.Json;

namespace KeycloakRealm.Import;

/// <summary>
/// The defaults of the members in each part of a realm file, as Keycloak 26.7.3 has them. A member that is not honoured is a warning,
/// unless it has the default value. Unknown ones have been refused before: see <see cref="RepresentationTypes"/>.
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

    public void Check(JsonPlace place, string kind, IReadOnlySet<string> honoured, List<string> warnings)
    {
        var known = _kinds.GetProperty(kind);
        foreach (var (name, value) in place.Members())
        {
            if (!known.TryGetProperty(name, out var usual))
            {
                warnings.Add($"{value.Path} is unknown, and Keycloak passes it over");
            }
            else if (!honoured.Contains(name) && !IsEmpty(value.Element) && !JsonElement.DeepEquals(usual, value.Element))
            {
                warnings.Add($"{value.Path} is not honoured by the embedded realm");
            }
        }
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
