namespace KeycloakAccess.Data;

internal sealed record AuditRow
{
    public const string ChangeKind = "change";
    public const string DeniedRequestKind = "denied-request";

    public const string Columns =
        "id, at, kind, account_id, account, method, request_id, model, row_id, action, old_values, new_values, reason, " +
        "permission, code, scope, missing_permissions, http_method, path, count, last_at";

    public required Guid Id { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string Kind { get; init; }

    public Guid? AccountId { get; init; }

    public required string Account { get; init; }

    public required string Method { get; init; }

    public string? RequestId { get; init; }

    public string? Model { get; init; }

    public string? RowId { get; init; }

    public string? Action { get; init; }

    /// <summary>A JSON object, as <see cref="NewValues"/>.</summary>
    public string? OldValues { get; init; }

    public string? NewValues { get; init; }

    public string? Reason { get; init; }

    public string? Permission { get; init; }

    public string? Code { get; init; }

    public string? Scope { get; init; }

    /// <summary>A JSON array.</summary>
    public string? MissingPermissions { get; init; }

    public string? HttpMethod { get; init; }

    public string? Path { get; init; }

    public int Count { get; init; } = 1;

    public DateTimeOffset? LastAt { get; init; }
}
