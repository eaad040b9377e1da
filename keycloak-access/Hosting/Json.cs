using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace KeycloakAccess.Hosting;

/// <summary>Reads bodies strictly: what is not understood is refused instead of half applied.</summary>
internal static class Json
{
    public static void Configure(JsonSerializerOptions options)
    {
        // Programs differ in which of two members of one name they take.
        options.AllowDuplicateProperties = false;
        options.PropertyNameCaseInsensitive = false;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.RespectNullableAnnotations = true;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.Converters.Add(new TextConverter());
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
        options.TypeInfoResolver = (options.TypeInfoResolver ?? new DefaultJsonTypeInfoResolver()).WithAddedModifier(RefuseNullItems);
    }

    // RespectNullableAnnotations ends at what a list holds.
    private static void RefuseNullItems(JsonTypeInfo contract)
    {
        if (contract.Kind != JsonTypeInfoKind.Object)
        {
            return;
        }

        var nullability = new NullabilityInfoContext();
        JsonPropertyInfo[] lists = [.. contract.Properties.Where(property =>
            property.PropertyType != typeof(string)
            && typeof(IEnumerable).IsAssignableFrom(property.PropertyType)
            && property is { Get: not null, AttributeProvider: PropertyInfo declared }
            && nullability.Create(declared).GenericTypeArguments is [.., { ReadState: NullabilityState.NotNull }])];
        if (lists.Length == 0)
        {
            return;
        }

        var next = contract.OnDeserialized;
        contract.OnDeserialized = row =>
        {
            next?.Invoke(row);
            foreach (var list in lists)
            {
                var items = list.Get!(row) is IDictionary map ? map.Values : list.Get(row) as IEnumerable;
                if (items?.Cast<object?>().Contains(null) is true)
                {
                    throw new JsonException(
                        $"{list.Name} must not hold null.", $"$.{list.Name}", lineNumber: null, bytePositionInLine: null);
                }
            }
        };
    }

    /// <summary>Refuses the character NUL, which PostgreSQL cannot store and SQLite ends a text at.</summary>
    private sealed class TextConverter : JsonConverter<string>
    {
        public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var text = reader.GetString();
            return text?.Contains('\0', StringComparison.Ordinal) is true ? throw new JsonException() : text;
        }

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);
    }
}
