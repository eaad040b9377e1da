using System.Globalization;
using System.Text.RegularExpressions;
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

    public static PasswordPolicy Read(JsonPlace realm, List<string> warnings)
    {
        if (realm.Member("passwordPolicy") is not { } place)
        {
            return PasswordPolicy.None;
        }

        return new PasswordPolicy(place.Text()
            .Split(" and ", StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(part => ReadRule(place, part, warnings))
            .ToList());
    }

    private static (string Name, string? Setting) ReadRule(JsonPlace place, string part, List<string> warnings)
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

        setting = setting is "undefined" or "" ? null : setting;
        Check(place, name, setting, warnings);
        return (name, setting);
    }

    private static void Check(JsonPlace place, string name, string? setting, List<string> warnings)
    {
        switch (name)
        {
            case "hashAlgorithm" when !Providers.Has("password hash", setting):
                throw place.Refuse(setting is null
                    ? "Invalid config for hashAlgorithm: Password hashing provider id must be set"
                    : $"Invalid config for hashAlgorithm: Password hashing provider not found: {setting}");
            case "regexPattern" when !IsPattern(setting):
                var reason = setting is null ? "Config required" : "Not a valid regular expression";
                throw place.Refuse($"Invalid config for regexPattern: {reason}");
            case "passwordBlacklist" when setting is not null:
                if (setting.Contains('/', StringComparison.Ordinal) || setting.Contains('\\', StringComparison.Ordinal))
                {
                    throw place.Refuse($"{setting} must not contain slashes!");
                }

                warnings.Add(
                    $"{place.Path}: the denylist {setting} is not looked into, and Keycloak imports the file only where it has that list");
                break;
        }
    }

    private static bool IsPattern(string? text)
    {
        try
        {
            return text is not null && new Regex(text, RegexOptions.None, TimeSpan.FromSeconds(1)) is not null;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
