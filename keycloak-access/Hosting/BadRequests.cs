using System.Text.Json;
using System.Text.RegularExpressions;

namespace KeycloakAccess.Hosting;

/// <summary>
/// Says what is wrong with a request that could not be read, in words for its sender. The framework's own name types of
/// the program and ask whether a service was meant.
/// </summary>
internal static partial class BadRequests
{
    public static string Explain(BadHttpRequestException exception)
    {
        if (exception.InnerException is JsonException json)
        {
            return Missing().Match(json.Message) is { Success: true } missing
                ? $"The body lacks {missing.Groups["names"].Value}."
                : $"The body is not the JSON that is expected here, at {json.Path ?? "$"}, line {(json.LineNumber ?? 0) + 1}. " +
                    "Every member must be known, stand once, and be of its type.";
        }

        if (Parameter().Match(exception.Message) is { Success: true } parameter)
        {
            return $"{parameter.Groups["name"].Value} cannot be read: its value is of another type.";
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

    [GeneratedRegex("missing required properties including: (?<names>.+?)\\.?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 100)]
    private static partial Regex Missing();

    [GeneratedRegex("^Failed to bind parameter \"(\\S+ )?(?<name>\\w+)\" from ", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 100)]
    private static partial Regex Parameter();
}
