using System.Reflection;

namespace KeycloakAccess.Hosting;

// OWASP Secure Headers Project. A header that an application sets itself stays, and its own pages get no Content-Security-Policy, since
// only it knows what they load.
internal static class SecurityHeaders
{
    private const string Strict =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
        "base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

    /// <summary>A form may lead by redirects to <paramref name="formTargets"/> too: signing out ends at Keycloak.</summary>
    public static void UseSecurityHeaders(this WebApplication app, string formTargets)
    {
        var policy = $"{Strict} {formTargets}".TrimEnd();
        app.Use((context, next) =>
        {
            context.Response.OnStarting(() =>
            {
                var headers = context.Response.Headers;
                headers.TryAdd("X-Content-Type-Options", "nosniff");
                headers.TryAdd("Referrer-Policy", "same-origin");
                headers.TryAdd("X-Frame-Options", "DENY");
                headers.TryAdd("Cross-Origin-Opener-Policy", "same-origin");
                headers.TryAdd("Cross-Origin-Resource-Policy", "same-origin");
                headers.TryAdd("Permissions-Policy", "camera=(), geolocation=(), microphone=()");
                headers.TryAdd("Cache-Control", "no-store");
                if (!IsPageOfApplication(context))
                {
                    headers.TryAdd("Content-Security-Policy", policy);
                }

                return Task.CompletedTask;
            });
            return next(context);
        });
    }

    // An error page is the engine's, even where it stands in for an endpoint of the application.
    private static bool IsPageOfApplication(HttpContext context) =>
        context.Response.StatusCode < StatusCodes.Status400BadRequest
        && context.Response.ContentType?.StartsWith("text/html", StringComparison.OrdinalIgnoreCase) is true
        && context.GetEndpoint()?.Metadata.GetMetadata<MethodInfo>()?.DeclaringType?.Assembly != typeof(SecurityHeaders).Assembly;
}
