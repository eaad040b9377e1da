using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Hosting;

/// <summary>
/// Believes what the proxies of <c>Proxies</c> say of a request, and puts the prefix under which the service is reached into
/// <see cref="HttpRequest.PathBase"/>. Without proxies, X-Forwarded-* is ignored: any caller can send it.
/// </summary>
internal static partial class Proxies
{
    public const string Setting = "Proxies";
    public const string PathBaseSetting = "PathBase";

    private const int MostWarnings = 10;

    /// <summary>Whether a proxy that is listed has sent the request, with what it says of it.</summary>
    public static bool IsTrusted(HttpContext context) => context.Items.ContainsKey(typeof(Proxies));

    public static void UseProxies(this WebApplication app)
    {
        var mistakes = new List<string>();
        var networks = ReadNetworks(app.Configuration.GetSection(Setting), mistakes);
        var pathBase = ReadPathBase(app.Configuration[PathBaseSetting], mistakes);
        // The framework's own switch believes whoever sends these headers, and runs before this.
        if (string.Equals(app.Configuration["ForwardedHeaders_Enabled"], "true", StringComparison.OrdinalIgnoreCase))
        {
            mistakes.Add(
                $"ASPNETCORE_FORWARDEDHEADERS_ENABLED believes X-Forwarded-* of everybody. Remove it, and name the proxies in {Setting}.");
        }

        if (mistakes.Count > 0)
        {
            throw new OptionsValidationException(Setting, typeof(IPNetwork), mistakes);
        }

        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(Proxies));
        var warned = new ConcurrentDictionary<IPAddress, bool>();
        app.Use((context, next) =>
        {
            var connection = context.Connection;
            connection.RemoteIpAddress = ForwardedHeaders.Unmap(connection.RemoteIpAddress);
            if (!ForwardedHeaders.AreSent(context.Request.Headers))
            {
                Strip(context.Request, pathBase);
                return next(context);
            }

            // A connection without an address comes by a Unix socket, from this machine.
            bool IsListed(IPAddress? address) =>
                networks.Count > 0 && (address is null || networks.Any(network => network.Contains(address)));

            if (!IsListed(connection.RemoteIpAddress))
            {
                if (warned.Count < MostWarnings && warned.TryAdd(connection.RemoteIpAddress ?? IPAddress.None, value: true))
                {
                    LogNotListed(logger, connection.RemoteIpAddress?.ToString() ?? "a Unix socket", Setting);
                }
            }
            else if (ForwardedHeaders.Read(context.Request.Headers, connection.RemoteIpAddress, IsListed, out var mistake) is { } forwarded)
            {
                forwarded.ApplyTo(context);
                context.Items[typeof(Proxies)] = true;
            }
            else
            {
                return new RequestMistake(StatusCodes.Status400BadRequest, ProblemCode.InvalidRequest, mistake!.Split(' ')[0], mistake)
                    .AnswerAsync(context);
            }

            Strip(context.Request, pathBase);
            return next(context);
        });
        app.UsePrefixedCookies();
    }

    // Not the framework's UsePathBase: that takes the prefix back before the page of an error is written.
    private static void Strip(HttpRequest request, PathString pathBase)
    {
        if (pathBase.HasValue && request.Path.StartsWithSegments(pathBase, StringComparison.Ordinal, out var rest))
        {
            request.PathBase = request.PathBase.Add(pathBase);
            request.Path = rest;
        }
    }

    // One value, several with commas between them, or a list.
    private static List<IPNetwork> ReadNetworks(IConfigurationSection section, List<string> mistakes)
    {
        var values = new List<string?> { section.Value };
        foreach (var child in section.GetChildren())
        {
            values.Add(child.Value);
            if (!int.TryParse(child.Key, out _) || child.GetChildren().Any())
            {
                mistakes.Add($"{child.Path} is not known. {Setting} is a list of addresses and networks: {Setting}:0, {Setting}:1.");
            }
        }

        var networks = new List<IPNetwork>();
        foreach (var entry in values.SelectMany(value =>
            (value ?? "").Split([',', ';', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))
        {
            if (ParseNetwork(entry) is { } network)
            {
                networks.Add(network);
            }
            else
            {
                mistakes.Add($"{Setting} holds \"{entry}\". It must be an address or a network, as in 10.0.0.7 or 10.0.0.0/8.");
            }
        }

        return networks;
    }

    private static IPNetwork? ParseNetwork(string entry)
    {
        if (!entry.Contains('/', StringComparison.Ordinal))
        {
            return ForwardedHeaders.ParseAddress(entry, withPort: false) is { } address
                ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
                : null;
        }

        // The parser takes 10.0.0.7/8 for 10.0.0.0/8: more than whoever wrote that may have meant.
        if (!IPNetwork.TryParse(entry, out var network)
            || ForwardedHeaders.ParseAddress(entry.Split('/')[0], withPort: false) is not { } first
            || !first.Equals(ForwardedHeaders.Unmap(network.BaseAddress)))
        {
            return null;
        }

        // Callers with an IPv4 address are compared as such.
        return !network.BaseAddress.IsIPv4MappedToIPv6 ? network
            : network.PrefixLength >= 96 ? new IPNetwork(network.BaseAddress.MapToIPv4(), network.PrefixLength - 96)
            : null;
    }

    private static PathString ReadPathBase(string? value, List<string> mistakes)
    {
        var prefix = ForwardedHeaders.ParsePrefix(value ?? "");
        if (prefix is null)
        {
            mistakes.Add($"{PathBaseSetting} is \"{value}\". It must be a path of letters, digits and - . _ ~, as in /access.");
        }
        else if (new PathString(prefix).StartsWithSegments(HealthEndpoints.Path, StringComparison.Ordinal))
        {
            mistakes.Add($"{PathBaseSetting} must not begin with {HealthEndpoints.Path}: probes ask there, without the prefix.");
        }

        return new PathString(prefix);
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "X-Forwarded-* came from {Address}, which {Setting} does not list, and is ignored. "
            + "If this is a proxy of yours, name it there: otherwise the service takes it for the caller, and its requests for plain HTTP")]
    private static partial void LogNotListed(ILogger logger, string address, string setting);
}
