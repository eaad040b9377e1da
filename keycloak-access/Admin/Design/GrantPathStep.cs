namespace KeycloakAccess.Admin.Design;

public sealed record GrantPathStep(string Kind, string Text, string? Path = null);
