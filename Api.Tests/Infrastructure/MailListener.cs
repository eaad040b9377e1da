using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Channels;

namespace Api.Tests.Infrastructure;

/// <summary>Takes what a realm sends by mail (RFC 5321, as much of it as one sender needs).</summary>
internal sealed partial class MailListener : IDisposable
{
    private readonly TcpListener _listener;
    private readonly Channel<string> _mails = Channel.CreateUnbounded<string>();

    public MailListener(int port)
    {
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>The link in the next mail.</summary>
    public async Task<string> LinkAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        var mail = await _mails.Reader.ReadAsync(limit.Token);

        // Quoted-printable (RFC 2045, section 6.7).
        var text = mail.Replace("=\r\n", "", StringComparison.Ordinal).Replace("=3D", "=", StringComparison.Ordinal);
        return Link().Match(text).Value;
    }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                await TakeAsync(client.GetStream());
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or IOException)
        {
            // The listener has been closed, or the sender has.
        }
    }

    private async Task TakeAsync(NetworkStream stream)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
        async Task SayAsync(string line) => await stream.WriteAsync(Encoding.ASCII.GetBytes(line + "\r\n"));

        await SayAsync("220 here");
        while (await reader.ReadLineAsync() is { } command)
        {
            switch (command.Split(' ')[0].ToUpperInvariant())
            {
                case "DATA":
                    await SayAsync("354 go on");
                    var mail = new StringBuilder();
                    while (await reader.ReadLineAsync() is { } line && line is not ".")
                    {
                        mail.Append(line).Append("\r\n");
                    }

                    _mails.Writer.TryWrite(mail.ToString());
                    await SayAsync("250 taken");
                    break;
                case "QUIT":
                    await SayAsync("221 bye");
                    return;
                default:
                    await SayAsync("250 fine");
                    break;
            }
        }
    }

    [GeneratedRegex(@"http://\S+action-token\S+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Link();
}
