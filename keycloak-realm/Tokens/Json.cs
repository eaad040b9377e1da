using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KeycloakRealm.Tokens;

/// <summary>As Keycloak writes it: on one line, members in the order they were added, letters unescaped.</summary>
internal static class Json
{
    public static readonly JsonSerializerOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static byte[] Bytes(JsonNode node) => JsonSerializer.SerializeToUtf8Bytes(node, Options);

    public static JsonArray List(IEnumerable<string> values) => [.. values.Select(value => (JsonNode?)JsonValue.Create(value))];

    public static string? Text(this JsonObject json, string name) =>
        json.TryGetPropertyValue(name, out var value) && value is JsonValue text && text.TryGetValue<string>(out var result)
            ? result
            : null;

    public static long? Number(this JsonObject json, string name) =>
        json.TryGetPropertyValue(name, out var value) && value is JsonValue number && number.TryGetValue<long>(out var result)
            ? result
            : null;

    /// <summary>One string or a list of strings, as in <c>aud</c>.</summary>
    public static List<string> Texts(this JsonObject json, string name) => json[name] switch
    {
        JsonArray list => [.. list.OfType<JsonValue>().Select(item => item.ToString())],
        JsonValue one => [one.ToString()],
        _ => [],
    };

    /// <summary>One value is a string, several are a list, none removes nothing and writes nothing.</summary>
    public static void SetTexts(this JsonObject json, string name, IReadOnlyList<string> values)
    {
        json.Remove(name);
        if (values.Count > 0)
        {
            json[name] = values.Count == 1 ? JsonValue.Create(values[0]) : List(values);
        }
    }
}
