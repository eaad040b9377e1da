using Microsoft.Net.Http.Headers;

namespace KeycloakAccess.Hosting;

/// <summary>
/// Cookies under a prefix. A browser takes one of the name __Host- only for the whole host (RFC 6265bis, section 4.1.3.2), where
/// another service may have one of the same name under a prefix of its own. So the prefix becomes a part of the name:
/// <c>__Host-session</c> under <c>/access</c> is <c>__Host-access.session</c> for the browser.
/// </summary>
internal static class PrefixedCookies
{
    private const string Host = "__Host-";

    public static void UsePrefixedCookies(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (context.Request.PathBase.HasValue)
        {
            var prefix = $"{Host}{context.Request.PathBase.Value!.Trim('/').Replace('/', '.')}.";
            ReadCookies(context.Request, prefix);
            context.Response.OnStarting(() =>
            {
                WriteCookies(context.Response, prefix);
                return Task.CompletedTask;
            });
        }

        return next(context);
    });

    private static void ReadCookies(HttpRequest request, string prefix)
    {
        var kept = request.Headers.Cookie.ToString().Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Where(cookie => !cookie.StartsWith(Host, StringComparison.Ordinal) || cookie.StartsWith(prefix, StringComparison.Ordinal))
            .Select(cookie => cookie.StartsWith(prefix, StringComparison.Ordinal) ? Host + cookie[prefix.Length..] : cookie);
        request.Headers.Cookie = string.Join("; ", kept);
    }

    private static void WriteCookies(HttpResponse response, string prefix)
    {
        var cookies = response.Headers.SetCookie.ToArray();
        for (var i = 0; i < cookies.Length; i++)
        {
            if (cookies[i]!.StartsWith(Host, StringComparison.Ordinal) && SetCookieHeaderValue.TryParse(cookies[i], out var cookie))
            {
                cookie.Name = prefix + cookie.Name.Value![Host.Length..];
                cookie.Path = "/";
                cookies[i] = cookie.ToString();
            }
        }

        response.Headers.SetCookie = cookies;
    }
}
