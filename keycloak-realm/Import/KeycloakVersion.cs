using System.Globalization;
using System.Text.RegularExpressions;

namespace KeycloakRealm.Import;

/// <summary>The version that wrote a file (<c>keycloakVersion</c>), as Keycloak's import reads it.</summary>
internal static partial class KeycloakVersion
{
    // What Keycloak takes Red Hat's versions for. It reads 7.5 and 7.6 as if they were its own.
    private static readonly Version[] RedHat = [new(1, 9, 8), new(2, 5, 5), new(3, 4, 3), new(4, 8, 3), new(9, 0, 3)];

    /// <summary>A part that is no number counts as 0, as it does in Keycloak.</summary>
    public static Version Parse(string text)
    {
        if (RedHatPattern().Match(text) is { Success: true } match)
        {
            return RedHat[match.Groups["minor"].Value[0] - '0'];
        }

        var parts = text.Split('.');
        int Part(int index) =>
            index < parts.Length && int.TryParse(parts[index], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : 0;
        return new Version(Part(0), Part(1), Part(2));
    }

    [GeneratedRegex(@"^7\.(?<minor>[0-4])\.[0-9]+\.GA$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RedHatPattern();
}
