using System.Text.RegularExpressions;

namespace KeycloakAccess.Permissions;

/// <summary>The same on the pages, through the API and in a document.</summary>
internal static partial class GroupLimits
{
    public const int LongestName = 100;
    public const int LongestDescription = 500;

    /// <summary>How many it may grant, and how many it may deny.</summary>
    public const int MostPermissions = 200;

    // For JSON Schema (ECMA-262). In .NET $ lets a line feed follow: there, ask IsName, or see that the match is as long as the name, as
    // [RegularExpression] does.
    public const string NamePattern = "^" + NameLetters + "$";
    public const string NameRule = "may hold lower-case letters, digits and single dashes between them.";

    private const string NameLetters = "[a-z0-9]+(-[a-z0-9]+)*";

    public static bool IsName(string text) => text.Length <= LongestName && WholeName().IsMatch(text);

    public static string GrantedAndDenied(string permission) => $"{permission} is granted and denied. Denied would win; leave one out.";

    [GeneratedRegex(@"\A" + NameLetters + @"\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex WholeName();
}
