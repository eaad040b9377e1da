namespace KeycloakAccess.Data;

internal static class ShortText
{
    /// <summary>How long a text of a token may be that an index holds: PostgreSQL's hold some 2,700 bytes of a row.</summary>
    public const int LongestKey = 255;

    /// <summary>PostgreSQL has no NUL.</summary>
    public static bool IsKey(string text) => text.Length <= LongestKey && !HasNul(text);

    public static bool HasNul(string text) => text.Contains('\0', StringComparison.Ordinal);

    /// <summary>Never leaves half of a character beyond the basic plane: that is no UTF-8, and PostgreSQL takes none.</summary>
    public static string Cut(string text, int longest) =>
        text.Length <= longest ? text : text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)];
}
