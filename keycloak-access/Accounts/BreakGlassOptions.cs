namespace KeycloakAccess.Accounts;

/// <summary>Sign-ins while Keycloak is away, by a link that the command line of the host issues: section <c>BreakGlass</c>.</summary>
public sealed class BreakGlassOptions
{
    /// <summary>The name of the configuration section.</summary>
    public const string Section = "BreakGlass";

    /// <summary>
    /// Whether links are issued and taken. Default <see langword="false"/>. Turned off, it also ends links that have been issued.
    /// </summary>
    public bool Enabled { get; set; }
}
