using KeycloakAccess.Authentication.BoundTokens;
using KeycloakAccess.Hosting;

namespace KeycloakAccess.ForwardAuth;

/// <summary>Which request a proxy asks about: what a proof of the caller is for.</summary>
internal static class ProxiedRequests
{
    private const string MethodHeader = "X-Forwarded-Method";
    private const string UriHeader = "X-Forwarded-Uri";

    /// <summary>As nginx is told to, and Traefik and Caddy do by themselves. From anybody else, nobody has said it.</summary>
    public static (string Method, PathString Path)? FindInHeaders(HttpContext context)
    {
        var headers = context.Request.Headers;
        return Proxies.IsTrusted(context)
            && headers[MethodHeader] is [{ Length: > 0 } method]
            && headers[UriHeader] is [['/', ..] target]
            && Uri.TryCreate($"http://localhost{target}", UriKind.Absolute, out var url)
            && url.Authority == "localhost"
            && ProvenRequest.Decode(url) is { } path
                ? (method, path)
                : null;
    }

    /// <summary>As Envoy does: behind the permission, with the method of its own request.</summary>
    public static (string Method, PathString Path)? FindInPath(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        var end = path.IndexOf('/', ForwardAuthEndpoints.Path.Length + 1);
        return (HeadRequests.MethodOf(context), new PathString(end < 0 ? "/" : path[end..]));
    }
}
