namespace KeycloakAccess.Admin;

/// <summary>The staff pages: section <c>Admin</c>.</summary>
public sealed class AdminOptions
{
    /// <summary>The name of the configuration section.</summary>
    public const string Section = "Admin";

    internal const int LongestTitle = 60;

    /// <summary>At most 60 characters: what the pages are called, at their head and in the titles of windows.</summary>
    public string Title { get; set; } = "Acme admin";
}
