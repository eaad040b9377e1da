using System.Globalization;
using System.Text;
using KeycloakAccess.Authentication;

namespace Seeding;

internal static class SeedNames
{
    // Coprime to the number of combinations, so that these steps reach every one.
    private const int Step = 101;

    // Explicit, because string.Normalize leaves accented letters as they are with invariant globalization.
    private const string Marked = "áàâãäåąçćčéèêëęğíìîïıłñńóòôõöøśšşúùûüýźžż";
    private const string Unmarked = "aaaaaaaccceeeeegiiiiilnnoooooosssuuuuyzzz";

    public static (string First, string Last) Person(SeedRandom random)
    {
        var (first, last) = random.Pick(SeedTexts.People);
        return (random.Pick(first), random.Pick(last));
    }

    /// <summary>In lower case without accents, as in user names and addresses.</summary>
    public static string Plain(string name)
    {
        var text = new StringBuilder(name.Length);
        foreach (var character in name.ToLowerInvariant()
            .Replace("ß", "ss", StringComparison.Ordinal)
            .Replace("æ", "ae", StringComparison.Ordinal))
        {
            var plain = Marked.IndexOf(character, StringComparison.Ordinal) is >= 0 and var at ? Unmarked[at] : character;
            if (char.IsAsciiLetterLower(plain) || plain == '-')
            {
                text.Append(plain);
            }
        }

        return text.ToString();
    }

    /// <summary>Appends a number to a taken name, and marks the result as taken.</summary>
    public static string Free(string name, HashSet<string> taken)
    {
        var free = name;
        for (var number = 2; !taken.Add(free); number++)
        {
            free = $"{name}{(char.IsAsciiDigit(name[^1]) ? "-" : "")}{number.ToString(CultureInfo.InvariantCulture)}";
        }

        return free;
    }

    /// <summary>Unlimited: half of them Keycloak groups, a quarter realm roles, a quarter client roles.</summary>
    public static KeycloakRole Role(int index, string resource) => (index % 4) switch
    {
        0 => GroupPath(index / 4 * 2),
        2 => GroupPath((index / 4 * 2) + 1),
        1 => RealmRole(index / 4),
        _ => ClientRole(index / 4, resource),
    };

    public static string Title(SeedRandom random)
    {
        var noun = random.Pick(SeedTexts.Nouns);
        return random.Below(6) switch
        {
            0 => $"The {random.Pick(SeedTexts.Adjectives)} {noun}",
            1 => $"{noun} and {random.Pick(SeedTexts.Nouns)}",
            2 => $"{("AIO".Contains(noun[0], StringComparison.Ordinal) ? "An" : "A")} {noun} in {random.Pick(SeedTexts.Places)}",
            3 => $"The {noun} of {random.Pick(SeedTexts.Places)}",
            4 => $"{random.Pick(SeedTexts.Adjectives)} {noun}",
            _ => $"Letters from {random.Pick(SeedTexts.Places)}",
        };
    }

    /// <summary>ISBN-13 with a valid check digit (ISO 2108).</summary>
    public static string Isbn(SeedRandom random)
    {
        var digits = "978" + random.Below(1_000_000_000).ToString("D9", CultureInfo.InvariantCulture);
        var sum = digits.Select((digit, position) => (digit - '0') * (position % 2 == 0 ? 1 : 3)).Sum();
        return digits + ((10 - (sum % 10)) % 10).ToString(CultureInfo.InvariantCulture);
    }

    private static KeycloakRole GroupPath(int index)
    {
        var (combination, number) = Combination(index, SeedTexts.Regions.Count * SeedTexts.Departments.Count * SeedTexts.Ranks.Count);
        var region = SeedTexts.Regions[combination % SeedTexts.Regions.Count];
        var department = SeedTexts.Departments[combination / SeedTexts.Regions.Count % SeedTexts.Departments.Count];
        var rank = SeedTexts.Ranks[combination / SeedTexts.Regions.Count / SeedTexts.Departments.Count];
        return new KeycloakRole(
            RoleKind.KeycloakGroup,
            "",
            $"/{region}/{department}{(rank.Length > 0 ? $"/{rank}" : "")}{(number > 0 ? $"/team-{number}" : "")}");
    }

    private static KeycloakRole RealmRole(int index)
    {
        var (combination, number) = Combination(index, SeedTexts.Departments.Count * SeedTexts.Duties.Count);
        var department = SeedTexts.Departments[combination % SeedTexts.Departments.Count];
        var duty = SeedTexts.Duties[combination / SeedTexts.Departments.Count].Name;
        return new KeycloakRole(RoleKind.RealmRole, "", $"{department}-{duty}{(number > 0 ? $"-{number}" : "")}");
    }

    private static KeycloakRole ClientRole(int index, string resource)
    {
        string[] clients = [resource, .. SeedTexts.Clients];
        var (combination, number) = Combination(index, clients.Length * SeedTexts.Departments.Count);
        var department = SeedTexts.Departments[combination / clients.Length];
        return new KeycloakRole(
            RoleKind.ClientRole,
            clients[combination % clients.Length],
            $"{department}-{(index % 2 == 0 ? "user" : "manager")}{(number > 0 ? $"-{number}" : "")}");
    }

    private static (int Combination, int Number) Combination(int index, int combinations) =>
        ((int)((long)index * Step % combinations), index / combinations);
}
