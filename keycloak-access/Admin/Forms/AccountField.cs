namespace KeycloakAccess.Admin.Forms;

/// <summary>A field that names an account: by its user name, or as <c>ada [id]</c> where several have that.</summary>
internal static class AccountField
{
    public static string? IdIn(string text) =>
        text.EndsWith(']')
        && text.LastIndexOf(" [", StringComparison.Ordinal) is >= 0 and var start
        && Guid.TryParse(text[(start + 2)..^1], out _)
            ? text[(start + 2)..^1]
            : null;
}
