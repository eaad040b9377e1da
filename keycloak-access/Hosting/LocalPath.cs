using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Hosting;

/// <summary>Redirect targets that come from query parameters and forms.</summary>
internal static class LocalPath
{
    /// <returns>The address, if it is a path of this site that can stand in a header as it is (RFC 9110, section 5.5).</returns>
    public static string? Parse(string? address) =>
        address is not null
        && RedirectHttpResult.IsLocalUrl(address)
        && !address.StartsWith('~')
        && address.All(character => character is > ' ' and < '\x7f')
            ? address
            : null;
}
