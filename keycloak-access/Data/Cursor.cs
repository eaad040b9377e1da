using System.Buffers.Text;
using System.Text.Json;

namespace KeycloakAccess.Data;

/// <summary>
/// Where a page of a list ended: the sort keys of its last row (keyset paging). Opaque to callers, so that what it holds may change.
/// </summary>
/// <param name="Sort">The order that the page was read in; a cursor of another order is refused.</param>
/// <param name="Keys">The last row's keys as text, <see langword="null"/> where the row has none.</param>
internal sealed record Cursor(string Sort, IReadOnlyList<string?> Keys)
{
    public override string ToString() => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(this));

    /// <returns>
    /// The cursor, or <see langword="null"/> if the text is none for this order. Anybody may have written it, so its keys may be any
    /// texts without NUL, which PostgreSQL does not take.
    /// </returns>
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
