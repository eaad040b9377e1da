using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Api.Audit;
using Api.Data;

namespace Api.Admin.AuditPages;

/// <summary>
/// Writes the audit log as a file, while it is being read: neither the file nor the rows are ever in memory as a whole, and
/// the first rows are there at once. The newest come first, so what is written meanwhile is not in it.
/// </summary>
internal static partial class AuditExport
{
    private const int RowsAtATime = 500;

    private static readonly string[] Columns =
    [
        "at", "kind", "account", "accountId", "method", "model", "rowId", "action", "oldValues", "newValues", "reason", "permission", "code", "missingScope",
        "missingPermissions", "httpMethod", "path", "count", "lastAt", "requestId", "id",
    ];

    /// <summary>Comma-separated values (RFC 4180) in UTF-8, with the byte order mark that spreadsheets look for.</summary>
    public static async Task WriteCsvAsync(PipeWriter output, AuditStore store, AuditFilter filter, CancellationToken cancellationToken)
    {
        await output.WriteAsync(Encoding.UTF8.GetBytes("\uFEFF" + string.Join(',', Columns) + "\r\n"), cancellationToken);
        await WriteAsync(output, store, filter, row => string.Join(',', Values(row).Select(Cell)) + "\r\n", cancellationToken);
    }

    /// <summary>One JSON object on each line, as <c>GET /api/audit</c> has them (https://jsonlines.org).</summary>
    public static Task WriteJsonLinesAsync(PipeWriter output, AuditStore store, AuditFilter filter, JsonSerializerOptions options, CancellationToken cancellationToken) =>
        WriteAsync(output, store, filter, row => JsonSerializer.Serialize(AuditEndpoints.ToResponse(row), options) + "\n", cancellationToken);

    private static async Task WriteAsync(PipeWriter output, AuditStore store, AuditFilter filter, Func<AuditRow, string> write, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        for (AuditFilter? page = filter with { Limit = RowsAtATime }; page is not null;)
        {
            var (rows, next) = await store.ListAsync(page, cancellationToken);
            text.Clear();
            foreach (var row in rows)
            {
                text.Append(write(row));
            }

            await output.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), cancellationToken);
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

    // A spreadsheet takes what begins so for a formula, and names come from strangers: an apostrophe makes it text (OWASP,
    // CSV injection). In countries that write decimals with a comma, cells begin after a semicolon as well.
    private static string Cell(string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            return "";
        }

        value = Formula().Replace(value, "'");
        return value.AsSpan().IndexOfAny("\",\r\n") < 0 ? value : $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    [GeneratedRegex("^(?=[\\t\\r\\n])|(?<=^|[;\\t\\r\\n\"])(?=[=+@-])", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Formula();
}
