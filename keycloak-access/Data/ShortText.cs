namespace KeycloakAccess.Data;

/// <summary>Text that has to be short enough for what keeps it.</summary>
internal static class ShortText
{
    /// <returns>The text, or its beginning. Never half of a character beyond the basic plane: that is no UTF-8, and PostgreSQL takes none.</returns>
    /// <param name="text">Any text.</param>
    /// <param name="longest">How many UTF-16 code units at most; at least 1.</param>
    public static string Cut(string text, int longest) =>
        text.Length <= longest ? text : text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)];
}
