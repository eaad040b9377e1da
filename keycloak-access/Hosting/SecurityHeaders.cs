namespace KeycloakAccess.Hosting;

/// <summary>
/// The headers of every answer (OWASP Secure Headers Project). Pages load from this site alone, hold no inline script
/// or style, and are framed by nobody; nothing that depends on who asks is kept by a cache.
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
                headers.XContentTypeOptions = "nosniff";
                headers["Referrer-Policy"] = "same-origin";
                headers.XFrameOptions = "DENY";
                headers.TryAdd("Cross-Origin-Opener-Policy", "same-origin");
                headers["Cross-Origin-Resource-Policy"] = "same-origin";
                headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()";
                if (headers.ContentSecurityPolicy.Count == 0)
                {
                    headers.ContentSecurityPolicy = policy;
                }

                if (headers.CacheControl.Count == 0)
                {
                    headers.CacheControl = "no-store";
                }

                return Task.CompletedTask;
            });
            return next(context);
        });
    }
}
