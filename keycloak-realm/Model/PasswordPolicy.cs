using System.Globalization;
using System.Text.RegularExpressions;

namespace KeycloakRealm.Model;

/// <summary>What a password must keep to. Hashing and expiry have no effect here.</summary>
internal sealed class PasswordPolicy
{
    private readonly List<(string Name, string? Setting)> _rules;

    public PasswordPolicy(IEnumerable<(string Name, string? Setting)> rules)
    {
        // Keycloak goes through them in the order of a Java HashMap, and names the first that is not met.
        var given = rules.GroupBy(rule => rule.Name, StringComparer.Ordinal).Select(each => each.Last()).ToList();
        var buckets = given.Count > 12 ? 32u : 16u;
        _rules = [.. given.OrderBy(rule => BucketOf(rule.Name, buckets))];
    }

    public static PasswordPolicy None { get; } = new([]);

    /// <summary>For how many seconds a sign-in is enough to change the password; null for the usual time.</summary>
    public int? MaxAuthAge => Setting("maxAuthAge") is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    /// <summary>How many former passwords are kept.</summary>
    public int History => _rules.Exists(rule => rule.Name is "passwordHistory") ? Number(Setting("passwordHistory"), 3) - 1 : 0;

    public bool IsMetBy(string password, User user) => Violation(password, user) is null;

    /// <summary>What Keycloak says against the password; null if nothing.</summary>
    public string? Violation(string password, User user) =>
        _rules.Select(rule => Violation(rule.Name, rule.Setting, password, user)).FirstOrDefault(message => message is not null);

    private static string? Violation(string rule, string? setting, string password, User user) => rule switch
    {
        "length" when password.Length < Number(setting, 8) => $"Invalid password: minimum length {Number(setting, 8)}.",
        "maxLength" when password.Length > Number(setting, 64) => $"Invalid password: maximum length {Number(setting, 64)}.",
        "digits" when password.Count(char.IsDigit) < Number(setting, 1) => TooFew(setting, "numerical digits"),
        "lowerCase" when password.Count(char.IsLower) < Number(setting, 1) => TooFew(setting, "lower case characters"),
        "upperCase" when password.Count(char.IsUpper) < Number(setting, 1) => TooFew(setting, "upper case characters"),
        "specialChars" when password.Count(c => !char.IsLetterOrDigit(c)) < Number(setting, 1) => TooFew(setting, "special characters"),
        "notUsername" when string.Equals(password, user.Username, StringComparison.OrdinalIgnoreCase) =>
            "Invalid password: must not be equal to the username.",
        "notContainsUsername" when password.Contains(user.Username, StringComparison.OrdinalIgnoreCase) =>
            "Invalid password: Can not contain the username.",
        "notEmail" when string.Equals(password, user.Email, StringComparison.OrdinalIgnoreCase) =>
            "Invalid password: must not be equal to the email.",
        "regexPattern" when setting is not null
            && !Regex.IsMatch(password, $"^(?:{setting})$", RegexOptions.None, TimeSpan.FromSeconds(1)) =>
            "Invalid password: fails to match regex pattern(s).",
        "passwordHistory" when Number(setting, 3) is var count and not -1 && IsKnown(password, user, count) =>
            $"Invalid password: must not be equal to any of last {count} passwords.",
        _ => null,
    };

    private static string TooFew(string? setting, string what) => $"Invalid password: must contain at least {Number(setting, 1)} {what}.";

    private static bool IsKnown(string password, User user, int count) =>
        user.Password?.Matches(password) is true || user.FormerPasswords.Take(count - 1).Any(former => former.Matches(password));

    private static int Number(string? setting, int usual) => setting is null ? usual : int.Parse(setting, CultureInfo.InvariantCulture);

    private static uint BucketOf(string name, uint buckets)
    {
        var hash = name.Aggregate(0u, (sum, c) => unchecked((sum * 31) + c));
        return (hash ^ (hash >> 16)) & (buckets - 1);
    }

    private string? Setting(string name) => _rules.Find(rule => string.Equals(rule.Name, name, StringComparison.Ordinal)).Setting;
}
