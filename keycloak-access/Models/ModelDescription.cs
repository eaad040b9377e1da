using KeycloakAccess.Texts;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace KeycloakAccess.Models;

internal sealed class ModelDescription(Model model, ListParameters list)
{
    public string OperationName => Pascal(model.Name);

    public string OperationPlural => Pascal(model.Plural);

    public string Singular => model.Name.Replace('-', ' ');

    public string Plural => model.Plural.Replace('-', ' ');

    public string SingularWithArticle => $"{("aeiou".Contains(model.Name[0], StringComparison.Ordinal) ? "an" : "a")} {Singular}";

    /// <summary><c>RoleMapping</c> for <c>role-mapping</c>.</summary>
    public static string Pascal(string name) => string.Concat(name.Split('-').Select(Capitalize));

    /// <summary><c>Role mapping</c> for <c>role-mapping</c>.</summary>
    public static string Sentence(string name) => Capitalize(name.Replace('-', ' '));

    public static OpenApiSchema SchemaOf(ColumnType type) => new()
    {
        Type = type.Schema,
        Format = type.Format,
        Enum = type.Names.Count == 0 ? null : [.. type.Names],
    };

    public Task DescribeListAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
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

    /// <summary>The schema of a body is the record's, without what a request does not carry.</summary>
    public async Task DescribeBodyAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var isNew = HttpMethods.IsPost(context.Description.HttpMethod!);
        // Where the creator gives the id, a new row carries one field more than a changed one.
        var name = $"{OperationName}{(isNew && !model.AssignsIds ? "Creation" : "")}Request";
        var fields = model.Requested(isNew).Select(column => column.Json).ToHashSet(StringComparer.Ordinal);
        var row = await context.GetOrCreateSchemaAsync(model.RowType, parameterDescription: null, cancellationToken);
        var schema = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Description = $"What a caller sends to create or replace {SingularWithArticle}.",
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

    /// <summary>
    /// A declared length is one of characters as people count them. JSON Schema counts those of Unicode, of which there may be more.
    /// </summary>
    public static Task DescribeLengthAsync(
        OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.JsonPropertyInfo is { } property
            && context.ApplicationServices.GetRequiredService<ModelCatalogue>().Models.FirstOrDefault(
                model => model.RowType == property.DeclaringType)?.Columns.FirstOrDefault(column => column.Json == property.Name)
                is { MaxLength: { } longest })
        {
            schema.MaxLength = longest * PlainText.MostInOne;
        }

        return Task.CompletedTask;
    }

    private static string Capitalize(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
