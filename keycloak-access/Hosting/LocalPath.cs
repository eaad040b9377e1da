using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Hosting;

internal static class LocalPath
{
    /// <summary>
    /// A path of this service, below the prefix under which it is reached, that can stand in a header as it is (RFC 9110, section 5.5); or
    /// null. What a browser would read as another path is none.
    /// </summary>
    public static string? Parse(string? address, PathString pathBase = default)
    {
        if (address is null
            || !RedirectHttpResult.IsLocalUrl(address)
            || address.StartsWith('~')
            || !address.All(character => character is > ' ' and < '\x7f'))
        {
            return null;
        }

        var path = address.Split('?', '#')[0];
        return path.Contains('\\', StringComparison.Ordinal)
            || path.Split('/').Any(IsDots)
            || !new PathString(path).StartsWithSegments(pathBase, StringComparison.Ordinal)
                ? null
                : address;
    }

    // Browsers take %2e for a dot.
    private static bool IsDots(string segment) => segment.Replace("%2e", ".", StringComparison.OrdinalIgnoreCase) is "." or "..";
}
