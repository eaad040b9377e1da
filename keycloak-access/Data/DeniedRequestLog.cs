using System.Data.Common;
using System.Text.Json;

namespace KeycloakAccess.Data;

internal sealed record DeniedRequest
{
    public required Actor Actor { get; init; }

    /// <summary>Of the permission that was asked for: none where any account that is enabled may call.</summary>
    public string? Model { get; init; }

    public string? Action { get; init; }

    public string? RowId { get; init; }

    public required string Code { get; init; }

    public string? Scope { get; init; }

    /// <summary>What the caller would have had to hold to grant it.</summary>
    public IReadOnlyList<string>? MissingPermissions { get; init; }

    public required string HttpMethod { get; init; }

    /// <summary>The path as the route is written, so that calls of one kind have one path.</summary>
    public required string Path { get; init; }
}

/// <summary>The same refusal is one row with a count, so that a caller in a loop fills neither the log nor the memory.</summary>
internal sealed class DeniedRequestLog(Database database, TimeProvider clock, ILogger<DeniedRequestLog> logger)
    : WriteBehind<AuditRow, AuditRow>(database, clock, logger, "Denied requests", TimeSpan.FromMilliseconds(500))
{
    private const int MostMissingPermissions = 20;

    public void Add(DeniedRequest refusal)
    {
        var at = Clock.GetUtcNow();
        var row = new AuditRow
        {
            Id = Guid.CreateVersion7(at),
            At = at,
            Kind = AuditRow.DeniedRequestKind,
            AccountId = refusal.Actor.AccountId,
            Account = refusal.Actor.Name,
            Method = refusal.Actor.Method,
            RequestId = refusal.Actor.RequestId,
            Model = refusal.Model,
            RowId = refusal.RowId,
            Action = refusal.Action,
            Permission = refusal.Model is null ? null : $"{refusal.Model}:{refusal.Action}",
            Code = refusal.Code,
            Scope = refusal.Scope,
            MissingPermissions = refusal.MissingPermissions is { } missing
                ? JsonSerializer.Serialize(missing.Take(MostMissingPermissions))
                : null,
            HttpMethod = refusal.HttpMethod,
            Path = refusal.Path,
        };
        // Two refusals are the same if they differ in nothing else.
        Add(row with { Id = Guid.Empty, At = default, Account = "", RequestId = null, RowId = null }, row);
    }

    // The row is named only where all of them were about it.
    protected override AuditRow Merge(AuditRow earlier, AuditRow later) => earlier with
    {
        Count = earlier.Count + later.Count,
        LastAt = later.At,
        RowId = string.Equals(earlier.RowId, later.RowId, StringComparison.Ordinal) ? earlier.RowId : null,
    };

    protected override Task WriteAsync(
        DbConnection connection,
        DbTransaction transaction,
        IReadOnlyList<KeyValuePair<AuditRow, AuditRow>> batch,
        CancellationToken cancellationToken) =>
        AuditLog.InsertAsync(connection, transaction, [.. batch.Select(item => item.Value)], cancellationToken);

    protected override long CountOf(AuditRow item) => item.Count;

    protected override Task WriteLostAsync(
        DbConnection connection, DbTransaction transaction, long count, CancellationToken cancellationToken)
    {
        var at = Clock.GetUtcNow();
        var row = new AuditRow
        {
            Id = Guid.CreateVersion7(at),
            At = at,
            Kind = AuditRow.DeniedRequestKind,
            Account = "audit log",
            Method = Actor.Service,
            Code = "not_recorded",
            Count = (int)Math.Min(count, int.MaxValue),
        };
        return AuditLog.InsertAsync(connection, transaction, [row], cancellationToken);
    }
}
