using System.Buffers;
using System.Globalization;
using System.Text;

namespace KeycloakAccess.Texts;

/// <summary>
/// What this service knows of Unicode beyond .NET without ICU, which leaves every text as it is where it is to be normalized. Written by
/// <c>.ci/unicode-tables</c>, as is the function <c>folded</c> of PostgreSQL.
/// </summary>
internal sealed class UnicodeTables
{
    private static readonly SearchValues<char> Kinds = SearchValues.Create("=!~#?>");

    public static readonly UnicodeTables Instance = Read();

    private readonly Dictionary<int, int[]> _canonical = [];
    private readonly Dictionary<int, int[]> _compatible = [];
    private readonly Dictionary<(int First, int Second), int> _composed = [];
    private readonly Dictionary<int, byte> _classes = [];
    private readonly HashSet<int> _dropped = [];
    private readonly Dictionary<int, int[]> _folded = [];

    /// <summary>The canonical decomposition of one step, or the compatible one of all (Unicode Standard Annex #15).</summary>
    public int[]? DecompositionOf(int character, bool isCompatible) =>
        isCompatible && _compatible.TryGetValue(character, out var all) ? all : _canonical.GetValueOrDefault(character);

    public int? Compose(int first, int second) => _composed.TryGetValue((first, second), out var composed) ? composed : null;

    public byte CombiningClassOf(int character) => _classes.GetValueOrDefault(character);

    /// <summary>Whether it makes no difference to a search: accents, points, and what nobody sees.</summary>
    public bool IsDropped(int character) => _dropped.Contains(character);

    /// <summary>What a search takes it for, in lower case.</summary>
    public int[]? FoldedOf(int character) => _folded.GetValueOrDefault(character);

    private static UnicodeTables Read()
    {
        var tables = new UnicodeTables();
        using var stream = typeof(UnicodeTables).Assembly.GetManifestResourceStream("KeycloakAccess.Texts.unicode.txt")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        while (reader.ReadLine() is { } line)
        {
            if (!line.StartsWith('#'))
            {
                tables.Add(line);
            }
        }

        return tables;
    }

    private void Add(string line)
    {
        var at = line.AsSpan().IndexOfAny(Kinds);
        var to = line[(at + 1)..];
        switch (line[at])
        {
            case '#' or '?':
                var (first, last) = (Hex(line[..line.IndexOf('-', StringComparison.Ordinal)]), Hex(line[(line.IndexOf('-') + 1)..at]));
                for (var character = first; character <= last; character++)
                {
                    if (line[at] == '?')
                    {
                        _dropped.Add(character);
                    }
                    else
                    {
                        _classes.Add(character, byte.Parse(to, CultureInfo.InvariantCulture));
                    }
                }

                break;
            case '=' or '!':
                var parts = Hexes(to);
                _canonical.Add(Hex(line[..at]), parts);
                if (line[at] == '=')
                {
                    _composed.Add((parts[0], parts[1]), Hex(line[..at]));
                }

                break;
            case '~':
                _compatible.Add(Hex(line[..at]), Hexes(to));
                break;
            default:
                _folded.Add(Hex(line[..at]), Hexes(to));
                break;
        }
    }

    private static int[] Hexes(string text) => [.. text.Split(' ').Select(Hex)];

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
