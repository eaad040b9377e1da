using System.Data.Common;
using System.Text.Json;

namespace KeycloakAccess.Data;

/// <summary>One refusal of one request.</summary>
/// <param name="Actor">Who was refused.</param>
/// <param name="Model">The model of the permission that was asked for; <see langword="null"/> where any account that is enabled may call.</param>
/// <param name="Action">The action of that permission.</param>
/// <param name="RowId">The row that the address names, if it names one.</param>
/// <param name="Code">Why, as in problem details.</param>
/// <param name="Scope">The scope that the token lacks, where that is why.</param>
/// <param name="MissingPermissions">What the caller would have had to hold to hand it out, where that is why.</param>
/// <param name="HttpMethod">The method of the request.</param>
/// <param name="Path">The path as the route is written, so that calls of one kind have one path.</param>
internal sealed record DeniedRequest(
    Actor Actor,
    string? Model,
    string? Action,
    string? RowId,
    string Code,
    string? Scope,
    IReadOnlyList<string>? MissingPermissions,
    string HttpMethod,
    string Path);

/// <summary>
/// Writes denied requests into the audit log, off the request path. A caller in a loop fills neither the log nor the memory:
/// the same refusal is one row with a count.
/// </summary>
internal sealed class DeniedRequestLog(Database database, TimeProvider clock, ILogger<DeniedRequestLog> logger)
    : WriteBehind<DeniedRequestLog.Key, AuditRow>(database, clock, logger, "Denied requests", TimeSpan.FromMilliseconds(500))
{
    private const int MostMissingPermissions = 20;

    public void Add(DeniedRequest refusal)
    {
        var at = Clock.GetUtcNow();
        var missing = refusal.MissingPermissions?.Take(MostMissingPermissions).ToArray();
        var key = new Key(
            refusal.Actor.AccountId,
            refusal.Actor.Method,
            refusal.Model,
            refusal.Action,
            refusal.Code,
            refusal.Scope,
            string.Join(' ', missing ?? []),
            refusal.HttpMethod,
            refusal.Path);
        Add(key, new AuditRow
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
            MissingPermissions = missing is null ? null : JsonSerializer.Serialize(missing),
            HttpMethod = refusal.HttpMethod,
            Path = refusal.Path,
        });
    }

    // The row is named only where all of them were about it.
    protected override AuditRow Merge(AuditRow earlier, AuditRow later) => earlier with
    {
        Count = earlier.Count + later.Count,
        LastAt = later.At,
        RowId = string.Equals(earlier.RowId, later.RowId, StringComparison.Ordinal) ? earlier.RowId : null,
    };

    protected override Task WriteAsync(
        DbConnection connection, DbTransaction transaction, IReadOnlyList<KeyValuePair<Key, AuditRow>> batch, CancellationToken cancellationToken) =>
        AuditLog.InsertAsync(connection, transaction, [.. batch.Select(item => item.Value)], cancellationToken);

    protected override long CountOf(AuditRow item) => item.Count;

    protected override Task WriteLostAsync(DbConnection connection, DbTransaction transaction, long count, CancellationToken cancellationToken)
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

    /// <summary>In what two refusals are the same.</summary>
    internal readonly record struct Key(
        Guid? AccountId, string Method, string? Model, string? Action, string Code, string? Scope, string Missing, string HttpMethod, string Path);
}
