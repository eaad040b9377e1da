namespace KeycloakRealm.Model;

/// <summary>Keycloak's rules, not RFC 8252's: a trailing <c>*</c> is a wildcard, and a loopback URI matches on any port.</summary>
internal static class RedirectUriRules
{
    // With one of these, a redirect URI could be mistaken for the authorization response.
    private static readonly HashSet<string> Forbidden = new(
        ["code", "state", "session_state", "iss", "error", "error_description", "id_token", "access_token", "token_type",
            "expires_in", "response", "kc_action", "kc_action_status"],
        StringComparer.OrdinalIgnoreCase);

    public static bool IsRegistered(Client client, string serverUrl, string uri) =>
        Matches(client.RedirectUris, client, serverUrl, uri);

    /// <summary>In the attribute, <c>+</c> (or nothing) stands for the redirect URIs, <c>-</c> for none.</summary>
    public static bool IsPostLogoutUri(Client client, string serverUrl, string uri)
    {
        var listed = client.Attribute("post.logout.redirect.uris");
        if (string.Equals(listed, "-", StringComparison.Ordinal))
        {
            return false;
        }

        var entries = new List<string>();
        foreach (var entry in (listed ?? "+").Split("##", StringSplitOptions.RemoveEmptyEntries))
        {
            if (string.Equals(entry, "+", StringComparison.Ordinal))
            {
                entries.AddRange(client.RedirectUris);
            }
            else
            {
                entries.Add(entry);
            }
        }

        return Matches(entries, client, serverUrl, uri);
    }

    /// <summary><c>*</c> allows any origin.</summary>
    public static IReadOnlyList<string> WebOrigins(Client client, string serverUrl)
    {
        var origins = new List<string>();
        foreach (var entry in client.WebOrigins)
        {
            if (string.Equals(entry, "+", StringComparison.Ordinal))
            {
                origins.AddRange(client.RedirectUris.Select(uri => Origin(Absolute(uri, client, serverUrl))).OfType<string>());
            }
            else
            {
                origins.Add(entry);
            }
        }

        return [.. origins.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Null unless the URI is http or https.</summary>
    public static string? Origin(string uri)
    {
        var end = uri.IndexOf("://", StringComparison.Ordinal);
        if (end < 0 || uri[..end] is not ("http" or "https"))
        {
            return null;
        }

        var rest = uri.IndexOfAny(['/', '?', '#'], end + 3);
        var origin = rest < 0 ? uri : uri[..rest];
        return origin.Contains('*', StringComparison.Ordinal) ? null : origin;
    }

    private static bool Matches(IEnumerable<string> registered, Client client, string serverUrl, string uri)
    {
        if (!IsSound(uri))
        {
            return false;
        }

        return registered.Any(entry => MatchesOne(Absolute(entry, client, serverUrl), uri));
    }

    /// <summary>Relative to the client's root URL, or to the server without one.</summary>
    private static string Absolute(string entry, Client client, string serverUrl)
    {
        if (!entry.StartsWith('/'))
        {
            return entry;
        }

        var root = string.IsNullOrEmpty(client.RootUrl) ? serverUrl : client.RootUrl;
        root = root.Replace("${authBaseUrl}", serverUrl, StringComparison.Ordinal)
            .Replace("${authAdminUrl}", serverUrl, StringComparison.Ordinal);
        return root.TrimEnd('/') + entry;
    }

    private static bool MatchesOne(string registered, string uri)
    {
        if (string.Equals(registered, "*", StringComparison.Ordinal))
        {
            return Origin(uri) is not null;
        }

        if (registered.EndsWith('*') && !registered.Contains('?', StringComparison.Ordinal))
        {
            var prefix = registered[..^1];
            var end = uri.IndexOfAny(['?', '#']);
            var path = end < 0 ? uri : uri[..end];
            if (AuthorityEnd(prefix) == prefix.Length && prefix.Contains("://", StringComparison.Ordinal))
            {
                // A wildcard in the authority extends the port and the path, never the host name.
                return AuthorityIsComplete(prefix, path);
            }

            return path.StartsWith(prefix, StringComparison.Ordinal)
                || (prefix.EndsWith('/') && string.Equals(path, prefix[..^1], StringComparison.Ordinal));
        }

        return string.Equals(registered, uri, StringComparison.Ordinal) || MatchesLoopback(registered, uri);
    }

    private static bool AuthorityIsComplete(string prefix, string path)
    {
        if (!path.StartsWith(prefix, StringComparison.Ordinal))
        {
            return false;
        }

        if (prefix.EndsWith(':'))
        {
            var end = AuthorityEnd(path);
            return path[prefix.Length..end].All(char.IsAsciiDigit);
        }

        return path.Length == prefix.Length || path[prefix.Length] is '/';
    }

    private static int AuthorityEnd(string uri)
    {
        var scheme = uri.IndexOf("://", StringComparison.Ordinal);
        var end = scheme < 0 ? -1 : uri.IndexOfAny(['/', '?', '#'], scheme + 3);
        return end < 0 ? uri.Length : end;
    }

    /// <summary>A loopback URI registered without a port matches any port (RFC 8252, section 7.3).</summary>
    private static bool MatchesLoopback(string registered, string uri)
    {
        foreach (var host in (ReadOnlySpan<string>)["http://localhost", "http://127.0.0.1"])
        {
            if (!registered.StartsWith(host, StringComparison.Ordinal) || !uri.StartsWith(host + ":", StringComparison.Ordinal))
            {
                continue;
            }

            var rest = registered[host.Length..];
            var end = AuthorityEnd(uri);
            return (rest.Length == 0 || rest[0] is '/' or '?')
                && uri[(host.Length + 1)..end].All(char.IsAsciiDigit)
                && string.Equals(rest, uri[end..], StringComparison.Ordinal);
        }

        return false;
    }

    private static bool IsWellEncoded(string path)
    {
        for (var i = path.IndexOf('%', StringComparison.Ordinal); i >= 0; i = path.IndexOf('%', i + 1))
        {
            if (i + 2 >= path.Length || !char.IsAsciiHexDigit(path[i + 1]) || !char.IsAsciiHexDigit(path[i + 2]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsSound(string uri)
    {
        if (!Uri.TryCreate(uri, UriKind.Absolute, out _) || uri.Any(c => c <= ' ' || c is '\\' or '<' or '>' or '"'))
        {
            return false;
        }

        var authority = AuthorityEnd(uri);
        if (uri.AsSpan(0, authority).Contains('@'))
        {
            return false;
        }

        var mark = uri.IndexOfAny(['?', '#']);
        var path = mark < 0 ? uri[Math.Min(authority, uri.Length)..] : uri[Math.Min(authority, mark)..mark];
        var decoded = path;
        for (var i = 0; i < 5 && decoded.Contains('%', StringComparison.Ordinal); i++)
        {
            decoded = Uri.UnescapeDataString(decoded);
        }

        return !decoded.Split('/', '\\').Contains("..", StringComparer.Ordinal)
            && IsWellEncoded(path)
            && (mark < 0 || !uri[mark..].Split('?', '#', '&').Any(pair => Forbidden.Contains(Uri.UnescapeDataString(pair.Split('=')[0]))));
    }
}
