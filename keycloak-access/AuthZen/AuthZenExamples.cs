using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace KeycloakAccess.AuthZen;

/// <summary>For the OpenAPI document alone: told what an endpoint takes, the framework answers 415 where AuthZEN requires 400.</summary>
internal static class AuthZenExamples
{
    private const string Ada = "ba7ccfa8-8939-52cd-9c73-10b794570992";

    public const string Evaluation = $$"""
        { "subject": { "type": "user", "id": "{{Ada}}" }, "action": { "name": "delete" }, "resource": { "type": "book", "id": "*" } }
        """;

    public const string Evaluations = $$"""
        {
          "subject": { "type": "user", "id": "{{Ada}}" },
          "resource": { "type": "book", "id": "*" },
          "evaluations": [{ "action": { "name": "view" } }, { "action": { "name": "delete" } }],
          "options": { "evaluations_semantic": "deny_on_first_deny" }
        }
        """;

    public const string SubjectSearch = """
        {
          "subject": { "type": "user" },
          "action": { "name": "delete" },
          "resource": { "type": "book", "id": "*" },
          "page": { "limit": 20 }
        }
        """;

    public const string ResourceSearch = $$"""
        { "subject": { "type": "user", "id": "{{Ada}}" }, "action": { "name": "view" }, "resource": { "type": "account" } }
        """;

    public const string ActionSearch = $$"""
        { "subject": { "type": "user", "id": "{{Ada}}" }, "resource": { "type": "book", "id": "*" } }
        """;

    public static RouteHandlerBuilder Takes<TRequest>(this RouteHandlerBuilder builder, string example) =>
        builder.AddOpenApiOperationTransformer(async (operation, context, cancellationToken) =>
        {
            var name = typeof(TRequest).Name;
            var schema = await context.GetOrCreateSchemaAsync(typeof(TRequest), parameterDescription: null, cancellationToken);
            context.Document!.AddComponent(name, schema);
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
                {
                    ["application/json"] = new()
                    {
                        Schema = new OpenApiSchemaReference(name, context.Document),
                        Example = JsonNode.Parse(example),
                    },
                },
            };
        });
}
