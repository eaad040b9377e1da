using System.Globalization;

namespace Api.Tests.Infrastructure;

/// <summary>
/// Cookies as browsers keep them. System.Net.CookieContainer drops Secure cookies over plain HTTP, while browsers treat
/// localhost as secure, and Keycloak sets its cookies Secure there.
/// </summary>
public sealed class CookieJar
{
    private readonly Lock _lock = new();
    private readonly List<Cookie> _cookies = [];

    public string? this[string name]
    {
        get
        {
            lock (_lock)
            {
                return _cookies.Find(cookie => string.Equals(cookie.Name, name, StringComparison.Ordinal))?.Value;
            }
        }
    }

    public void Clear()
    {
        lock (_lock)
        {
            _cookies.Clear();
        }
    }

    /// <summary>Keeps a cookie that a script of a page has set.</summary>
    public void Set(Uri url, string name, string value)
    {
        lock (_lock)
        {
            Store(url, $"{name}={value}; path=/");
        }
    }

    /// <summary>Forgets the cookies whose names begin so: the framework cuts long ones into pieces.</summary>
    public void Remove(string prefix)
    {
        lock (_lock)
        {
            _cookies.RemoveAll(cookie => cookie.Name.StartsWith(prefix, StringComparison.Ordinal));
        }
    }

    /// <summary>The cookies that a browser would send to an address, in one header.</summary>
    public string HeaderFor(Uri url)
    {
        lock (_lock)
        {
            return string.Join("; ", _cookies
                .Where(cookie => cookie.Matches(url))
                .OrderByDescending(cookie => cookie.Path.Length)
                .Select(cookie => $"{cookie.Name}={cookie.Value}"));
        }
    }

    public void AddTo(HttpRequestMessage request)
    {
        var header = HeaderFor(request.RequestUri!);
        if (header.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("Cookie", header);
        }
    }

    public void Store(Uri url, HttpResponseMessage response)
    {
        if (!response.Headers.TryGetValues("Set-Cookie", out var lines))
        {
            return;
        }

        lock (_lock)
        {
            foreach (var line in lines)
            {
                Store(url, line);
            }
        }
    }

    private void Store(Uri url, string line)
    {
        var parts = line.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var (name, value) = Split(parts[0]);
        var attributes = parts.Skip(1).Select(Split).ToLookup(part => part.Name, part => part.Value, StringComparer.OrdinalIgnoreCase);
        var path = attributes["Path"].FirstOrDefault() is { Length: > 0 } given && given[0] == '/' ? given : "/";

        _cookies.RemoveAll(cookie =>
            string.Equals(cookie.Name, name, StringComparison.Ordinal) &&
            string.Equals(cookie.Host, url.Host, StringComparison.OrdinalIgnoreCase) &&
            string.Equals(cookie.Path, path, StringComparison.Ordinal));

        var isOver =
            (long.TryParse(attributes["Max-Age"].FirstOrDefault(), CultureInfo.InvariantCulture, out var age) && age <= 0) ||
            (DateTimeOffset.TryParse(attributes["Expires"].FirstOrDefault(), CultureInfo.InvariantCulture, out var end) &&
                end <= DateTimeOffset.UtcNow);
        if (!isOver)
        {
            _cookies.Add(new(url.Host, path, name, value, attributes.Contains("Secure")));
        }
    }

    private static (string Name, string Value) Split(string part)
    {
        var equals = part.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? (part, string.Empty) : (part[..equals].Trim(), part[(equals + 1)..].Trim());
    }

    private sealed record Cookie(string Host, string Path, string Name, string Value, bool Secure)
    {
        // A cookie knows no port: RFC 6265 section 8.5.
        public bool Matches(Uri url) =>
            string.Equals(Host, url.Host, StringComparison.OrdinalIgnoreCase) &&
            (!Secure || url.IsLoopback || string.Equals(url.Scheme, Uri.UriSchemeHttps, StringComparison.Ordinal)) &&
            (string.Equals(url.AbsolutePath, Path, StringComparison.Ordinal) ||
                url.AbsolutePath.StartsWith(Path.TrimEnd('/') + "/", StringComparison.Ordinal));
    }
}
