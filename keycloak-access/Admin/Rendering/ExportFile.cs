using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Admin.Rendering;

/// <summary>A list as a file. Cells that anybody could have written are each made by <see cref="ExportFile.Cell"/>.</summary>
internal sealed record ExportedList<TRow>(
    string Name,
    IEnumerable<string> Columns,
    Func<TRow, IEnumerable<string>> Cells,
    Func<TRow, object> Line,
    IAsyncEnumerable<IReadOnlyList<TRow>> Pages);

internal enum ExportFormat
{
    /// <summary>Comma-separated values (RFC 4180) in UTF-8, with the byte order mark that spreadsheets look for.</summary>
    Csv,

    /// <summary>One JSON object on each line (https://jsonlines.org).</summary>
    JsonLines,
}

/// <summary>Writes lists as files while they are being read: neither a file nor its rows are ever in memory as a whole.</summary>
internal static partial class ExportFile
{
    public const int RowsAtATime = 500;

    /// <summary>A file that is not what was asked for must not be written.</summary>
    public static IResult Refuse(IReadOnlyList<string> mistakes) =>
        Problem.Create(StatusCodes.Status400BadRequest, ProblemCode.InvalidRequest, string.Join(' ', mistakes));

    public static async Task<IResult> WriteAsync<TRow>(PageContext page, ExportFormat format, ExportedList<TRow> export)
    {
        var isCsv = format == ExportFormat.Csv;
        var response = page.Http.Response;
        response.ContentType = isCsv ? "text/csv; charset=utf-8" : "application/jsonl; charset=utf-8";
        response.Headers.ContentDisposition = $"attachment; filename=\"{export.Name}.{(isCsv ? "csv" : "jsonl")}\"";
        var json = page.Http.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        if (isCsv)
        {
            await WriteTextAsync("\uFEFF" + string.Join(',', export.Columns) + "\r\n");
        }

        await foreach (var rows in export.Pages.WithCancellation(page.Cancellation))
        {
            await WriteTextAsync(string.Concat(rows.Select(row =>
                isCsv ? string.Join(',', export.Cells(row)) + "\r\n" : JsonSerializer.Serialize(export.Line(row), json) + "\n")));
        }

        return TypedResults.Empty;

        async ValueTask WriteTextAsync(string text) =>
            await response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(text), page.Cancellation);
    }

    public static async IAsyncEnumerable<IReadOnlyList<TRow>> ReadAsync<TQuery, TRow>(
        TQuery first,
        Func<TQuery, Task<(IReadOnlyList<TRow> Rows, TQuery? Next)>> read,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
        where TQuery : class
    {
        for (TQuery? query = first; query is not null;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            (var rows, query) = await read(query);
            yield return rows;
        }
    }

    /// <summary>Of a list that is in memory.</summary>
    public static async IAsyncEnumerable<IReadOnlyList<TRow>> FromMemory<TRow>(IEnumerable<TRow> rows)
    {
        foreach (var part in rows.Chunk(RowsAtATime))
        {
            yield return part;
        }

        await Task.CompletedTask;
    }

    /// <summary>
    /// A value as a cell. A spreadsheet takes what begins as a formula does for one, and texts come from strangers: an
    /// apostrophe makes it text (OWASP, CSV injection). In countries that write decimals with a comma, cells begin after a
    /// semicolon as well.
    /// </summary>
    public static string Cell(string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            return "";
        }

        value = Formula().Replace(value, "'");
        return value.AsSpan().IndexOfAny("\",\r\n") < 0 ? value : $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    public static string Instant(DateTimeOffset? at) => at?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture) ?? "";

    [GeneratedRegex("^(?=[\\t\\r\\n])|(?<=^|[;\\t\\r\\n\"])(?=[=+@-])", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Formula();
}
