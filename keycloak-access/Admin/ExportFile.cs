using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace KeycloakAccess.Admin;

/// <summary>
/// Writes lists as files, while they are being read: neither a file nor its rows are ever in memory as a whole, and the first
/// rows are there at once.
/// </summary>
internal static partial class ExportFile
{
    /// <summary>How many rows are to be read for each piece of a file.</summary>
    public const int RowsAtATime = 500;

    public const string CsvType = "text/csv; charset=utf-8";
    public const string JsonLinesType = "application/jsonl; charset=utf-8";

    /// <summary>Says what comes. Call it when nothing can go wrong any more.</summary>
    public static void Begin(HttpResponse response, string type, string name)
    {
        response.ContentType = type;
        response.Headers.ContentDisposition = $"attachment; filename=\"{name}\"";
    }

    /// <summary>Comma-separated values (RFC 4180) in UTF-8, with the byte order mark that spreadsheets look for.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="columns">The names of the columns.</param>
    /// <param name="pages">The rows, some at a time.</param>
    /// <param name="cells">The cells of a row, each made by <see cref="Cell"/> where anybody could have written what is in it.</param>
    /// <param name="cancellationToken">The request's.</param>
    public static async Task WriteCsvAsync<T>(
        PipeWriter output, IEnumerable<string> columns, IAsyncEnumerable<IReadOnlyList<T>> pages, Func<T, IEnumerable<string>> cells, CancellationToken cancellationToken)
    {
        await output.WriteAsync(Encoding.UTF8.GetBytes("\uFEFF" + string.Join(',', columns) + "\r\n"), cancellationToken);
        await WriteAsync(output, pages, row => string.Join(',', cells(row)) + "\r\n", cancellationToken);
    }

    /// <summary>One JSON object on each line (https://jsonlines.org).</summary>
    public static Task WriteJsonLinesAsync<T>(
        PipeWriter output, IAsyncEnumerable<IReadOnlyList<T>> pages, Func<T, object> line, JsonSerializerOptions options, CancellationToken cancellationToken) =>
        WriteAsync(output, pages, row => JsonSerializer.Serialize(line(row), options) + "\n", cancellationToken);

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

    private static async Task WriteAsync<T>(PipeWriter output, IAsyncEnumerable<IReadOnlyList<T>> pages, Func<T, string> write, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        await foreach (var rows in pages.WithCancellation(cancellationToken))
        {
            text.Clear();
            foreach (var row in rows)
            {
                text.Append(write(row));
            }

            await output.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), cancellationToken);
        }
    }

    [GeneratedRegex("^(?=[\\t\\r\\n])|(?<=^|[;\\t\\r\\n\"])(?=[=+@-])", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Formula();
}
