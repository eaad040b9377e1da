using System.Net;

namespace KeycloakRealm.Endpoints;

/// <summary>The caller's address as Java writes it, as tokens and sessions carry it.</summary>
internal static class RemoteAddress
{
    public static string Of(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress;
        if (address is not null && address.Equals(IPAddress.IPv6Loopback))
        {
            return "0:0:0:0:0:0:0:1";
        }

        return (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString() ?? "127.0.0.1";
    }
}
