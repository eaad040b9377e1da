using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

// Applies ssl-required to the address that the host name resolved to. Follows no redirects: no endpoint of a realm redirects a server.
internal static class BackchannelHandler
{
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    public static SocketsHttpHandler Create(IOptions<KeycloakOptions> options) => new()
    {
        AllowAutoRedirect = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        // So that a change of Keycloak's address in DNS is seen.
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        MaxResponseHeadersLength = 64,
        Proxy = options.Value.ProxyUrl.Length > 0 ? new WebProxy(options.Value.ProxyUrl) : null,
        ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                var plain = context.InitialRequestMessage.RequestUri?.Scheme == Uri.UriSchemeHttp;
                var address = (socket.RemoteEndPoint as System.Net.IPEndPoint)?.Address;
                if (plain && IsSslRequired(options.Value.SslRequired, address))
                {
                    throw new HttpRequestException(
                        $"Keycloak at {context.DnsEndPoint.Host} is an external address and Keycloak:ssl-required is external: use https.");
                }

                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    };

    public static bool IsSslRequired(SslRequired required, System.Net.IPAddress? address) => required switch
    {
        SslRequired.None => false,
        SslRequired.External => !LocalAddress.IsLocal(address),
        _ => true,
    };
}
