using KeycloakAccess.Texts;

namespace KeycloakAccess.Data;

/// <summary>Patterns for <c>folded(column) LIKE … ESCAPE '\'</c>, in which the caller's text stands for itself, in any case.</summary>
internal static class LikePattern
{
    /// <returns><see langword="null"/>, which nothing is like, where nothing is left of the text.</returns>
    public static string? Containing(string text) => Folding.Fold(text) is { Length: > 0 } folded
        ? "%" + folded
            .Replace(@"\", @"\\", StringComparison.Ordinal)
            .Replace("%", @"\%", StringComparison.Ordinal)
            .Replace("_", @"\_", StringComparison.Ordinal) + "%"
        : null;
}
