using System.Text.RegularExpressions;

namespace KeycloakAccess.Permissions;

/// <summary>What a local group may be called, and how much it may hold: the same by hand, through the API and in a document.</summary>
internal static partial class GroupLimits
{
    public const int LongestName = 100;
    public const int LongestDescription = 500;

    /// <summary>How many permissions it may grant, and how many it may deny.</summary>
    public const int MostPermissions = 200;

    /// <summary>
    /// A regular expression for JSON Schema (ECMA-262). In .NET <c>$</c> lets a line feed follow: there, ask
    /// <see cref="IsName"/>, or see that the match is as long as the name, as <c>[RegularExpression]</c> does.
    /// </summary>
    public const string NamePattern = "^" + NameLetters + "$";

    public const string NameRule = "may hold lower-case letters, digits and single dashes between them.";

    private const string NameLetters = "[a-z0-9]+(-[a-z0-9]+)*";

    /// <returns>Whether a group can be called that.</returns>
    public static bool IsName(string text) => text.Length <= LongestName && WholeName().IsMatch(text);

    /// <returns>What is wrong with a permission that a group both grants and denies.</returns>
    public static string GrantedAndDenied(string permission) => $"{permission} is granted and denied. Denied would win; leave one out.";

    [GeneratedRegex(@"\A" + NameLetters + @"\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex WholeName();
}
