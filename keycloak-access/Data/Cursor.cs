using System.Buffers.Text;
using System.Text.Json;

namespace KeycloakAccess.Data;

/// <summary>
/// Where a page of a list ended: the sort key and the id of its last row (keyset paging). Opaque to callers, so that what
/// it holds may change.
/// </summary>
/// <param name="Sort">The order that the page was read in; a cursor of another order is refused.</param>
/// <param name="Key">The last row's sort key, as text; <see langword="null"/> where the row has none.</param>
/// <param name="Id">The last row's id, which tells equal keys apart, as text.</param>
internal sealed record Cursor(string Sort, string? Key, string Id)
{
    public override string ToString() => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(this));

    /// <returns>The cursor, or <see langword="null"/> if the text is none for this order. What key and id hold, anybody may have written.</returns>
    public static Cursor? Parse(string text, string sort)
    {
        try
        {
            var cursor = JsonSerializer.Deserialize<Cursor>(Base64Url.DecodeFromChars(text));
            return cursor is { Id: not null } && !HoldsNul(cursor.Key) && !HoldsNul(cursor.Id) && string.Equals(cursor.Sort, sort, StringComparison.Ordinal) ? cursor : null;
        }
        catch (Exception exception) when (exception is FormatException or JsonException)
        {
            return null;
        }
    }

    private static bool HoldsNul(string? text) => text?.Contains('\0', StringComparison.Ordinal) is true;
}
