namespace KeycloakAccess.Admin.Design;

/// <summary>One step of a grant path.</summary>
/// <param name="Kind">What it is: a role, a mapping, a group, a permission.</param>
/// <param name="Text">Its name.</param>
/// <param name="Path">Its page, where there is one.</param>
public sealed record GrantPathStep(string Kind, string Text, string? Path = null);
