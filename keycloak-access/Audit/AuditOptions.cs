namespace KeycloakAccess.Audit;

/// <summary>How long the audit log is kept: section <c>Audit</c>.</summary>
public sealed class AuditOptions
{
    /// <summary>The name of the configuration section.</summary>
    public const string Section = "Audit";

    /// <summary>
    /// How long a row is kept, in days (<c>90</c>) or as <c>d.hh:mm:ss</c>: from 7 days to 36,500 days, or <c>0</c> for
    /// ever. Default 365 days. Older rows are deleted at start and every hour. The database itself refuses to delete
    /// younger ones.
    /// </summary>
    public TimeSpan KeepFor { get; set; } = TimeSpan.FromDays(365);

    internal bool IsValid => KeepFor == TimeSpan.Zero || (KeepFor >= TimeSpan.FromDays(7) && KeepFor <= TimeSpan.FromDays(36_500));
}
