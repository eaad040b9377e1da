namespace KeycloakAccess.Hosting;

/// <summary>How the service ends: section <c>Shutdown</c>.</summary>
public sealed class ShutdownOptions
{
    /// <summary>The name of the configuration section.</summary>
    public const string Section = "Shutdown";

    /// <summary>
    /// How long the service goes on answering after it was told to end (SIGTERM), no longer ready and closing each connection after
    /// its answer, so that clients and proxies turn away: as <c>hh:mm:ss</c>, at most 5 minutes. Default 5 seconds, in
    /// Development 0.
    /// </summary>
    public TimeSpan? DrainFor { get; set; }

    internal bool IsValid => DrainFor is null || (DrainFor >= TimeSpan.Zero && DrainFor <= TimeSpan.FromMinutes(5));
}
