using System.Text.Json;
using System.Text.RegularExpressions;

namespace KeycloakAccess.Hosting;

internal static partial class BadRequests
{
    public static string Explain(BadHttpRequestException exception)
    {
        if (exception.InnerException is JsonException json)
        {
            return MissingProperties().Match(json.Message) is { Success: true } missing
                ? $"The body lacks {missing.Groups["names"].Value}."
                : $"The body is not the JSON that is expected here, at {json.Path ?? "$"}, line {(json.LineNumber ?? 0) + 1}. " +
                    "Every member must be known, stand once, and be of its type.";
        }

        if (BoundParameter().Match(exception.Message) is { Success: true } parameter)
        {
            // The member of an [AsParameters] record is reported by the name of its property.
            var name = JsonNamingPolicy.CamelCase.ConvertName(parameter.Groups["name"].Value);
            return $"{name} cannot be read: its value is of another type.";
        }

        return exception.StatusCode switch
        {
            StatusCodes.Status413PayloadTooLarge => "The body is too large.",
            StatusCodes.Status415UnsupportedMediaType => "The body must be JSON: Content-Type: application/json.",
            _ when exception.Message.Contains("antiforgery", StringComparison.OrdinalIgnoreCase) =>
                "The form is too old or not ours. Go back, reload the page and try again.",
            _ when exception.Message.Contains("body", StringComparison.Ordinal) => "A JSON body is expected.",
            _ => "The request cannot be read.",
        };
    }

    [GeneratedRegex(
        "missing required properties including: (?<names>.+?)\\.?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex MissingProperties();

    [GeneratedRegex(
        "^Failed to bind parameter \"(\\S+ )?(?<name>\\w+)\" from ", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex BoundParameter();
}
