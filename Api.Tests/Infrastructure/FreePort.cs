using System.Net;
using System.Net.Sockets;

namespace Api.Tests.Infrastructure;

/// <summary>A port for what must know its address before it starts.</summary>
internal static class FreePort
{
    /// <returns>A port of this machine that was free a moment ago.</returns>
    public static int Find()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
