using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace KeycloakAccess.Hosting;

/// <summary>
/// Refuses a request for a host that <c>AllowedHosts</c> does not list, once the proxies have said which one the caller asked for, and one
/// that is no host name at all. The framework's own check comes before the proxies, and refuses probes, which ask for this machine.
/// </summary>
internal static class AllowedHosts
{
    public const string Setting = "AllowedHosts";

    private static readonly char[] Separators = [';', ',', ' '];

    public static void AddAllowedHosts(this IServiceCollection services) =>
        services.Configure<HostFilteringOptions>(options => options.AllowedHosts = ["*"]);

    public static void UseAllowedHosts(this WebApplication app, PathString except)
    {
        var allowed = Read(app.Configuration[Setting]);
        app.Use((context, next) =>
        {
            var host = context.Request.Host.Value ?? "";
            return context.Request.Path.StartsWithSegments(except, StringComparison.Ordinal)
                || (HostNames.IsValid(host) && (allowed.Length == 0 || HostString.MatchesAny(host, allowed)))
                    ? next(context)
                    : new RequestMistake(
                        StatusCodes.Status400BadRequest,
                        ProblemCode.HostRefused,
                        "Host",
                        $"This service does not answer to that host name. {Setting} lists those that it answers to.").AnswerAsync(context);
        });
    }

    // Empty for any.
    private static StringSegment[] Read(string? value)
    {
        var hosts = (value ?? "").Split(Separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string[] mistakes =
        [
            .. hosts.Where(host => host != "*" && !HostNames.IsValid(host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host))
                .Select(host => $"{Setting} holds \"{host}\". It must be a host name, as in api.example.com or *.example.com."),
        ];
        return mistakes.Length > 0 ? throw new OptionsValidationException(Setting, typeof(HostFilteringOptions), mistakes)
            : hosts.Contains("*", StringComparer.Ordinal) ? []
            : [.. hosts.Select(host => new StringSegment(host))];
    }
}

internal static class HostNames
{
    // RFC 1035, section 2.3.4.
    private const int Longest = 255;

    /// <summary>A name or an address, with a port or without, that every program reads alike.</summary>
    public static bool IsValid(string text)
    {
        var end = text.StartsWith('[') ? text.IndexOf(']', StringComparison.Ordinal) + 1 : text.IndexOf(':', StringComparison.Ordinal);
        var (host, port) = end < 0 ? (text, "") : (text[..end], text[end..]);
        return IsPort(port) && (host.StartsWith('[') ? IsAddress(host) : IsName(host));
    }

    private static bool IsPort(string text) =>
        text.Length == 0 || (text[0] == ':' && text.Length is > 1 and <= 6 && ushort.TryParse(text.AsSpan(1), out _)
            && text.Skip(1).All(char.IsAsciiDigit));

    private static bool IsAddress(string text) =>
        text.Length > 2 && !text.Contains('%', StringComparison.Ordinal)
        && IPAddress.TryParse(text.AsSpan(1, text.Length - 2), out var address) && address.AddressFamily == AddressFamily.InterNetworkV6;

    private static bool IsName(string text) =>
        text.Length is > 0 and <= Longest
        && text.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '.' or '_')
        && Uri.CheckHostName(text) != UriHostNameType.Unknown;
}
