namespace Api.Permissions;

/// <summary>What a local group may be called, and how much it may hold: the same by hand, through the API and in a document.</summary>
internal static class GroupLimits
{
    public const int LongestName = 100;
    public const int LongestDescription = 500;

    /// <summary>How many permissions it may grant, and how many it may deny.</summary>
    public const int MostPermissions = 200;

    /// <summary>A regular expression, alike in .NET and in JSON Schema (ECMA-262).</summary>
    public const string NamePattern = "^[a-z0-9]+(-[a-z0-9]+)*$";

    public const string NameRule = "may hold lower-case letters, digits and single dashes between them.";

    /// <returns>What is wrong with a permission that a group both grants and denies.</returns>
    public static string GrantedAndDenied(string permission) => $"{permission} is granted and denied. Denied would win; leave one out.";
}
