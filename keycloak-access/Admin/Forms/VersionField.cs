namespace KeycloakAccess.Admin.Forms;

public sealed record VersionField(string Title, string Mine, string Theirs)
{
    public bool Differs => !string.Equals(Mine, Theirs, StringComparison.Ordinal);
}
