using System.Globalization;
using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

/// <summary>Each of these makes Keycloak refuse the whole file. The messages are Keycloak's.</summary>
internal static class ClientValidation
{
    // The protocols that Java can make a URL of.
    private static readonly HashSet<string> Locators = new(
        ["http", "https", "file", "ftp", "jar", "jrt", "mailto", "resource"], StringComparer.OrdinalIgnoreCase);

    public static void Check(JsonPlace place, Realm realm, Dictionary<string, string> attributes)
    {
        CheckUrl(place.Member("rootUrl"), "Root URL", fragment: true);
        CheckUrl(place.Member("baseUrl"), "Base URL");
        CheckUrl(place.Member("adminUrl"), "Admin URL");
        foreach (var uri in place.Items("redirectUris"))
        {
            CheckUri(uri, uri.Text(), "A redirect URI");
        }

        if (place.Member("attributes") is not { } members)
        {
            return;
        }

        CheckUrl(members.Member("backchannel.logout.url"), "Backchannel logout URL");
        CheckUrl(members.Member("frontchannel.logout.url"), "Front-channel logout URL");
        CheckUrl(members.Member("jwks.url"), "JWKS URL");
        CheckUrl(members.Member("logoUri"), "Logo URL");
        CheckUrl(members.Member("policyUri"), "Policy URL");
        CheckUrl(members.Member("tosUri"), "Terms of service URL");
        if (members.Member("post.logout.redirect.uris") is { } listed)
        {
            foreach (var uri in listed.Text().Split("##", StringSplitOptions.RemoveEmptyEntries).Where(each => each is not ("+" or "-")))
            {
                CheckUri(listed, uri, "A post-logout redirect URI");
            }
        }

        CheckLimit(
            members,
            "client.session.idle.timeout",
            realm.SsoSessionIdleTimeout,
            "Client session idle timeout cannot exceed realm SSO session idle timeout");
        CheckLimit(
            members,
            "client.session.max.lifespan",
            realm.SsoSessionMaxLifespan,
            "Client session max lifespan cannot exceed realm SSO session max lifespan");
        CheckLevels(members, realm, attributes);
    }

    private static void CheckLimit(JsonPlace attributes, string name, int limit, string reason)
    {
        if (attributes.Member(name) is { } place
            && int.TryParse(place.Text(), NumberStyles.Integer, CultureInfo.InvariantCulture, out var seconds)
            && seconds > limit)
        {
            throw place.Refuse(reason);
        }
    }

    private static void CheckLevels(JsonPlace attributes, Realm realm, Dictionary<string, string> values)
    {
        AcrLevels? own = null;
        if (attributes.Member("acr.loa.map") is { } map && map.Text().Length > 0)
        {
            own = AcrLevels.Parse(map.Text()) ?? throw map.Refuse("Invalid client configuration (ACR-LOA map) for client");
        }

        var levels = own is { Names.Count: > 0 } ? own : AcrLevels.Parse(realm.AcrLoaMap) ?? new AcrLevels();
        if (values.TryGetValue("default.acr.values", out var usual)
            && usual.Split("##", StringSplitOptions.RemoveEmptyEntries).Any(name => levels.Find(name) is null))
        {
            throw attributes.Member("default.acr.values")!.Value.Refuse(
                "Default ACR values need to contain values specified in the ACR-To-Loa mapping or number levels from set realm "
                    + "browser flow");
        }
    }

    private static void CheckUrl(JsonPlace? place, string what, bool fragment = false)
    {
        if (place is not { } given || given.Text() is not { Length: > 0 } text)
        {
            return;
        }

        if (text.StartsWith('/') || text.StartsWith("${auth", StringComparison.Ordinal))
        {
            return;
        }

        CheckScheme(given, text, what);
        if (fragment && text.Contains('#', StringComparison.Ordinal))
        {
            throw given.Refuse($"{what} must not contain an URL fragment");
        }

        if (!IsUri(text) || Scheme(text) is not { } scheme || !Locators.Contains(scheme))
        {
            throw given.Refuse($"{what} is not a valid URL");
        }
    }

    private static void CheckUri(JsonPlace place, string text, string what)
    {
        if (text.Length == 0)
        {
            return;
        }

        if (!IsUri(text))
        {
            throw place.Refuse($"{what} is not a valid URI");
        }

        CheckScheme(place, text, what);
        if (text.Contains('#', StringComparison.Ordinal))
        {
            throw place.Refuse($"{what} must not contain an URL fragment");
        }
    }

    private static void CheckScheme(JsonPlace place, string text, string what)
    {
        if (Scheme(text) is "javascript" or "data")
        {
            throw place.Refuse($"{what} uses an illegal scheme");
        }
    }

    private static string? Scheme(string text)
    {
        var end = text.AsSpan().IndexOfAny(":/?#");
        return end > 0 && text[end] is ':' ? text[..end] : null;
    }

    /// <summary>Java's URI syntax is RFC 2396, plus letters beyond ASCII.</summary>
    private static bool IsUri(string text)
    {
        var end = text.AsSpan().IndexOfAny(":/?#");
        if (end >= 0 && text[end] is ':'
            && (end == 0
                || end == text.Length - 1
                || !char.IsAsciiLetter(text[0])
                || !text[..end].All(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.')))
        {
            return false;
        }

        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            var good = c switch
            {
                '%' => i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2]),
                < '\u0080' => char.IsAsciiLetterOrDigit(c) || "-_.!~*'();/?:@&=+$,[]#".Contains(c, StringComparison.Ordinal),
                _ => !char.IsControl(c) && !char.IsWhiteSpace(c),
            };
            if (!good)
            {
                return false;
            }
        }

        return true;
    }
}
