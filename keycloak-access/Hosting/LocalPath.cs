using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Hosting;

/// <summary>Addresses to go on to that come from outside, as query parameters and fields of forms.</summary>
internal static class LocalPath
{
    /// <returns>
    /// The address, if it is a path of this site and can stand in a header as it is (RFC 9110, section 5.5); else
    /// <see langword="null"/>. Nobody is sent elsewhere.
    /// </returns>
    public static string? Parse(string? address) =>
        address is not null && RedirectHttpResult.IsLocalUrl(address) && !address.StartsWith('~') && address.All(character => character is > ' ' and < '\x7f') ? address : null;
}
