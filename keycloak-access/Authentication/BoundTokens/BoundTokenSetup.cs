using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication.BoundTokens;

/// <summary>Says which endpoints take bound tokens only.</summary>
public static class BoundTokenSetup
{
    internal static void AddBoundTokens(this IServiceCollection services)
    {
        services.AddSettings<BoundTokenOptions>(BoundTokenOptions.Section);
        services.AddSingleton<IValidateOptions<BoundTokenOptions>, BoundTokenValidator>();
        services.AddSingleton<ProofOfPossession>();
        services.AddSingleton<DpopProofs>();
        services.AddSingleton<DpopNonces>();
        services.AddBackgroundService<UsedProofs>();
        // Any certificate: it proves a key, and the token names it.
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<BoundTokenOptions>>((kestrel, options) =>
        {
            if (options.Value.ClientCertificates == ClientCertificateSource.Connection)
            {
                kestrel.ConfigureHttpsDefaults(https =>
                {
                    https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                    https.AllowAnyClientCertificate();
                });
            }
        });
    }

    /// <summary>
    /// Takes access tokens only that are bound to a key of the caller (DPoP, RFC 9449) or to a client certificate (RFC 8705). Sessions are
    /// not concerned.
    /// </summary>
    public static TBuilder RequireBoundToken<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new RequiresBoundToken());
}
