using System.Net;
using System.Net.Sockets;

namespace Benchmarks;

/// <summary>One connection, one request after the other.</summary>
internal sealed class TokenCaller : IDisposable
{
    private readonly HttpClient _http;
    private readonly Uri _endpoint;

    public TokenCaller(Uri endpoint)
    {
        _endpoint = endpoint;
        // Keycloak listens on IPv4 only here, and a first attempt with IPv6 takes time.
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = 1, ConnectCallback = ConnectAsync });
    }

    public async Task<bool> TryAsync()
    {
        using var form = new FormUrlEncodedContent(
            [new("grant_type", "client_credentials"), new("client_id", "acme-reader"), new("client_secret", "acme-reader-secret")]);
        try
        {
            using var answer = await _http.PostAsync(_endpoint, form);
            await answer.Content.ReadAsByteArrayAsync();
            return answer.StatusCode is HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public void Dispose() => _http.Dispose();

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
