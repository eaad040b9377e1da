using System.Text;
using System.Text.Json;

namespace KeycloakAccess.RulesDocument;

/// <summary>Remembers where everything stands, duplicate members included, unlike the framework's own document model.</summary>
internal sealed class JsonTree
{
    private JsonTree(JsonTokenType kind, int at, string? text = null)
    {
        Kind = kind;
        At = at;
        Text = text;
    }

    public JsonTokenType Kind { get; }

    /// <summary>The byte that it begins at.</summary>
    public int At { get; }

    /// <summary>Of a string or a number; null for what is neither, or holds half a character.</summary>
    public string? Text { get; }

    public List<JsonTreeMember> Members { get; } = [];

    public List<JsonTree> Items { get; } = [];

    /// <summary>Whether it was read to its end. What is missing in a broken-off value is no further mistake.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>Reads a text as far as it is JSON; null if nothing was read.</summary>
    public static JsonTree? Read(ReadOnlySpan<byte> utf8, out (int At, string Message)? error)
    {
        error = null;
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = 16 });
        JsonTree? root = null;
        try
        {
            reader.Read();
            root = Begin(ref reader);
            root.Fill(ref reader);
            // What follows the one value is refused by this.
            reader.Read();
        }
        catch (JsonException exception)
        {
            var message = exception.Message;
            var end = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            error = (Offset(utf8, exception), end < 0 ? message : message[..end]);
        }

        return root;
    }

    private static JsonTree Begin(ref Utf8JsonReader reader) =>
        new(reader.TokenType, (int)reader.TokenStartIndex, reader.TokenType switch
        {
            JsonTokenType.String => TextOf(ref reader),
            JsonTokenType.Number => Encoding.UTF8.GetString(reader.ValueSpan),
            _ => null,
        });

    private void Fill(ref Utf8JsonReader reader)
    {
        switch (Kind)
        {
            case JsonTokenType.StartObject:
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var (name, at) = (TextOf(ref reader), (int)reader.TokenStartIndex);
                    reader.Read();
                    var value = Begin(ref reader);
                    Members.Add(new JsonTreeMember(name, at, value));
                    value.Fill(ref reader);
                }

                break;
            case JsonTokenType.StartArray:
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    var item = Begin(ref reader);
                    Items.Add(item);
                    item.Fill(ref reader);
                }

                break;
        }

        IsWhole = true;
    }

    // "\ud800" is JSON, and no text.
    private static string? TextOf(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static int Offset(ReadOnlySpan<byte> utf8, JsonException exception)
    {
        var start = 0;
        for (var line = exception.LineNumber ?? 0; line > 0; line--)
        {
            start += utf8[start..].IndexOf((byte)'\n') + 1;
        }

        return Math.Min(utf8.Length, start + (int)(exception.BytePositionInLine ?? 0));
    }
}

/// <summary>The name is null if it holds half a character.</summary>
internal sealed record JsonTreeMember(string? Name, int At, JsonTree Value);
