using System.Text.RegularExpressions;

namespace KeycloakAccess.Admin.Forms;

/// <summary>A part of a text, and whether the other version lacks it.</summary>
public sealed record TextPart(string Text, bool IsChanged);

/// <summary>Compares two versions of a text word by word, so that of a long one only what came and went is marked.</summary>
internal static partial class TextChange
{
    // The table of common words grows with the product of both lengths.
    private const int MostWords = 500;

    public static (IReadOnlyList<TextPart> Before, IReadOnlyList<TextPart> After) Compare(string before, string after)
    {
        var (old, now) = (Split(before), Split(after));
        string[] oldWords = [.. old.Where(IsWord)];
        string[] newWords = [.. now.Where(IsWord)];
        if (oldWords.Length > MostWords || newWords.Length > MostWords)
        {
            return ([new TextPart(before, before != after)], [new TextPart(after, before != after)]);
        }

        var (keptOld, keptNew) = FindCommon(oldWords, newWords);
        return (Mark(old, keptOld), Mark(now, keptNew));
    }

    private static (bool[] Old, bool[] New) FindCommon(string[] old, string[] now)
    {
        int[][] lengths = [.. Enumerable.Range(0, old.Length + 1).Select(_ => new int[now.Length + 1])];
        for (var i = old.Length - 1; i >= 0; i--)
        {
            for (var j = now.Length - 1; j >= 0; j--)
            {
                lengths[i][j] = old[i] == now[j] ? lengths[i + 1][j + 1] + 1 : Math.Max(lengths[i + 1][j], lengths[i][j + 1]);
            }
        }

        var (keptOld, keptNew) = (new bool[old.Length], new bool[now.Length]);
        for (int i = 0, j = 0; i < old.Length && j < now.Length;)
        {
            if (old[i] == now[j])
            {
                keptOld[i++] = keptNew[j++] = true;
            }
            else if (lengths[i + 1][j] >= lengths[i][j + 1])
            {
                i++;
            }
            else
            {
                j++;
            }
        }

        return (keptOld, keptNew);
    }

    // What stands between two words that are marked is marked with them.
    private static List<TextPart> Mark(List<string> parts, bool[] kept)
    {
        var marked = new List<TextPart>();
        var word = 0;
        for (var index = 0; index < parts.Count; index++)
        {
            var isChanged = IsWord(parts[index])
                ? !kept[word++]
                : word > 0 && word < kept.Length && !kept[word - 1] && !kept[word];
            if (marked.Count > 0 && marked[^1].IsChanged == isChanged)
            {
                marked[^1] = marked[^1] with { Text = marked[^1].Text + parts[index] };
            }
            else
            {
                marked.Add(new TextPart(parts[index], isChanged));
            }
        }

        return marked;
    }

    private static List<string> Split(string text) => [.. Parts().Matches(text).Select(match => match.Value)];

    private static bool IsWord(string part) => part[0] != ',' && !char.IsWhiteSpace(part[0]);

    [GeneratedRegex(@"[^\s,]+|[\s,]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Parts();
}
