namespace KeycloakAccess.Data;

/// <summary>How the database is used: section <c>Database</c>. <c>ConnectionStrings:Database</c> says which it is.</summary>
public sealed class DatabaseOptions
{
    /// <summary>The name of the configuration section.</summary>
    public const string Section = "Database";

    /// <summary>
    /// Whether a database is used that a newer version has migrated, for going back to an earlier one. Default <see langword="false"/>:
    /// what the newer version made of it may not be what this one expects.
    /// </summary>
    public bool AllowNewer { get; set; }

    /// <summary>
    /// For how long accounts, rules and sessions are decided by memory after the database has last said what changed. After that it is
    /// asked by each request, whose answer is 503 where it does not answer. Default 5 seconds; zero asks each time.
    /// </summary>
    public TimeSpan TrustMemoryFor { get; set; } = TimeSpan.FromSeconds(5);
}
