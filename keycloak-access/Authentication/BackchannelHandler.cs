using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>
/// The connection from this service to Keycloak. It keeps <c>ssl-required</c>: a plain connection to an address that
/// demands HTTPS is not opened, judged by the address that the name really resolved to. It follows no redirects,
/// since no endpoint of a realm redirects a server.
/// </summary>
internal static class BackchannelHandler
{
    /// <summary>How long one call to Keycloak may take. A caller waits for it, so it is short.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    public static SocketsHttpHandler Create(IOptions<KeycloakOptions> options) => new()
    {
        AllowAutoRedirect = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        // Keycloak may move to another address; a pooled connection would never notice.
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        MaxResponseHeadersLength = 64,
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

    /// <returns>Whether Keycloak's <c>ssl-required</c> demands HTTPS from or to the address.</returns>
    public static bool IsSslRequired(SslRequired required, System.Net.IPAddress? address) => required switch
    {
        SslRequired.None => false,
        SslRequired.External => !LocalAddress.IsLocal(address),
        _ => true,
    };
}
