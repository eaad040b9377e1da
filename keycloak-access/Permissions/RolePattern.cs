using System.Buffers;
using KeycloakAccess.Authentication;
using KeycloakAccess.Texts;

namespace KeycloakAccess.Permissions;

// A name may hold *, which stands for any run of characters, / among them: book-*, /operations/* (whatever lies under it, at any depth, not
// the group itself). A client is never a pattern, and empty for all but client roles.
internal readonly record struct RolePattern(RoleKind Kind, string Client, string Name)
{
    /// <summary>In a Keycloak name it would match itself as well.</summary>
    public const char Any = '*';
    public const int LongestName = 500;
    public const int LongestClient = 255;

    public static readonly Comparer<RolePattern> InOrder = Comparer<RolePattern>.Create((one, other) =>
        one.Kind.CompareTo(other.Kind) is not 0 and var byKind ? byKind
        : string.CompareOrdinal(one.Client, other.Client) is not 0 and var byClient ? byClient
        : string.CompareOrdinal(one.Name, other.Name));

    // Control characters, the two that Unicode ends lines and paragraphs with, and those that set the direction of text
    // (Unicode Standard Annex #9, section 2): with them a name looks like another, or like a line of its own.
    private static readonly SearchValues<char> Unwanted = SearchValues.Create([
        .. Enumerable.Range(0, char.MaxValue).Select(code => (char)code).Where(char.IsControl),
        '\u2028', '\u2029',
        '\u061c', '\u200e', '\u200f', '\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069',
    ]);

    public bool IsExact => !Name.Contains(Any, StringComparison.Ordinal);

    /// <summary>The one role that an exact pattern means.</summary>
    public KeycloakRole Role => new(Kind, Client, Name);

    public bool Matches(KeycloakRole role) =>
        role.Kind == Kind && string.Equals(role.Client, Client, StringComparison.Ordinal) && Matches(Name, role.Name);

    public IEnumerable<(RolePatternPart Part, string Message)> Mistakes()
    {
        if (Name.Trim().Length != Name.Length || Client.Trim().Length != Client.Length)
        {
            yield return (RolePatternPart.Name, "Names are compared to the letter. Leave out the space around them.");
        }

        foreach (var (part, text) in new[] { (RolePatternPart.Name, Name), (RolePatternPart.Client, Client) })
        {
            var kind = part.ToString().ToLowerInvariant();
            if (text.AsSpan().IndexOfAny(Unwanted) is >= 0 and var at)
            {
                yield return (
                    part,
                    $"The {kind} holds a character that ends a line, controls a terminal " +
                    $"or changes the direction of text: U+{(int)text[at]:X4}. Leave it out.");
            }
            else if (PlainText.Mistake(text) is { } mistake)
            {
                yield return (part, $"The {kind} {mistake}");
            }
        }

        if (Kind == RoleKind.ClientRole && Client.Length == 0)
        {
            yield return (RolePatternPart.Client, "A client role needs the client id that owns it.");
        }

        if (Kind != RoleKind.ClientRole && Client.Length > 0)
        {
            yield return (RolePatternPart.Client, "Only a client role has a client. Leave it out.");
        }

        if (Name.Length > 0 && Name.AsSpan().Trim(Any).IsEmpty)
        {
            yield return (
                RolePatternPart.Name,
                "* alone would mean everybody who has any role. Let it follow some letters, as in book-*, " +
                "or make the group a default group.");
        }

        if (Client.Contains(Any, StringComparison.Ordinal))
        {
            yield return (
                RolePatternPart.Client,
                "The client of a client role is named in full: whoever may add a client could else give themselves the role.");
        }

        if (Kind == RoleKind.KeycloakGroup && !Name.StartsWith('/'))
        {
            yield return (RolePatternPart.Name, "A Keycloak group is named by its full path, as in /operations/leads.");
        }
    }

    public override string ToString() => Role.ToString();

    // With one step back: after a star, try the shortest run first and lengthen it where the rest fails.
    private static bool Matches(string pattern, string name)
    {
        int inPattern = 0, inName = 0, star = -1, retry = 0;
        while (inName < name.Length)
        {
            if (inPattern < pattern.Length && pattern[inPattern] == Any)
            {
                star = inPattern++;
                retry = inName;
            }
            else if (inPattern < pattern.Length && pattern[inPattern] == name[inName])
            {
                inPattern++;
                inName++;
            }
            else if (star >= 0)
            {
                inPattern = star + 1;
                inName = ++retry;
            }
            else
            {
                return false;
            }
        }

        return pattern.AsSpan(inPattern).Trim(Any).IsEmpty;
    }
}

internal enum RolePatternPart
{
    Name,
    Client,
}
