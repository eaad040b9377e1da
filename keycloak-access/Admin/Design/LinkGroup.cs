namespace KeycloakAccess.Admin.Design;

/// <summary>The first links of a kind, and the list of all of them, where there are more.</summary>
public sealed record LinkGroup(string Title, IReadOnlyList<(string Path, string Title)> Links, string? MorePath);
