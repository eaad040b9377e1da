using Api.Hosting;
using Microsoft.Extensions.Options;

namespace Api.Keycloak;

/// <summary>
/// Keeps Keycloak's <c>ssl-required</c> for incoming requests, as Keycloak's own adapters do: where HTTPS is demanded, a
/// plain request is refused before anything in it is read.
/// </summary>
internal static class SslRequiredMiddleware
{
    public static IApplicationBuilder UseSslRequired(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        var options = context.RequestServices.GetRequiredService<IOptions<KeycloakOptions>>().Value;
        if (context.Request.IsHttps || !BackchannelHandler.IsSslRequired(options.SslRequired, context.Connection.RemoteIpAddress))
        {
            await next(context);
            return;
        }

        await Problem.Of(
            StatusCodes.Status403Forbidden,
            "ssl_required",
            "This address is only served over HTTPS (Keycloak:ssl-required). Behind a proxy that ends TLS, " +
            "let this service read the forwarded headers: ASPNETCORE_FORWARDEDHEADERS_ENABLED=true.").ExecuteAsync(context);
    });
}
