using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KeycloakRealm.Tokens;

/// <summary>JSON as Keycloak writes it: on one line, members in the order they were added, letters unescaped.</summary>
internal static class Json
{
    public static readonly JsonSerializerOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static byte[] Bytes(JsonNode node) => JsonSerializer.SerializeToUtf8Bytes(node, Options);

    public static JsonArray List(IEnumerable<string> values) => [.. values.Select(value => (JsonNode?)JsonValue.Create(value))];

    public static string? Text(this JsonObject json, string name) =>
        json.TryGetPropertyValue(name, out var value) && value is JsonValue text && text.TryGetValue<string>(out var result) ? result : null;

    public static long? Number(this JsonObject json, string name) =>
        json.TryGetPropertyValue(name, out var value) && value is JsonValue number && number.TryGetValue<long>(out var result) ? result : null;

    /// <summary>A member that is one text or a list of texts, as <c>aud</c> is.</summary>
    public static List<string> Texts(this JsonObject json, string name) => json[name] switch
    {
        JsonArray list => [.. list.OfType<JsonValue>().Select(item => item.ToString())],
        JsonValue one => [one.ToString()],
        _ => [],
    };

    /// <summary>Sets a text where there is one value, a list where there are more, nothing where there are none.</summary>
    public static void SetTexts(this JsonObject json, string name, IReadOnlyList<string> values)
    {
        json.Remove(name);
        if (values.Count > 0)
        {
            json[name] = values.Count == 1 ? JsonValue.Create(values[0]) : List(values);
        }
    }
}
