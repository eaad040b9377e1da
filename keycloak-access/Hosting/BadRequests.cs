using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Options;
using HttpJsonOptions = Microsoft.AspNetCore.Http.Json.JsonOptions;

namespace KeycloakAccess.Hosting;

/// <summary>Says of a request that the framework has refused what is wrong with it, and where.</summary>
internal static partial class BadRequests
{
    private const string Body = "body";

    /// <summary>Null where nothing more than the status is known.</summary>
    public static RequestMistake? Find(HttpContext context) =>
        context.Features.Get<RequestMistake>()
        ?? (context.Features.Get<IExceptionHandlerFeature>() is { Error: BadHttpRequestException bad } failure
            ? Explain(bad, ContractOf(context, failure.Endpoint))
            : null);

    private static RequestMistake Explain(BadHttpRequestException exception, JsonTypeInfo? contract)
    {
        RequestMistake Mistake(string part, string detail) => new(exception.StatusCode, code: null, part, detail);

        if (exception.InnerException is JsonException json)
        {
            return Explain(json, contract);
        }

        if (BoundParameter().Match(exception.Message) is { Success: true } parameter)
        {
            // The member of an [AsParameters] record is reported by the name of its property.
            var name = JsonNamingPolicy.CamelCase.ConvertName(parameter.Groups["name"].Value);
            return Mistake(name, $"{name} cannot be read: its value is of another type.");
        }

        if (MissingParameter().Match(exception.Message) is { Success: true } missing)
        {
            var name = JsonNamingPolicy.CamelCase.ConvertName(missing.Groups["name"].Value);
            return Mistake(name, $"{name} is missing.");
        }

        return exception.StatusCode switch
        {
            StatusCodes.Status413PayloadTooLarge => Mistake(Body, "The body is too large."),
            StatusCodes.Status415UnsupportedMediaType =>
                Mistake("Content-Type", "The body must be JSON: Content-Type: application/json."),
            _ when exception.Message.Contains("antiforgery", StringComparison.OrdinalIgnoreCase) =>
                Mistake("form", "The form is too old or not ours. Go back, reload the page and try again."),
            _ when exception.Message.Contains(Body, StringComparison.Ordinal) => Mistake(Body, "A JSON body is expected."),
            _ => Mistake("request", "The request cannot be read."),
        };
    }

    private static RequestMistake Explain(JsonException exception, JsonTypeInfo? contract)
    {
        if (MissingProperties().Match(exception.Message) is { Success: true } missing)
        {
            var names = missing.Groups["names"].Value;
            return new(
                StatusCodes.Status400BadRequest,
                null,
                $"The body lacks {names}.",
                names.Split(',', StringSplitOptions.TrimEntries).Select(name => Place(exception.Path, name.Trim('\'')))
                    .ToDictionary(name => name, name => new[] { $"{name} is missing." }, StringComparer.Ordinal));
        }

        var (part, mistake) = Find(exception, contract);
        return new(
            StatusCodes.Status400BadRequest,
            null,
            $"The body is not the JSON that is expected here, at {exception.Path ?? "$"}, line {(exception.LineNumber ?? 0) + 1}. " +
                "Every member must be known, stand once, and be of its type.",
            RequestMistake.Only(part, mistake));
    }

    private static (string Part, string Mistake) Find(JsonException exception, JsonTypeInfo? contract)
    {
        // An inner exception of this kind says that the body is no JSON at all.
        if (exception.InnerException is JsonException)
        {
            return (Body, $"The body is not JSON from line {(exception.LineNumber ?? 0) + 1} on.");
        }

        if (Twice().Match(exception.Message) is { Success: true } twice)
        {
            var name = twice.Groups["name"].Value;
            return (name, $"{name} stands twice in one object. Leave one out.");
        }

        if (Unknown().Match(exception.Message) is { Success: true } unknown)
        {
            var name = unknown.Groups["name"].Value;
            return (name, $"There is no member {name} here.{Suggest(name, Known(contract, exception.Path))}");
        }

        var part = Place(exception.Path, member: null);
        return (part, $"{part} must be {Form(Follow(contract, exception.Path))}");
    }

    /// <summary>The nearest of the names that are known, or all of them, after a space.</summary>
    public static string Suggest(string name, IReadOnlyCollection<string> known) =>
        NearestName.Find(name, known) is { } nearest ? $" Did you mean {nearest}?"
        : known.Count > 0 ? $" Known: {string.Join(", ", known)}."
        : "";

    // "$.permissions[1]" is permissions[1], and the whole is the body.
    private static string Place(string? path, string? member)
    {
        var place = path is null ? "" : path.TrimStart('$').TrimStart('.');
        return member is null ? place.Length == 0 ? Body : place
            : place.Length == 0 ? member
            : $"{place}.{member}";
    }

    private static IReadOnlyCollection<string> Known(JsonTypeInfo? contract, string? path)
    {
        // The last part is the name that is not known.
        var parent = path is null ? null : PathPart().Matches(path) is [.., var last] ? path[..last.Index] : path;
        return Follow(contract, parent) is { Kind: JsonTypeInfoKind.Object } found
            ? [.. found.Properties.Select(property => property.Name)]
            : [];
    }

    private static JsonTypeInfo? Follow(JsonTypeInfo? contract, string? path)
    {
        foreach (Match part in PathPart().Matches(path ?? ""))
        {
            var name = part.Groups["name"].Value;
            var type = contract?.Kind == JsonTypeInfoKind.Object
                ? contract.Properties.FirstOrDefault(property => property.Name == name)?.PropertyType
                : contract?.ElementType;
            contract = type is null ? null : contract!.Options.GetTypeInfo(type);
        }

        return contract;
    }

    private static string Form(JsonTypeInfo? contract)
    {
        var type = contract is null ? typeof(object) : Nullable.GetUnderlyingType(contract.Type) ?? contract.Type;
        return type == typeof(string) ? "a text without the character NUL."
            : type == typeof(bool) ? "true or false."
            : type == typeof(Guid) ? "a UUID, as in 018f2b1c-7c1e-7d3a-9a52-3f1f0e6d1c11."
            : type == typeof(int) || type == typeof(long) ? "a whole number."
            : contract?.Kind == JsonTypeInfoKind.Enumerable ? "a list, and hold no null."
            : contract?.Kind is JsonTypeInfoKind.Object or JsonTypeInfoKind.Dictionary ? "an object."
            : "of another type or form.";
    }

    private static JsonTypeInfo? ContractOf(HttpContext context, Endpoint? endpoint) =>
        endpoint?.Metadata.GetMetadata<IAcceptsMetadata>()?.RequestType is { } type
            ? context.RequestServices.GetRequiredService<IOptions<HttpJsonOptions>>().Value.SerializerOptions.GetTypeInfo(type)
            : null;

    [GeneratedRegex(
        "missing required properties including: (?<names>.+?)\\.?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex MissingProperties();

    [GeneratedRegex("^Duplicate property '(?<name>.+?)' ", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Twice();

    [GeneratedRegex(
        "^The JSON property '(?<name>.+?)' could not be mapped ", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Unknown();

    [GeneratedRegex(
        @"\.(?<name>[^.\[]+)|\['(?<name>.*?)'\]|\[\d+\]", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex PathPart();

    [GeneratedRegex(
        "^Failed to bind parameter \"(\\S+ )?(?<name>\\w+)\" from ", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex BoundParameter();

    [GeneratedRegex(
        "^Required parameter \"(\\S+ )?(?<name>\\w+)\" was not provided from (query|route|header)",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex MissingParameter();
}
