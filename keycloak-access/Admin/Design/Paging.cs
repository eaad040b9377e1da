namespace KeycloakAccess.Admin.Design;

/// <summary>The addresses of the first page of a list, where another is shown, and of the next, where there is one.</summary>
public sealed record Paging(string? First, string? Next)
{
    /// <param name="isFirst">Whether the first page is shown.</param>
    /// <param name="next">Where the next page starts.</param>
    /// <param name="path">The address of the list from a place on, or from its beginning.</param>
    internal static Paging Create(bool isFirst, string? next, Func<string?, string> path) => new(isFirst ? null : path(null), next is null ? null : path(next));
}
