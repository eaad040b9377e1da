namespace KeycloakAccess.Admin.Design;

/// <summary>The addresses of the first page, where another is shown, and of the next, where there is one.</summary>
public sealed record Paging(string? First, string? Next)
{
    internal static Paging Create(bool isFirst, string? next, Func<string?, string> path) =>
        new(isFirst ? null : path(null), next is null ? null : path(next));
}
