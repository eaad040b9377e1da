using System.Globalization;
using System.Text.RegularExpressions;
using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

/// <summary>Applies to plain passwords of the file. Hashing and expiry have no effect here.</summary>
internal sealed class PasswordPolicy
{
    private static readonly HashSet<string> Numbers = new(
        [
            "length", "maxLength", "digits", "lowerCase", "upperCase", "specialChars", "hashIterations", "passwordHistory",
            "forceExpiredPasswordChange", "passwordAge", "maxAuthAge", "recoveryCodesWarningThreshold",
        ],
        StringComparer.Ordinal);

    private static readonly HashSet<string> Others = new(
        ["notUsername", "notEmail", "notContainsUsername", "regexPattern", "hashAlgorithm", "passwordBlacklist"], StringComparer.Ordinal);

    private readonly List<(string Name, string? Setting)> _rules = [];

    private PasswordPolicy()
    {
    }

    public static PasswordPolicy Read(JsonPlace realm)
    {
        var policy = new PasswordPolicy();
        if (realm.Member("passwordPolicy") is not { } place)
        {
            return policy;
        }

        foreach (var part in place.Text().Split(" and ", StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
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

            policy._rules.Add((name, setting is "undefined" or "" ? null : setting));
        }

        return policy;
    }

    public bool IsMetBy(string password, User user) => _rules.TrueForAll(rule => rule.Name switch
    {
        "length" => password.Length >= Number(rule.Setting, 8),
        "maxLength" => password.Length <= Number(rule.Setting, 64),
        "digits" => password.Count(char.IsDigit) >= Number(rule.Setting, 1),
        "lowerCase" => password.Count(char.IsLower) >= Number(rule.Setting, 1),
        "upperCase" => password.Count(char.IsUpper) >= Number(rule.Setting, 1),
        "specialChars" => password.Count(c => !char.IsLetterOrDigit(c)) >= Number(rule.Setting, 1),
        "notUsername" => !string.Equals(password, user.Username, StringComparison.OrdinalIgnoreCase),
        "notContainsUsername" => !password.Contains(user.Username, StringComparison.OrdinalIgnoreCase),
        "notEmail" => !string.Equals(password, user.Email, StringComparison.OrdinalIgnoreCase),
        "regexPattern" =>
            rule.Setting is not { } pattern || Regex.IsMatch(password, $"^(?:{pattern})$", RegexOptions.None, TimeSpan.FromSeconds(1)),
        _ => true,
    });

    private static int Number(string? setting, int usual) => setting is null ? usual : int.Parse(setting, CultureInfo.InvariantCulture);
}
