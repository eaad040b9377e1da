using System.Globalization;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using KeycloakAccess.Audit;
using KeycloakAccess.Data;

namespace KeycloakAccess.Admin.AuditPages;

/// <summary>Writes the audit log as a file. The newest come first, so what is written meanwhile is not in it.</summary>
internal static class AuditExport
{
    private static readonly string[] Columns =
    [
        "at", "kind", "account", "accountId", "method", "model", "rowId", "action", "oldValues", "newValues", "reason", "permission", "code", "missingScope",
        "missingPermissions", "httpMethod", "path", "count", "lastAt", "requestId", "id",
    ];

    public static Task WriteCsvAsync(PipeWriter output, AuditStore store, AuditFilter filter, CancellationToken cancellationToken) =>
        ExportFile.WriteCsvAsync(output, Columns, ReadAsync(store, filter, cancellationToken), row => Values(row).Select(ExportFile.Cell), cancellationToken);

    /// <summary>The rows as <c>GET /api/audit</c> has them.</summary>
    public static Task WriteJsonLinesAsync(PipeWriter output, AuditStore store, AuditFilter filter, JsonSerializerOptions options, CancellationToken cancellationToken) =>
        ExportFile.WriteJsonLinesAsync(output, ReadAsync(store, filter, cancellationToken), AuditEndpoints.ToResponse, options, cancellationToken);

    private static async IAsyncEnumerable<IReadOnlyList<AuditRow>> ReadAsync(
        AuditStore store, AuditFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (AuditFilter? page = filter with { Limit = ExportFile.RowsAtATime }; page is not null;)
        {
            var (rows, next) = await store.ListAsync(page, cancellationToken);
            yield return rows;
            page = next is null ? null : page with { After = AuditStore.Read(next.ToString()) };
        }
    }

    private static string?[] Values(AuditRow row) =>
    [
        Instant(row.At), row.Kind, row.Account, row.AccountId?.ToString(), row.Method, row.Model, row.RowId, row.Action, row.OldValues, row.NewValues, row.Reason, row.Permission,
        row.Code, row.Scope, row.MissingPermissions, row.HttpMethod, row.Path, row.Count.ToString(CultureInfo.InvariantCulture), row.LastAt is { } last ? Instant(last) : null, row.RequestId,
        row.Id.ToString(),
    ];

    private static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
}
