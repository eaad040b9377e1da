using KeycloakAccess.Hosting;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>
/// Keeps Keycloak's <c>ssl-required</c> for incoming requests, as Keycloak's own adapters do: where HTTPS is demanded, a
/// plain request is refused before anything in it is read. Probes pass: they come from the machine itself, hold nothing
/// and tell nothing.
/// </summary>
internal static class SslRequiredMiddleware
{
    /// <param name="app">The application.</param>
    /// <param name="except">Where paths begin that are served over plain HTTP all the same.</param>
    public static IApplicationBuilder UseSslRequired(this IApplicationBuilder app, PathString except) => app.Use(async (context, next) =>
    {
        var options = context.RequestServices.GetRequiredService<IOptions<KeycloakOptions>>().Value;
        if (context.Request.IsHttps || context.Request.Path.StartsWithSegments(except, StringComparison.Ordinal) || !BackchannelHandler.IsSslRequired(options.SslRequired, context.Connection.RemoteIpAddress))
        {
            await next(context);
            return;
        }

        await Problem.Create(
            StatusCodes.Status403Forbidden,
            ProblemCode.SslRequired,
            "This address is only served over HTTPS (Keycloak:ssl-required). Behind a proxy that ends TLS, name the proxy in Proxies.").ExecuteAsync(context);
    });
}
