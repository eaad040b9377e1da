using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace KeycloakAccess.Admin.Rendering;

/// <summary>
/// How each list was filtered when its reader saw it last, for the links that lead back to it: a cookie for each list, until the
/// browser is closed. It holds no more than the address did, and whatever it says is a query of that list.
/// </summary>
internal static class LastLists
{
    private const string Prefix = "list-";

    // A browser sends them all with every request.
    private const int Longest = 600;

    public static void Remember(HttpContext context)
    {
        // A list within a page has no page that leads back to it.
        if (context.GetEndpoint() is not RouteEndpoint { RoutePattern.Parameters.Count: 0 })
        {
            return;
        }

        var name = Prefix + NameOf(context.Request.Path);
        var query = context.Request.QueryString.Value ?? "";
        if (query.Length is > 1 and <= Longest)
        {
            context.Response.Cookies.Append(name, WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(query)), Options(context));
        }
        else if (context.Request.Cookies.ContainsKey(name))
        {
            context.Response.Cookies.Delete(name, Options(context));
        }
    }

    /// <summary>By the name of the list, its query.</summary>
    public static IReadOnlyDictionary<string, string> Read(HttpContext context)
    {
        var lists = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in context.Request.Cookies)
        {
            if (name.StartsWith(Prefix, StringComparison.Ordinal) && Decode(value) is { } query)
            {
                lists[name[Prefix.Length..]] = query;
            }
        }

        return lists;
    }

    /// <summary>The address of a list as it was seen last; of any other page, its own.</summary>
    public static string PathOf(HttpContext context, string path) =>
        context.Request.Cookies[Prefix + NameOf(path)] is { } value && Decode(value) is { } query ? path + query : path;

    public static string NameOf(string path) => path.Trim('/').Replace('/', '-');

    private static string? Decode(string value)
    {
        try
        {
            return Encoding.UTF8.GetString(WebEncoders.Base64UrlDecode(value)) is ['?', ..] query
                && !query.Any(character => char.IsControl(character) || character is '#')
                ? query
                : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static CookieOptions Options(HttpContext context) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Lax,
        Secure = context.Request.IsHttps,
        Path = context.Request.PathBase.HasValue ? context.Request.PathBase.Value : "/",
        IsEssential = true,
    };
}
