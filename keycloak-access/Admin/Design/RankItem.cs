namespace KeycloakAccess.Admin.Design;

public sealed record RankItem(string Label, long Value, string? Path = null);
