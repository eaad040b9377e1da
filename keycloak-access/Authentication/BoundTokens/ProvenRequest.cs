using KeycloakAccess.Hosting;

namespace KeycloakAccess.Authentication.BoundTokens;

/// <summary>
/// Endpoint metadata: it is asked about a request to something else, and a proof is for that. Null where the proxy has not said what it
/// was.
/// </summary>
internal sealed record OriginalRequest(Func<HttpContext, (string Method, PathString Path)?> Find);

/// <summary>What the proof of a request must name (RFC 9449, section 4.3), as whoever sends it sees the request.</summary>
internal readonly record struct ProvenRequest(string Method, string Scheme, HostString Host, string Path)
{
    private const int LongestShown = 200;

    public static ProvenRequest? Find(HttpContext context)
    {
        var request = context.Request;
        if (context.GetEndpoint()?.Metadata.GetMetadata<OriginalRequest>() is { } original)
        {
            return original.Find(context) is { } asked ? Of(asked.Method, asked.Path) : null;
        }

        return Of(HeadRequests.MethodOf(context), request.PathBase.Add(request.Path));

        ProvenRequest Of(string method, PathString path) =>
            new(method, request.Scheme, request.Host, path.Value is { Length: > 0 } text ? text : "/");
    }

    /// <summary>Without query and fragment, which do not count.</summary>
    public string Url
    {
        get
        {
            var url = $"{Scheme}://{Host.ToUriComponent()}{new PathString(Path).ToUriComponent()}";
            return url.Length <= LongestShown ? url : url[..LongestShown];
        }
    }

    /// <summary>
    /// Whether it is the same one after the normalization of RFC 3986, sections 6.2.2 and 6.2.3: the path is compared as it reads once it
    /// has been decoded, which is how this service reads it too.
    /// </summary>
    public bool IsAt(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var named)
        && named.Scheme is "http" or "https"
        && named.UserInfo.Length == 0
        && Uri.TryCreate($"{Scheme}://{Host.ToUriComponent()}/", UriKind.Absolute, out var own)
        && string.Equals(named.Scheme, own.Scheme, StringComparison.Ordinal)
        && string.Equals(named.IdnHost, own.IdnHost, StringComparison.OrdinalIgnoreCase)
        && named.Port == own.Port
        && Decode(named) is { } path
        && string.Equals(path.Value, Path, StringComparison.Ordinal);

    /// <summary>The path of an address as the server decodes that of a request; null where a server takes none of the kind.</summary>
    public static PathString? Decode(Uri address)
    {
        try
        {
            return PathString.FromUriComponent(address.AbsolutePath);
        }
        // An encoded NUL.
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
