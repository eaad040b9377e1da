using System.Diagnostics;
using CsCheck;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace Api.Tests.Permissions;

/// <summary>Patterns of roles: the same answer as a regular expression gives, in a time that no pattern can stretch.</summary>
public sealed class RolePatternTests
{
    [Fact]
    public void A_pattern_fits_what_the_same_regular_expression_fits() =>
        Gen.Select(Gen.String[Gen.Char["ab-/*"], 0, 10], Gen.String[Gen.Char["ab-/*\n."], 0, 12]).Sample(
            (pattern, name) => Assert.Equal(Agreement.Matches(pattern, name), Matches(pattern, name)), iter: 20_000);

    [Fact]
    public void A_name_with_runs_of_it_made_stars_fits_and_a_letter_put_in_elsewhere_does_not() =>
        Gen.Select(Gen.String[Gen.Char["abc/"], 1, 12], Gen.Int[0, 12], Gen.Int[0, 4], Gen.Int[0, 12]).Sample(
            (name, start, length, place) =>
            {
                start %= name.Length;
                length = Math.Min(length, name.Length - start);
                var pattern = name[..start] + "*" + name[(start + length)..];
                Assert.True(Matches(pattern, name), $"{pattern} and {name}");
                Assert.True(Matches($"*{pattern}*", $"x{name}y"), $"*{pattern}* and x{name}y");

                var strange = name.Insert(place % (name.Length + 1), "x");
                Assert.Equal(Agreement.Matches(pattern, strange), Matches(pattern, strange));
            },
            iter: 5000);

    [Fact]
    public void A_name_without_a_star_fits_itself_alone() =>
        Gen.Select(Gen.String[Gen.Char["aAbB-"], 0, 4], Gen.String[Gen.Char["aAbB-"], 0, 4]).Sample(
            (pattern, name) => Assert.Equal(string.Equals(pattern, name, StringComparison.Ordinal), Matches(pattern, name)), iter: 5000);

    [Fact]
    public void Many_stars_take_no_longer_than_the_product_of_both_lengths()
    {
        // Where every star tries every length, this outlives the universe.
        var pattern = string.Concat(Enumerable.Repeat("a*", 250)) + "b";
        var name = new string('a', 255);
        var watch = Stopwatch.StartNew();

        Assert.False(Matches(pattern, name));
        Assert.False(Matches("*" + string.Concat(Enumerable.Repeat("*a", 249)) + "*b", name));
        Assert.True(Matches(string.Concat(Enumerable.Repeat("*a", 249)), name));

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(30));
    }

    [Theory]
    [InlineData("book-reader", true)]
    [InlineData("", true)]
    [InlineData("book-*", false)]
    [InlineData("*", false)]
    [InlineData("a*b", false)]
    public void A_pattern_is_exact_without_a_star(string name, bool isExact) =>
        Assert.Equal(isExact, new RolePattern(RoleKind.RealmRole, "", name).IsExact);

    [Theory]
    [InlineData("*", true)]
    [InlineData("**", true)]
    [InlineData("***", true)]
    [InlineData("book-*", false)]
    [InlineData("*-reader", false)]
    [InlineData("*a*", false)]
    [InlineData("/*", false)]
    [InlineData("staff", false)]
    // That a name is missing is said elsewhere, in other words.
    [InlineData("", false)]
    public void Stars_alone_are_a_mistake(string name, bool isMistake)
    {
        var mistake = new RolePattern(RoleKind.RealmRole, "", name).Mistakes()
            .Select(one => one.Message)
            .FirstOrDefault(message => message.StartsWith('*'));

        Assert.Equal(isMistake, mistake is not null);
        if (isMistake)
        {
            // The remedy stands in it.
            Assert.Contains("book-*", mistake, StringComparison.Ordinal);
            Assert.Contains("a default group", mistake, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData('\u0000')]
    [InlineData('\t')]
    [InlineData('\n')]
    [InlineData('\r')]
    [InlineData('\e')]
    [InlineData('\u007f')]
    [InlineData('\u0085')]
    [InlineData('\u009b')]
    [InlineData('\u061c')]
    [InlineData('\u200e')]
    [InlineData('\u200f')]
    [InlineData('\u2028')]
    [InlineData('\u2029')]
    [InlineData('\u202a')]
    [InlineData('\u202e')]
    [InlineData('\u2066')]
    [InlineData('\u2069')]
    public void A_character_that_ends_a_line_or_controls_a_terminal_or_changes_the_direction_of_text_is_a_mistake(char character)
    {
        Assert.Equal(
            (
                RolePatternPart.Name,
                "The name holds a character that ends a line, controls a terminal or changes the direction of text: "
                    + $"U+{(int)character:X4}. Leave it out."),
            Assert.Single(new RolePattern(RoleKind.RealmRole, "", $"a{character}b").Mistakes()));
        Assert.Equal(
            (
                RolePatternPart.Client,
                "The client holds a character that ends a line, controls a terminal or changes the direction of text: "
                    + $"U+{(int)character:X4}. Leave it out."),
            Assert.Single(new RolePattern(RoleKind.ClientRole, $"a{character}b", "x").Mistakes()));
    }

    [Theory]
    [InlineData("book reader")]
    [InlineData("Leserin für Bücher 😀")]
    // Persian writes this joiner within words.
    [InlineData("می\u200cخواهم")]
    [InlineData("\u2027\u202f\u2065\u200d\u2010\u061b\u061d")]
    public void Letters_of_any_script_are_none(string name) =>
        Assert.Empty(new RolePattern(RoleKind.ClientRole, name, name).Mistakes());

    [Theory]
    [InlineData(RoleKind.RealmRole, "", "staff", "realm role staff")]
    [InlineData(RoleKind.ClientRole, "acme-api", "book-*", "role book-* of client acme-api")]
    [InlineData(RoleKind.KeycloakGroup, "", "/operations/*", "Keycloak group /operations/*")]
    internal void A_pattern_is_said_like_the_roles_that_it_means(RoleKind kind, string client, string name, string expected)
    {
        var pattern = new RolePattern(kind, client, name);

        Assert.Equal(expected, pattern.ToString());
        Assert.Equal(new KeycloakRole(kind, client, name), pattern.Role);
    }

    private static bool Matches(string pattern, string name) =>
        new RolePattern(RoleKind.RealmRole, "", pattern).Matches(new KeycloakRole(RoleKind.RealmRole, "", name));
}
