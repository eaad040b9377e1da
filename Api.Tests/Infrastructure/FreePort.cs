using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Api.Tests.Infrastructure;

/// <summary>A port for what must know its address before it starts.</summary>
internal static class FreePort
{
    // Below the ports that the system hands out by itself, to whoever asks for any at all.
    private const int First = 10_000;
    private const int Last = 19_999;

    private static readonly ConcurrentDictionary<int, bool> Given = [];

    /// <returns>A port of this machine that nothing listens on, and that nobody else gets in this run.</returns>
    public static int Find()
    {
        while (true)
        {
            var port = Random.Shared.Next(First, Last + 1);
            if (
                IsFree(IPAddress.Loopback, port)
                && (!Socket.OSSupportsIPv6 || IsFree(IPAddress.IPv6Loopback, port))
                && Given.TryAdd(port, true))
            {
                return port;
            }
        }
    }

    /// <summary>
    /// Returns when nothing listens on the port any more: a server that has ended lets go of it a moment later. After ten seconds
    /// whoever wants to listen finds out who else does.
    /// </summary>
    public static async Task WaitAsync(int port, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < 500 && !IsFree(IPAddress.Loopback, port); attempt++)
        {
            await Task.Delay(20, cancellationToken);
        }
    }

    private static bool IsFree(IPAddress address, int port)
    {
        try
        {
            using var listener = new TcpListener(address, port);
            listener.Start();
            return true;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressNotAvailable)
        {
            // A machine without this kind of address.
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
