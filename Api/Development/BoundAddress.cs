using System.Net;

namespace Api.Development;

internal static class BoundAddress
{
    /// <summary>
    /// The address at which a browser on this machine reaches what the service listens on: that of all its addresses
    /// (<c>http://0.0.0.0:5000</c>, <c>http://[::]:5000</c>, <c>http://*:5000</c>, <c>http://+:5000</c>) is <c>localhost</c>.
    /// </summary>
    /// <returns>Without a path, or <see langword="null"/> for what is no address of a port.</returns>
    public static string? ReachableFrom(string? bound)
    {
        try
        {
            var address = BindingAddress.Parse((bound ?? "").Trim());
            return address.IsUnixPipe || address.IsNamedPipe || address.Port == 0
                ? null
                : new UriBuilder(address.Scheme, HostOf(address.Host), address.Port).Uri.GetLeftPart(UriPartial.Authority);
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            // The server says what is wrong with it when it listens.
            return null;
        }
    }

    private static string HostOf(string host) =>
        host is "*" or "+" || (IPAddress.TryParse(host.Trim('[', ']'), out var address)
            && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)))
            ? "localhost"
            : host;
}
