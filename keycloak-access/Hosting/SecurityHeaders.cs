namespace KeycloakAccess.Hosting;

/// <summary>
/// The headers of every answer (OWASP Secure Headers Project). Pages load from this site alone, without inline scripts and
/// styles, are framed by no site, and are not cached.
/// </summary>
internal static class SecurityHeaders
{
    private const string Strict =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
        "base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

    /// <summary>A form may lead by redirects to <paramref name="formTargets"/> besides this site: signing out ends at Keycloak.</summary>
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
