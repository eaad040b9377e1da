using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace KeycloakAccess.Models;

/// <summary>What the OpenAPI document says of a model's endpoints beyond what the framework sees by itself.</summary>
internal sealed class ModelDescription(Model model, ListParameters list)
{
    /// <summary>The name in operations and schemas: <c>RoleMapping</c>.</summary>
    public string OperationName => Pascal(model.Name);

    public string OperationPlural => Pascal(model.Plural);

    /// <summary>The name in sentences: <c>role mapping</c>.</summary>
    public string Singular => model.Name.Replace('-', ' ');

    public string Plural => model.Plural.Replace('-', ' ');

    /// <summary>The name in sentences, with its article.</summary>
    public string A => $"{("aeiou".Contains(model.Name[0], StringComparison.Ordinal) ? "an" : "a")} {Singular}";

    /// <summary>A name as operations have it: <c>RoleMapping</c> for <c>role-mapping</c>.</summary>
    public static string Pascal(string name) => string.Concat(name.Split('-').Select(Capital));

    /// <summary>A name at the start of a sentence: <c>Role mapping</c> for <c>role-mapping</c>.</summary>
    public static string Sentence(string name) => Capital(name.Replace('-', ' '));

    /// <summary>The schema of a column's values.</summary>
    public static OpenApiSchema SchemaOf(ColumnType type) => new()
    {
        Type = type.Schema,
        Format = type.Format,
        Enum = type.Names.Count == 0 ? null : [.. type.Names],
    };

    /// <summary>Documents every query parameter of the list.</summary>
    public Task ListAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        operation.Parameters = [.. operation.Parameters ?? [], .. list.All.Select(parameter => new OpenApiParameter
        {
            Name = parameter.Name,
            In = ParameterLocation.Query,
            Description = parameter.Description,
            Schema = parameter.Schema,
        })];
        return Task.CompletedTask;
    }

    /// <summary>Gives the body a schema of its own: the record's, without what a request does not carry.</summary>
    public async Task BodyAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var isNew = HttpMethods.IsPost(context.Description.HttpMethod!);
        // Where the creator gives the id, a new row carries one field more than a changed one.
        var name = $"{OperationName}{(isNew && !model.AssignsIds ? "Creation" : "")}Request";
        var fields = model.Requested(isNew).Select(column => column.Json).ToHashSet(StringComparer.Ordinal);
        var row = await context.GetOrCreateSchemaAsync(model.RowType, parameterDescription: null, cancellationToken);
        var schema = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Description = $"What a caller sends to create or replace {A}.",
            Properties = row.Properties!.Where(property => fields.Contains(property.Key)).ToDictionary(StringComparer.Ordinal),
            Required = row.Required?.Where(fields.Contains).ToHashSet(StringComparer.Ordinal),
            AdditionalPropertiesAllowed = false,
        };
        context.Document!.AddComponent(name, schema);
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
            {
                ["application/json"] = new() { Schema = new OpenApiSchemaReference(name, context.Document) },
            },
        };
    }

    /// <summary>Documents <c>If-Match</c>.</summary>
    public static Task PreconditionAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        operation.Parameters = [.. operation.Parameters ?? [], new OpenApiParameter
        {
            Name = "If-Match",
            In = ParameterLocation.Header,
            Required = true,
            Description = "The ETag of what was read, or * for whatever is there.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        }];
        return Task.CompletedTask;
    }

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
