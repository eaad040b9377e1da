using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

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

    /// <summary>Members that may be missing are not required, and are never null.</summary>
    public static Task DescribeAsync(
        OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.JsonTypeInfo.Type is { Namespace: { } module, Name: { } name }
            && (module == typeof(EvaluationJson).Namespace || module.EndsWith(".AuthZen", StringComparison.Ordinal))
            && name.EndsWith("Response", StringComparison.Ordinal))
        {
            foreach (var property in context.JsonTypeInfo.Properties.Where(property => property.IsGetNullable))
            {
                schema.Required?.Remove(property.Name);
            }
        }

        return Task.CompletedTask;
    }

    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Indented);
}
