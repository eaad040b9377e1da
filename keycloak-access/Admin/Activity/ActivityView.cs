namespace KeycloakAccess.Admin.Activity;

/// <summary>A row of the audit log, in a sentence.</summary>
public sealed record ActivityView(
    Guid Id, DateTimeOffset At, string Account, Guid? AccountId, string Method, string Text, string? Reason, bool IsRefusal);

/// <summary>A field that a change has changed; <see langword="null"/> on the side that has no value.</summary>
public sealed record AuditFieldChange(string Field, string? Before, string? After);
