using System.Text;

namespace KeycloakAccess.Texts;

/// <summary>Normalization Form C, in which texts are kept: one spelling for what is one text (Unicode Standard Annex #15).</summary>
internal static class Normalization
{
    // Hangul syllables are computed (Unicode Standard, section 3.12).
    private const int Syllables = 0xAC00;
    private const int Leading = 0x1100;
    private const int Vowels = 0x1161;
    private const int Trailing = 0x11A7;
    private const int VowelCount = 21;
    private const int TrailingCount = 28;
    private const int SyllableCount = 19 * VowelCount * TrailingCount;

    private static readonly UnicodeTables Tables = UnicodeTables.Instance;

    /// <summary>Text that is no Unicode, with half a character in it, comes back as it is.</summary>
    public static string ToFormC(string text) => IsSimple(text) || !IsWhole(text) ? text : TextOf(Compose(Decompose(text)));

    public static List<int> Decompose(string text, bool isCompatible = false)
    {
        var characters = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            Decompose(rune.Value, isCompatible, characters);
        }

        Reorder(characters);
        return characters;
    }

    public static List<int> Compose(List<int> characters)
    {
        var composed = new List<int>(characters.Count);
        var starter = -1;
        byte last = 0;
        foreach (var character in characters)
        {
            var combining = Tables.CombiningClassOf(character);
            // A mark is blocked from its letter by another one of the same class, and a letter by anything in between.
            var isNext = starter >= 0 && (starter == composed.Count - 1 || (last != 0 && last < combining));
            if (isNext && ComposePair(composed[starter], character) is { } pair)
            {
                composed[starter] = pair;
                continue;
            }

            if (combining == 0)
            {
                starter = composed.Count;
            }

            last = combining;
            composed.Add(character);
        }

        return composed;
    }

    public static string TextOf(List<int> characters)
    {
        var text = new StringBuilder(characters.Count);
        foreach (var character in characters)
        {
            text.Append(new Rune(character));
        }

        return text.ToString();
    }

    public static bool IsWhole(string text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (char.IsSurrogate(text[at]) && (at + 1 == text.Length || !char.IsSurrogatePair(text[at], text[++at])))
            {
                return false;
            }
        }

        return true;
    }

    // Nothing below U+0300 is composed with what precedes it.
    private static bool IsSimple(string text) => !text.AsSpan().ContainsAnyExceptInRange('\0', '\u02ff');

    private static void Decompose(int character, bool isCompatible, List<int> characters)
    {
        if (character is >= Syllables and < Syllables + SyllableCount)
        {
            var index = character - Syllables;
            characters.Add(Leading + (index / (VowelCount * TrailingCount)));
            characters.Add(Vowels + (index % (VowelCount * TrailingCount) / TrailingCount));
            if (index % TrailingCount is > 0 and var trailing)
            {
                characters.Add(Trailing + trailing);
            }
        }
        else if (Tables.DecompositionOf(character, isCompatible) is { } parts)
        {
            foreach (var part in parts)
            {
                Decompose(part, isCompatible, characters);
            }
        }
        else
        {
            characters.Add(character);
        }
    }

    private static void Reorder(List<int> characters)
    {
        for (var at = 1; at < characters.Count; at++)
        {
            var character = characters[at];
            var combining = Tables.CombiningClassOf(character);
            var place = at;
            while (combining != 0 && place > 0 && Tables.CombiningClassOf(characters[place - 1]) > combining)
            {
                characters[place] = characters[place - 1];
                place--;
            }

            characters[place] = character;
        }
    }

    private static int? ComposePair(int first, int second)
    {
        if (first is >= Leading and < Leading + 19 && second is >= Vowels and < Vowels + VowelCount)
        {
            return Syllables + (((first - Leading) * VowelCount) + (second - Vowels)) * TrailingCount;
        }

        return first is >= Syllables and < Syllables + SyllableCount
            && (first - Syllables) % TrailingCount == 0
            && second is > Trailing and < Trailing + TrailingCount
            ? first + second - Trailing
            : Tables.Compose(first, second);
    }
}
