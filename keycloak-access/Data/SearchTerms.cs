using KeycloakAccess.Texts;

namespace KeycloakAccess.Data;

/// <summary>
/// What a search is looked up by: of a folded text, the three characters from each of its places on. Of the last two places they are made
/// full with <see cref="End"/>, so that a search of one or two characters is the beginning of some.
/// </summary>
internal static class SearchTerms
{
    /// <summary>Raised where the outcome changes, so that what is kept is made again.</summary>
    public const int Version = 1;

    private const int Length = 3;
    private const int End = 1;

    // More of them narrow nothing down any more.
    private const int MostOfSearch = 40;

    // Where SQLite's tokenizer "ascii" separates words: signs for private use, which no text may have, take their place.
    private const int Shifted = 0xE000;

    /// <summary>For SQLite, separated by spaces.</summary>
    public static string OfTexts(IEnumerable<string?> texts)
    {
        var terms = new HashSet<string>(StringComparer.Ordinal);
        foreach (var text in texts.OfType<string>())
        {
            terms.UnionWith(Windows([.. Characters(text), End, End]).Select(Token));
        }

        return string.Join(' ', terms);
    }

    /// <summary>For <c>MATCH</c> (SQLite) or a <c>tsquery</c> (PostgreSQL); <see langword="null"/> if nothing is left.</summary>
    public static string? OfSearch(string search, DatabaseEngine engine)
    {
        int[] characters = [.. Characters(search)];
        if (characters.Length == 0)
        {
            return null;
        }

        var isWhole = characters.Length >= Length;
        var terms = (isWhole ? Windows(characters) : [characters]).DistinctBy(Text, StringComparer.Ordinal).Take(MostOfSearch);
        return engine == DatabaseEngine.PostgreSql
            // What is too long for an index of its own stands under the sign of the end.
            ? $"({string.Join(" & ", terms.Select(term => $"{Quoted(Text(term))}{(isWhole ? "" : ":*")}"))}) | {Quoted("\u0001")}"
            : string.Join(" AND ", terms.Select(term => $"\"{Token(term)}\"{(isWhole ? "" : " *")}"));
    }

    private static IEnumerable<int> Characters(string text) => Folding.Fold(text).EnumerateRunes().Select(rune => rune.Value);

    private static IEnumerable<int[]> Windows(int[] characters) =>
        Enumerable.Range(0, characters.Length - Length + 1).Select(start => characters[start..(start + Length)]);

    private static string Text(int[] characters) => string.Concat(characters.Select(char.ConvertFromUtf32));

    private static string Token(int[] characters) => Text([.. characters.Select(character =>
        character < 0x80 && !char.IsAsciiLetterOrDigit((char)character) ? Shifted + character : character)]);

    private static string Quoted(string term) =>
        $"'{term.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'";
}
