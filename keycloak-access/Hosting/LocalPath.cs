using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Hosting;

internal static class LocalPath
{
    /// <summary>A path of this site that can stand in a header as it is (RFC 9110, section 5.5), or null.</summary>
    public static string? Parse(string? address) =>
        address is not null
        && RedirectHttpResult.IsLocalUrl(address)
        && !address.StartsWith('~')
        && address.All(character => character is > ' ' and < '\x7f')
            ? address
            : null;
}
