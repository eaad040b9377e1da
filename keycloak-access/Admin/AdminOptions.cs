using System.ComponentModel.DataAnnotations;

namespace KeycloakAccess.Admin;

/// <summary>The staff pages: section <c>Admin</c>.</summary>
public sealed class AdminOptions
{
    /// <summary>The name of the configuration section.</summary>
    public const string Section = "Admin";

    /// <summary>What the pages are called, at their head and in the titles of windows.</summary>
    [Required]
    [MaxLength(60)]
    public string Title { get; set; } = "Acme admin";
}
