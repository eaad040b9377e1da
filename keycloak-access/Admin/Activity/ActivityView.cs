namespace KeycloakAccess.Admin.Activity;

public sealed record ActivityView
{
    public required Guid Id { get; init; }
    public required DateTimeOffset At { get; init; }
    public required string Account { get; init; }
    public required Guid? AccountId { get; init; }
    public required string Method { get; init; }
    public required string Text { get; init; }
    public required string? Reason { get; init; }
    public required bool IsRefusal { get; init; }
}

/// <summary><see langword="null"/> stands on the side that has no value.</summary>
public sealed record AuditFieldChange(string Field, string? Before, string? After);
