using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;

namespace KeycloakAccess.Explanation;

/// <summary>JSON as the AuthZEN Authorization API writes it: without null members.</summary>
internal static class EvaluationJson
{
    public static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // Reasons hold arrows, and names any letter.
        Encoder = JavaScriptEncoder.Create(UnicodeRanges.All),
    };

    private static readonly JsonSerializerOptions Indented = new(Options) { WriteIndented = true, NewLine = "\n" };

    public static IResult Answer<T>(T value) => TypedResults.Json(value, Options, "application/json");

    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Indented);
}
