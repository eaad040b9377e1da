using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Benchmarks.Calls;

/// <summary>
/// A connection of HTTP/1.1 with one request after the other, written beforehand: it costs next to nothing beside the server.
/// </summary>
internal sealed class Caller : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[64 * 1024];

    public Caller(int port) => _socket.Connect(IPAddress.Loopback, port);

    public static byte[] Request(int port, string path, string? token = null, string headers = "", string? body = null) =>
        Encoding.ASCII.GetBytes(
            $"{(body is null ? "GET" : "POST")} {path} HTTP/1.1\r\nHost: localhost:{port}\r\n"
                + (token is null ? "" : $"Authorization: Bearer {token}\r\n")
                + (body is null ? "" : $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n")
                + $"{headers}\r\n{body}");

    /// <summary>Answers the status.</summary>
    public async Task<int> CallAsync(byte[] request)
    {
        await _socket.SendAsync(request);
        var (read, end) = (0, -1);
        while (end < 0)
        {
            var count = await _socket.ReceiveAsync(_buffer.AsMemory(read));
            if (count == 0)
            {
                throw new IOException("The server closed the connection.");
            }

            read += count;
            end = EndOf(_buffer.AsSpan(0, read));
        }

        return int.Parse(_buffer.AsSpan(9, 3));
    }

    public void Dispose() => _socket.Dispose();

    // Where the answer ends, or nothing yet.
    private static int EndOf(ReadOnlySpan<byte> answer)
    {
        var head = answer.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return -1;
        }

        var lengthAt = answer[..head].IndexOf("Content-Length: "u8);
        if (lengthAt >= 0)
        {
            var text = answer[(lengthAt + 16)..];
            var length = int.Parse(text[..text.IndexOf((byte)'\r')]);
            return answer.Length >= head + 4 + length ? head + 4 + length : -1;
        }

        return answer[..head].IndexOf("Transfer-Encoding: chunked"u8) < 0 || answer.EndsWith("0\r\n\r\n"u8) ? answer.Length : -1;
    }
}
