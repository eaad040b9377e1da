using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Models;

/// <summary>
/// Reads and validates request bodies of one model: its record without what a request does not carry, as strictly as
/// <see cref="Json"/>. A mistake names the field and what it must be.
/// </summary>
internal sealed class ModelBody
{
    private readonly Model _model;
    private readonly JsonTypeInfo _new;
    private readonly JsonTypeInfo _changed;

    public ModelBody(Model model, IOptions<JsonOptions> options)
    {
        _model = model;
        _new = ContractOf(options.Value.SerializerOptions, isNew: true);
        _changed = ContractOf(options.Value.SerializerOptions, isNew: false);
    }

    public async Task<(object? Row, IResult? Mistake)> ReadAsync(HttpRequest request, bool isNew, CancellationToken cancellationToken)
    {
        if (request.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
        {
            throw new BadHttpRequestException("The request has no body.");
        }

        if (!request.HasJsonContentType())
        {
            throw new BadHttpRequestException("The body is of another type.", StatusCodes.Status415UnsupportedMediaType);
        }

        object? row;
        try
        {
            row = await JsonSerializer.DeserializeAsync(request.Body, isNew ? _new : _changed, cancellationToken);
        }
        catch (JsonException exception)
        {
            return Explain(exception, isNew) is var (field, mistake)
                ? (null, QueryParameters.Mistake(field, mistake))
                : throw new BadHttpRequestException("The body cannot be read.", StatusCodes.Status400BadRequest, exception);
        }

        if (row is null)
        {
            throw new BadHttpRequestException("The body is null.");
        }

        var mistakes = _model.Mistakes(row, isNew);
        return mistakes.Count == 0 ? (row, null) : (null, TypedResults.ValidationProblem(mistakes));
    }

    // The framework's own messages name types of the program. An inner exception says that the body is no JSON at all: then Path
    // is the field before the mistake.
    private (string Field, string Mistake)? Explain(JsonException exception, bool isNew)
    {
        if (exception.Path is not ['$', '.', .. var field] || field.AsSpan().ContainsAny(".[") || exception.InnerException is JsonException)
        {
            return null;
        }

        var known = _model.Requested(isNew).ToArray();
        if (Array.Find(known, column => column.Json == field) is not { } column)
        {
            return (field, $"There is no field {field} here.{BadRequests.Suggest(field, [.. known.Select(other => other.Json)])}");
        }

        return (field, $"{field} must be {column.Type.Form}{(column.IsNullable ? ", or null" : "")}, and stand once.");
    }

    private JsonTypeInfo ContractOf(JsonSerializerOptions http, bool isNew)
    {
        var known = _model.Requested(isNew).Select(column => column.Json).ToHashSet(StringComparer.Ordinal);
        var options = new JsonSerializerOptions(http);
        var types = _model.Columns.Select(column => column.Type).Distinct();
        foreach (var type in types.Where(type => type.Type.IsEnum || type.Type == typeof(DateTimeOffset)))
        {
            var converter = Activator.CreateInstance(typeof(ColumnTypeConverter<>).MakeGenericType(type.Type), type)!;
            options.Converters.Insert(0, (JsonConverter)converter);
        }

        options.TypeInfoResolver = options.TypeInfoResolver!.WithAddedModifier(contract =>
        {
            if (contract.Type != _model.RowType)
            {
                return;
            }

            for (var i = contract.Properties.Count - 1; i >= 0; i--)
            {
                if (!known.Contains(contract.Properties[i].Name))
                {
                    contract.Properties.RemoveAt(i);
                }
            }
        });
        return options.GetTypeInfo(_model.RowType);
    }

    /// <summary>
    /// Reads a value as filters do. The framework would read an instant without its offset in the time zone of the server, and
    /// "draft, done" as the combination of both.
    /// </summary>
    private sealed class ColumnTypeConverter<TValue>(ColumnType type) : JsonConverter<TValue>
    {
        public override TValue Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && type.Parse(reader.GetString()!) is TValue value ? value : throw new JsonException();

        public override void Write(Utf8JsonWriter writer, TValue value, JsonSerializerOptions options) => throw new NotSupportedException();
    }
}
