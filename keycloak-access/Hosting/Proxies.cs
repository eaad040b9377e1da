using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Hosting;

/// <summary>Addresses or networks (<c>10.0.0.0/8</c>). Without any, X-Forwarded-* is ignored: any caller can send it.</summary>
internal static class Proxies
{
    private const string Section = "Proxies";

    public static void UseProxies(this WebApplication app)
    {
        var entries = (app.Configuration.GetSection(Section).Get<string?[]>() ?? []).OfType<string>().ToArray();
        if (entries.Length == 0)
        {
            return;
        }

        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost,
        };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var entry in entries)
        {
            var text = entry.Contains('/', StringComparison.Ordinal)
                ? entry
                : $"{entry}/{(entry.Contains(':', StringComparison.Ordinal) ? 128 : 32)}";
            options.KnownIPNetworks.Add(System.Net.IPNetwork.TryParse(text, out var network)
                ? network
                : throw new OptionsValidationException(
                    Section,
                    typeof(ForwardedHeadersOptions),
                    [$"{Section} holds \"{entry}\". It must be an address or a network, as in 10.0.0.0/8."]));
        }

        app.UseForwardedHeaders(options);
    }
}
