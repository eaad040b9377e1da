namespace KeycloakAccess.Data;

internal static class ShortText
{
    /// <summary>Never leaves half of a character beyond the basic plane: that is no UTF-8, and PostgreSQL takes none.</summary>
    public static string Cut(string text, int longest) =>
        text.Length <= longest ? text : text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)];
}
