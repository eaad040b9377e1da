using System.Security.Cryptography;
using System.Text.Json;
using KeycloakAccess.Explanation;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.AuthZen;

/// <summary>AuthZEN, sections 10.1.1 and 11.5: unknown members are ignored, unlike elsewhere here, and ambiguous JSON is refused.</summary>
internal static class AuthZenJson
{
    private const string ContentType = "application/json";

    public static async Task<(JsonElement Body, IResult? Refusal)> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        // 400 and not 415, which the certification scenario requires (section 5.4.3).
        if (!request.HasJsonContentType()
            || request.ContentType?.Split(';')[0].Trim().Equals(ContentType, StringComparison.OrdinalIgnoreCase) is not true)
        {
            return (default, Refuse($"The body must be JSON: Content-Type: {ContentType}."));
        }

        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, cancellationToken);
        if (buffer.Length == 0)
        {
            return (default, Refuse("A JSON body is expected."));
        }

        try
        {
            using var document = JsonDocument.Parse(
                buffer.GetBuffer().AsMemory(0, (int)buffer.Length), new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return (default, Refuse("The body must be a JSON object."));
            }

            CheckValues(document.RootElement);
            return (document.RootElement.Clone(), null);
        }
        // InvalidOperationException: a text is not UTF-8, or has half a surrogate pair.
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            var line = (exception as JsonException)?.LineNumber is { } number ? $", at line {number + 1}" : "";
            return (default, Refuse(
                $"The body is not JSON that can be read in one way only{line}. " +
                "It must be UTF-8, no member may stand twice in an object, and no number may be beyond a double."));
        }
    }

    public static T? Read<T>(JsonElement element, Mistakes mistakes, string place = "")
        where T : class
    {
        try
        {
            return element.Deserialize<T>(EvaluationJson.Options);
        }
        catch (JsonException exception)
        {
            // A path starts with "$.".
            var member = $"{place}.{exception.Path?[Math.Min(2, exception.Path.Length)..]}".Trim('.');
            mistakes.Add(member, $"{member} is not of the type that it must be.");
            return null;
        }
    }

    /// <summary>The order of members makes no difference.</summary>
    public static string Fingerprint(params ReadOnlySpan<(JsonElement Element, string? Without)> parts)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            foreach (var (element, without) in parts)
            {
                Write(writer, element, without);
            }

            writer.WriteEndArray();
        }

        return Convert.ToHexStringLower(SHA256.HashData(buffer.GetBuffer().AsSpan(0, (int)buffer.Length))[..16]);
    }

    public static JsonElement Member(JsonElement element, string name) =>
        element.TryGetProperty(name, out var member) ? member : default;

    private static ProblemHttpResult Refuse(string detail) =>
        Problem.Create(
        StatusCodes.Status400BadRequest, ProblemCode.InvalidRequest, detail, ("errors", RequestMistake.Only("body", detail)));

    private static void Write(Utf8JsonWriter writer, JsonElement element, string? without = null)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Undefined:
                writer.WriteNullValue();
                break;
            case JsonValueKind.Object:
                writer.WriteStartObject();
                var members = element.EnumerateObject().Where(member => member.Name != without);
                foreach (var member in members.OrderBy(member => member.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(member.Name);
                    Write(writer, member.Value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }

    // I-JSON (RFC 7493, sections 2.1 and 2.2): half a surrogate pair is no text, and programs differ in what 1e999 is.
    private static void CheckValues(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    _ = member.Name;
                    CheckValues(member.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    CheckValues(item);
                }

                break;
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Number when !element.TryGetDouble(out var number) || !double.IsFinite(number):
                throw new JsonException();
            default:
                break;
        }
    }
}

internal sealed class Mistakes
{
    private readonly Dictionary<string, string[]> _byMember = new(StringComparer.Ordinal);

    public bool Any => _byMember.Count > 0;

    public void Add(string member, string message) => _byMember.TryAdd(member, [message]);

    public IResult Answer() => TypedResults.ValidationProblem(_byMember);

    public override string ToString() => string.Join(' ', _byMember.Values.SelectMany(messages => messages));
}
