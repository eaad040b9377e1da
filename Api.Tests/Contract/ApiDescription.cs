using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;

namespace Api.Tests.Contract;

/// <summary>The OpenAPI document, asked whether it says what is sent and answered.</summary>
internal sealed class ApiDescription(JsonObject document)
{
    private readonly ConcurrentDictionary<string, JsonSchema> _schemas = new(StringComparer.Ordinal);

    public IReadOnlyList<Operation> Operations { get; } =
    [
        .. from path in document["paths"]!.AsObject()
           from operation in path.Value!.AsObject()
           select new Operation(operation.Key.ToUpperInvariant(), path.Key, operation.Value!.AsObject()),
    ];

    public static async Task<ApiDescription> ReadAsync(HttpClient client, CancellationToken cancel) =>
        new(JsonNode.Parse(await client.GetStringAsync("/openapi/v1.json", cancel))!.AsObject());

    public JsonNode Schema(string name) => document["components"]!["schemas"]![name]!;

    public JsonNode Resolve(JsonNode schema) =>
        schema["$ref"]?.GetValue<string>() is { } reference ? Schema(reference.Split('/')[^1]) : schema;

    public string? Mistake(JsonNode schema, JsonNode? value)
    {
        var text = schema.ToJsonString();
        var compiled = _schemas.GetOrAdd(text, _ =>
        {
            var whole = new JsonObject
            {
                ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
                ["$defs"] = document["components"]!["schemas"]!.DeepClone(),
                ["allOf"] = new JsonArray(schema.DeepClone()),
            };
            return JsonSchema.FromText(whole.ToJsonString().Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal));
        });
        var result = compiled.Evaluate(
            JsonSerializer.SerializeToElement(value),
            new EvaluationOptions { OutputFormat = OutputFormat.List, RequireFormatValidation = true });
        return result.IsValid
            ? null
            : string.Join("; ", result.Details!.Where(detail => detail.Errors?.Count > 0)
                .SelectMany(detail => detail.Errors!.Select(error => $"{detail.InstanceLocation}: {error.Value}")));
    }

    /// <summary>What an answer has that the document does not say; null where it says all.</summary>
    public string? Mistake(Operation operation, HttpResponseMessage answer, string body)
    {
        var status = ((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture);
        var responses = operation.Json["responses"]!.AsObject();
        if (responses[status] is not { } response)
        {
            return $"{status} is not documented: {body}";
        }

        if (response["content"] is not { } content)
        {
            return body.Length == 0 ? null : $"{status} has a body: {body}";
        }

        var type = answer.Content.Headers.ContentType?.MediaType ?? "";
        if (content[type]?["schema"] is not { } schema)
        {
            return $"{status} is {type}, which is not documented or has no schema: {body}";
        }

        foreach (var (name, _) in response["headers"]?.AsObject() ?? [])
        {
            if (name is "ETag" or "Location" or "Retry-After" && !answer.Headers.Contains(name))
            {
                return $"{status} lacks {name}";
            }
        }

        foreach (var name in new[] { "ETag", "Location", "Retry-After", "WWW-Authenticate", "Accept-Encoding" })
        {
            if (answer.Headers.Contains(name) && response["headers"]?[name] is null)
            {
                return $"{status} has {name}, which is not documented";
            }
        }

        return Mistake(schema, JsonNode.Parse(body)) is { } mistake ? $"{status} {mistake}: {body}" : null;
    }

    internal sealed record Operation(string Method, string Path, JsonObject Json)
    {
        public string Id => Json["operationId"]!.GetValue<string>();

        public JsonNode? Body => Json["requestBody"]?["content"]?["application/json"]?["schema"];

        public IEnumerable<JsonNode> Parameters(string place) =>
            Json["parameters"]?.AsArray().Select(parameter => parameter!).Where(parameter => parameter["in"]!.GetValue<string>() == place)
            ?? [];

        public override string ToString() => $"{Method} {Path}";
    }
}
