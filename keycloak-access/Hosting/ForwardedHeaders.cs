using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace KeycloakAccess.Hosting;

/// <summary>What proxies say of a request. What none has said is null, and stays as the connection has it.</summary>
internal sealed record ForwardedRequest(IPAddress? Caller, string? Scheme, string? Host, string Prefix)
{
    public void ApplyTo(HttpContext context)
    {
        var (connection, request) = (context.Connection, context.Request);
        if (!Equals(connection.RemoteIpAddress, Caller))
        {
            connection.RemoteIpAddress = Caller;
            connection.RemotePort = 0;
        }

        request.Scheme = Scheme ?? request.Scheme;
        request.Host = Host is null ? request.Host : new HostString(Host);
        request.PathBase = request.PathBase.Add(new PathString(Prefix));
    }
}

/// <summary>
/// Reads X-Forwarded-For, -Proto, -Host and -Prefix from the right: each proxy adds its value there, and is believed only if the one
/// behind it has named its address and it is listed itself. The framework's middleware takes any scheme and any prefix, and does not say
/// what it could not read.
/// </summary>
internal static partial class ForwardedHeaders
{
    private const string For = "X-Forwarded-For";
    private const string Proto = "X-Forwarded-Proto";
    private const string ForwardedHost = "X-Forwarded-Host";
    private const string ForwardedPrefix = "X-Forwarded-Prefix";

    // The others are read where they are needed, from a proxy that is listed.
    private static readonly string[] Names =
        [For, Proto, ForwardedHost, ForwardedPrefix, "X-Forwarded-Method", "X-Forwarded-Uri", "Client-Cert"];

    public static bool AreSent(IHeaderDictionary headers) => Names.Any(headers.ContainsKey);

    /// <returns>Null if a proxy that is listed has sent what cannot be read.</returns>
    public static ForwardedRequest? Read(IHeaderDictionary headers, IPAddress? sender, Func<IPAddress?, bool> isListed, out string? mistake)
    {
        var (addresses, schemes) = (Values(headers, For), Values(headers, Proto));
        var (hosts, prefixes) = (Values(headers, ForwardedHost), Values(headers, ForwardedPrefix));
        var known = new ForwardedRequest(sender, Scheme: null, Host: null, Prefix: "");
        mistake = null;
        for (var hop = 0; isListed(known.Caller); hop++)
        {
            var (scheme, host, prefix) = (At(schemes, hop)?.ToLowerInvariant(), At(hosts, hop), ParsePrefix(At(prefixes, hop) ?? ""));
            mistake =
                scheme is not (null or "http" or "https") ? $"{Proto} must be http or https."
                : host is not null && !HostNames.IsValid(host) ? $"{ForwardedHost} must be a host name, with a port or without."
                : prefix is null ? $"{ForwardedPrefix} must be a path of letters, digits and - . _ ~, as in /access."
                : null;
            if (mistake is not null)
            {
                return null;
            }

            known = known with { Scheme = scheme ?? known.Scheme, Host = host ?? known.Host, Prefix = prefix + known.Prefix };
            if (hop >= addresses.Length)
            {
                // Nobody says who has sent what stands further to the left.
                var longest = Math.Max(schemes.Length, Math.Max(hosts.Length, prefixes.Length));
                mistake = longest > hop + 1 ? $"{For} must name every proxy that has added to the other X-Forwarded headers." : null;
                return mistake is null ? known : null;
            }

            if (ParseAddress(addresses[^(hop + 1)], withPort: true) is not { } caller)
            {
                return known;
            }

            known = known with { Caller = caller };
        }

        return known;
    }

    /// <summary>An address in its usual spelling, with a port where that may be: <c>192.0.2.1:80</c>, <c>[2001:db8::1]:80</c>.</summary>
    public static IPAddress? ParseAddress(string text, bool withPort)
    {
        // The parser takes the zone of an address too, and 127.1 and 0x7f.1 for 127.0.0.1.
        if (text.Contains('%', StringComparison.Ordinal)
            || !IPEndPoint.TryParse(text, out var end)
            || (!withPort && (end.Port != 0 || text.StartsWith('[') || IPAddress.TryParse(text, out _) is false)))
        {
            return null;
        }

        return end.Address.AddressFamily == AddressFamily.InterNetwork && text.Split(':')[0] != end.Address.ToString()
            ? null
            : Unmap(end.Address);
    }

    public static IPAddress? Unmap(IPAddress? address) => address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;

    /// <summary>A path without a slash at its end; empty for none, null for what would not be the same path to everybody.</summary>
    public static string? ParsePrefix(string text)
    {
        var prefix = text.EndsWith('/') ? text[..^1] : text;
        return prefix.Length == 0 || Prefix().IsMatch(prefix) ? prefix : null;
    }

    // Several headers of one name are one list (RFC 9110, section 5.3).
    private static string[] Values(IHeaderDictionary headers, string name) =>
        headers.TryGetValue(name, out var lines) ? string.Join(',', lines.ToArray()).Split(',', StringSplitOptions.TrimEntries) : [];

    private static string? At(string[] values, int hop) =>
        hop < values.Length && values[^(hop + 1)] is { Length: > 0 } value ? value : null;

    [GeneratedRegex(@"^(/(?!\.{1,2}(/|\z))[A-Za-z0-9._~-]{1,100}){1,10}\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Prefix();
}
