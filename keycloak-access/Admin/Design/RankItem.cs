namespace KeycloakAccess.Admin.Design;

/// <summary>One row of a ranking.</summary>
/// <param name="Label">What it is.</param>
/// <param name="Value">How often.</param>
/// <param name="Path">Its page, where there is one.</param>
public sealed record RankItem(string Label, long Value, string? Path = null);
