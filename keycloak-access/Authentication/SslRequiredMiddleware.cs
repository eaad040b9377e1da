using KeycloakAccess.Hosting;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>Applies Keycloak's <c>ssl-required</c> to incoming requests, before anything in them is read.</summary>
internal static class SslRequiredMiddleware
{
    public static IApplicationBuilder UseSslRequired(this IApplicationBuilder app, PathString except) => app.Use(async (context, next) =>
    {
        var options = context.RequestServices.GetRequiredService<IOptions<KeycloakOptions>>().Value;
        if (context.Request.IsHttps
            || context.Request.Path.StartsWithSegments(except, StringComparison.Ordinal)
            || !BackchannelHandler.IsSslRequired(options.SslRequired, context.Connection.RemoteIpAddress))
        {
            await next(context);
            return;
        }

        await Problem.Create(
            StatusCodes.Status403Forbidden,
            ProblemCode.SslRequired,
            "This address is only served over HTTPS (Keycloak:ssl-required). Behind a proxy that ends TLS, name the proxy in Proxies.")
            .ExecuteAsync(context);
    });
}
