using System.Buffers.Text;
using System.Text.Json;

namespace KeycloakAccess.Data;

/// <summary>The order in which a page was read and the keys of its last row. Opaque to callers, so what it holds may change.</summary>
internal sealed record Cursor(string Sort, IReadOnlyList<string?> Keys)
{
    public override string ToString() => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(this));

    /// <summary>Anybody may have written it, so its keys may be any texts, but no NUL, which PostgreSQL does not take.</summary>
    public static Cursor? Parse(string text, string sort)
    {
        try
        {
            var cursor = JsonSerializer.Deserialize<Cursor>(Base64Url.DecodeFromChars(text));
            return cursor?.Keys is not null
                && !cursor.Keys.Any(key => key?.Contains('\0', StringComparison.Ordinal) is true)
                && string.Equals(cursor.Sort, sort, StringComparison.Ordinal)
                ? cursor
                : null;
        }
        catch (Exception exception) when (exception is FormatException or JsonException)
        {
            return null;
        }
    }
}
