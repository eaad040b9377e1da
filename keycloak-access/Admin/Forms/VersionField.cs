namespace KeycloakAccess.Admin.Forms;

/// <summary>A field of something that two people have changed at once.</summary>
/// <param name="Title">What people call it.</param>
/// <param name="Mine">What stands in the form that came too late.</param>
/// <param name="Theirs">What is saved.</param>
public sealed record VersionField(string Title, string Mine, string Theirs)
{
    /// <summary>Whether one must choose.</summary>
    public bool Differs => !string.Equals(Mine, Theirs, StringComparison.Ordinal);
}
