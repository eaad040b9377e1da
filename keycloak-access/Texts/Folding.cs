using System.Text;

namespace KeycloakAccess.Texts;

/// <summary>
/// What a search compares: a text without case, accents and points, in one spelling of apostrophes, quotes and dashes. The same on SQLite,
/// where this is the function <c>folded</c>, as on PostgreSQL, where a migration makes it.
/// </summary>
internal static class Folding
{
    /// <summary>Raised where the outcome changes, so that what is kept in folded form is made again.</summary>
    public const int Version = 1;

    // Up to the end of Latin Extended-B.
    public const char LastLatin = '\u024F';

    private static readonly UnicodeTables Tables = UnicodeTables.Instance;

    private static readonly Lazy<string[]> Latin = new(
        () => [.. Enumerable.Range(0, LastLatin + 1).Select(character => FoldAny(((char)character).ToString()))]);

    public static string Fold(string text)
    {
        if (Ascii.IsValid(text))
        {
            return text.ToLowerInvariant().Replace('`', '\'');
        }

        return FoldLatin(text) ?? FoldAny(text);
    }

    // Nearly all texts in Latin letters: of none of these does it matter what stands beside it.
    private static string? FoldLatin(string text)
    {
        if (text.AsSpan().IndexOfAnyExceptInRange('\0', LastLatin) >= 0)
        {
            return null;
        }

        var folded = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            folded.Append(Latin.Value[character]);
        }

        return folded.ToString();
    }

    /// <summary>In any script.</summary>
    public static string FoldAny(string text)
    {
        var folded = new List<int>(text.Length);
        foreach (var character in Normalization.Decompose(text, isCompatible: true))
        {
            if (Tables.IsDropped(character))
            {
                continue;
            }

            if (Tables.FoldedOf(character) is { } others)
            {
                folded.AddRange(others);
            }
            else
            {
                folded.Add(character);
            }
        }

        return Normalization.TextOf(Normalization.Compose(folded));
    }

    /// <summary>Whether a search for it finds the text. One for nothing that counts, such as an accent alone, finds nothing.</summary>
    public static bool Holds(string text, string search) =>
        Fold(search) is { Length: > 0 } folded && Fold(text).Contains(folded, StringComparison.Ordinal);
}
