using System.Globalization;
using System.Text;

namespace KeycloakAccess.Texts;

/// <summary>What a text that somebody writes may hold, and how long it is.</summary>
internal static class PlainText
{
    /// <summary>
    /// A character as people count them, a letter with its accents or a flag, may be of so many of Unicode's on average: texts in every
    /// script are, and piles of accents are not.
    /// </summary>
    public const int MostInOne = 4;

    /// <summary>The longest text in UTF-16, by which browsers count.</summary>
    public static int UnitsOf(int longest) => longest * MostInOne * 2;

    /// <returns>What is wrong with a text, to be said after the name of its field; <see langword="null"/> if nothing is.</returns>
    public static string? Mistake(string text)
    {
        if (!Normalization.IsWhole(text))
        {
            return "holds half a character.";
        }

        foreach (var rune in text.EnumerateRunes())
        {
            if (WrongWith(rune) is { } wrong)
            {
                return $"holds U+{rune.Value:X4}, which {wrong}. Leave it out.";
            }
        }

        return null;
    }

    /// <returns>As <see cref="Mistake(string)"/>.</returns>
    public static string? Mistake(string text, int longest, int shortest = 0)
    {
        var length = LengthOf(text);
        var range = shortest > 0 ? $"{shortest} to {longest}" : $"at most {longest}";
        return Mistake(text)
            ?? (length > longest || length < shortest ? $"must have {range} characters, and has {length}."
                : text.EnumerateRunes().Count() > longest * MostInOne
                    ? $"must have {range} characters, and piles up too many accents or other signs on them."
                : null);
    }

    /// <summary>In characters as people count them: grapheme clusters (Unicode Standard Annex #29).</summary>
    public static int LengthOf(string text) => new StringInfo(text).LengthInTextElements;

    /// <summary>Cuts between characters as people count them.</summary>
    public static string Cut(string text, int longest)
    {
        var end = 0;
        for (var length = 0; length < longest && end < text.Length; length++)
        {
            var next = end + StringInfo.GetNextTextElementLength(text, end);
            if (next > UnitsOf(longest))
            {
                break;
            }

            end = next;
        }

        return text[..end];
    }

    /// <summary>Whether nothing of it can be seen.</summary>
    public static bool IsBlank(string text) => text.EnumerateRunes().All(rune =>
        // Fillers of Hangul and the empty pattern of Braille are letters and signs without ink.
        rune.Value is 0x115F or 0x1160 or 0x3164 or 0xFFA0 or 0x2800
        || Rune.IsWhiteSpace(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.NonSpacingMark
            or UnicodeCategory.EnclosingMark);

    private static string? WrongWith(Rune rune) => rune.Value switch
    {
        '\t' or '\n' or '\r' => null,
        0x2028 or 0x2029 => "ends a line where programs do not see it",
        // Unicode Standard Annex #9, section 2: with them a text reads otherwise than it is.
        >= 0x202A and <= 0x202E or >= 0x2066 and <= 0x2069 => "changes the direction of text",
        0xFEFF or >= 0x206A and <= 0x206F or >= 0xFFF9 and <= 0xFFFB or >= 0xE0000 and <= 0xE007F => "nobody sees",
        >= 0xFDD0 and <= 0xFDEF => "is no character",
        var value when (value & 0xFFFE) == 0xFFFE => "is no character",
        _ => Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.Control => "controls a terminal",
            UnicodeCategory.PrivateUse => "means something else on every machine",
            _ => null,
        },
    };
}
