using System.Globalization;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Audit;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.AuditPages;

/// <summary>The newest come first, so what is written meanwhile is not in the file.</summary>
internal static class AuditExport
{
    private static readonly string[] Columns =
    [
        "at", "kind", "account", "accountId", "method", "model", "rowId", "action", "oldValues", "newValues", "reason",
        "permission", "code", "missingScope", "missingPermissions", "httpMethod", "path", "count", "lastAt", "requestId", "id",
    ];

    // The lines of JSON are the rows as GET /api/audit has them.
    public static ExportedList<AuditRow> Create(
        AuditReader audit, Caller caller, AuditFilter filter, CancellationToken cancellationToken) => new(
        "audit",
        Columns,
        row => Values(row).Select(ExportFile.Cell),
        AuditEndpoints.ToResponse,
        ExportFile.ReadAsync(filter with { Limit = ExportFile.RowsAtATime }, async page =>
        {
            var (rows, next) = await audit.ListAsync(caller, page, cancellationToken);
            return (rows, next is null ? null : page with { After = next });
        }, cancellationToken));

    private static string?[] Values(AuditRow row) =>
    [
        Instant(row.At), row.Kind, row.Account, row.AccountId?.ToString(), row.Method, row.Model, row.RowId, row.Action,
        row.OldValues, row.NewValues, row.Reason, row.Permission, row.Code, row.Scope, row.MissingPermissions, row.HttpMethod,
        row.Path, row.Count.ToString(CultureInfo.InvariantCulture), row.LastAt is { } last ? Instant(last) : null,
        row.RequestId, row.Id.ToString(),
    ];

    private static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
}
