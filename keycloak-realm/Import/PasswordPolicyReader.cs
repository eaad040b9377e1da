using System.Globalization;
using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

internal static class PasswordPolicyReader
{
    private static readonly HashSet<string> Numbers = new(
        [
            "length", "maxLength", "digits", "lowerCase", "upperCase", "specialChars", "hashIterations", "passwordHistory",
            "forceExpiredPasswordChange", "passwordAge", "maxAuthAge", "recoveryCodesWarningThreshold",
        ],
        StringComparer.Ordinal);

    private static readonly HashSet<string> Others = new(
        ["notUsername", "notEmail", "notContainsUsername", "regexPattern", "hashAlgorithm", "passwordBlacklist"], StringComparer.Ordinal);

    public static PasswordPolicy Read(JsonPlace realm)
    {
        if (realm.Member("passwordPolicy") is not { } place)
        {
            return PasswordPolicy.None;
        }

        return new PasswordPolicy(place.Text()
            .Split(" and ", StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(part => ReadRule(place, part))
            .ToList());
    }

    private static (string Name, string? Setting) ReadRule(JsonPlace place, string part)
    {
        var open = part.IndexOf('(', StringComparison.Ordinal);
        var name = open < 0 ? part : part[..open].Trim();
        var setting = open < 0 ? null : part[(open + 1)..].TrimEnd().TrimEnd(')');
        if (!Numbers.Contains(name) && !Others.Contains(name))
        {
            throw place.Refuse($"Password policy not found: {name}");
        }

        if (Numbers.Contains(name)
            && setting is { Length: > 0 } and not "undefined"
            && !int.TryParse(setting, CultureInfo.InvariantCulture, out _))
        {
            throw place.Refuse($"Invalid config for {name}: Not a valid number");
        }

        return (name, setting is "undefined" or "" ? null : setting);
    }
}
