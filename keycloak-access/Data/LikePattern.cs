namespace KeycloakAccess.Data;

/// <summary>Patterns for <c>LIKE … ESCAPE '\'</c>, in which the caller's text stands for itself.</summary>
internal static class LikePattern
{
    public static string Containing(string text) =>
        "%" + text
            .Replace(@"\", @"\\", StringComparison.Ordinal)
            .Replace("%", @"\%", StringComparison.Ordinal)
            .Replace("_", @"\_", StringComparison.Ordinal) + "%";
}
