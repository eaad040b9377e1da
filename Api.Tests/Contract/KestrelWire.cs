using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Api.Tests.Infrastructure;

namespace Api.Tests.Contract;

/// <summary>The application behind its real server, spoken to byte by byte: what no HTTP client would send or show.</summary>
internal sealed class KestrelWire : IAsyncDisposable
{
    private readonly ApiVariant _variant;
    private readonly int _port;

    public KestrelWire(ApiUnderTest api, params (string Key, string? Value)[] settings)
    {
        _variant = api.Variant(settings);
        _port = _variant.Listen();
    }

    /// <summary>Sends the lines of a request; the connection is closed after its one answer.</summary>
    public async Task<(int Status, Dictionary<string, string> Headers, string Body)> SendAsync(string request, params string[] headers)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, _port, TestContext.Current.CancellationToken);
        await using var stream = socket.GetStream();
        var head = string.Join("\r\n", [$"{request} HTTP/1.1", "Host: localhost", "Connection: close", .. headers]);
        var body = headers.LastOrDefault()?.Contains("\r\n\r\n", StringComparison.Ordinal) is true ? "" : "\r\n\r\n";
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(head + body), TestContext.Current.CancellationToken);
        }
        catch (IOException)
        {
            // It was answered before all was sent.
        }

        using var reader = new StreamReader(stream, Encoding.Latin1);
        var answer = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        var end = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var lines = answer[..end].Split("\r\n");
        var fields = lines[1..].Select(line => line.Split(": ", 2)).GroupBy(line => line[0], StringComparer.OrdinalIgnoreCase)
            .ToDictionary(line => line.Key, line => string.Join(", ", line.Select(each => each[1])), StringComparer.OrdinalIgnoreCase);
        var content = answer[(end + 4)..];
        return (
            int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture),
            fields,
            content.Length > 0 && fields.ContainsKey("Transfer-Encoding") ? Join(content) : content);
    }

    // RFC 9112, section 7.1.
    private static string Join(string chunks)
    {
        var content = new StringBuilder();
        for (var at = 0; ;)
        {
            var end = chunks.IndexOf("\r\n", at, StringComparison.Ordinal);
            var size = int.Parse(chunks[at..end], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (size == 0)
            {
                return content.ToString();
            }

            content.Append(chunks, end + 2, size);
            at = end + 2 + size + 2;
        }
    }

    public ValueTask DisposeAsync() => _variant.DisposeAsync();
}
