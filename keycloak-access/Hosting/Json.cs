using System.Text.Json;
using System.Text.Json.Serialization;

namespace KeycloakAccess.Hosting;

/// <summary>Reads bodies strictly: what is not understood is refused instead of half applied.</summary>
internal static class Json
{
    public static void Configure(JsonSerializerOptions options)
    {
        // Programs differ in which of two members of one name they take.
        options.AllowDuplicateProperties = false;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.RespectNullableAnnotations = true;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.Converters.Add(new TextConverter());
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
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
