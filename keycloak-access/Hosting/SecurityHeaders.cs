using System.Reflection;

namespace KeycloakAccess.Hosting;

/// <summary>
/// The headers of every answer (OWASP Secure Headers Project). Pages load from this site alone, hold no inline script
/// or style, and are framed by nobody; nothing that depends on who asks is kept by a cache. A header that an application sets
/// itself stays as it is, and its own pages get no Content-Security-Policy: what they load is theirs to say.
/// </summary>
internal static class SecurityHeaders
{
    private const string Strict =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
        "base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

    /// <param name="app">The application.</param>
    /// <param name="formTargets">Where a form may lead by redirects besides this site: signing out ends at Keycloak.</param>
    public static void UseSecurityHeaders(this WebApplication app, string formTargets)
    {
        if (!app.Environment.IsDevelopment())
        {
            app.UseHsts();
        }

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

    // An error page is the engine's, whoever's endpoint it stands in for.
    private static bool IsPageOfApplication(HttpContext context) =>
        context.Response.StatusCode < StatusCodes.Status400BadRequest
        && context.Response.ContentType?.StartsWith("text/html", StringComparison.OrdinalIgnoreCase) is true
        && context.GetEndpoint()?.Metadata.GetMetadata<MethodInfo>()?.DeclaringType?.Assembly != typeof(SecurityHeaders).Assembly;
}
