using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <summary>What this API is called as a protected resource (RFC 9728): section <c>ProtectedResource</c>.</summary>
public sealed class ProtectedResourceOptions
{
    /// <summary>The name of the configuration section.</summary>
    public const string Section = "ProtectedResource";

    /// <summary>
    /// The address of the API as clients know it, <c>https://www.example.com/access</c>. Empty: that of each request, by what a trusted
    /// proxy says of it. With it, challenges name the address that RFC 9728, section 3 derives of it,
    /// <c>https://www.example.com/.well-known/oauth-protected-resource/access</c>, which the proxy must lead here.
    /// </summary>
    public string Identifier { get; set; } = "";
}

internal sealed class ProtectedResourceValidator : IValidateOptions<ProtectedResourceOptions>
{
    public ValidateOptionsResult Validate(string? name, ProtectedResourceOptions options) =>
        options.Identifier.Length == 0
        || (Uri.TryCreate(options.Identifier, UriKind.Absolute, out var url)
            && url.Scheme is "http" or "https"
            && url.UserInfo.Length == 0
            && !options.Identifier.AsSpan().ContainsAny("?#\"\\ ")
            && !options.Identifier.EndsWith('/'))
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"{ProtectedResourceOptions.Section}:{nameof(options.Identifier)} is \"{options.Identifier}\". "
                    + "It must be an absolute http or https URL without a query and without a slash at its end, as in "
                    + "https://api.example.com.");
}

/// <summary>Where the metadata of the protected resource are (RFC 9728, section 3).</summary>
internal static class ResourceMetadata
{
    public const string Path = "/.well-known/oauth-protected-resource";

    /// <summary>The resource's identifier.</summary>
    public static string IdentifierOf(HttpRequest request, ProtectedResourceOptions options) =>
        options.Identifier.Length > 0
            ? options.Identifier
            : $"{request.Scheme}://{request.Host.ToUriComponent()}{request.PathBase.ToUriComponent()}";

    /// <summary>
    /// Where a caller finds them. Without an identifier in the settings, under the prefix of a proxy too: that address is known to lead
    /// here.
    /// </summary>
    public static string AddressOf(HttpRequest request, ProtectedResourceOptions options)
    {
        if (options.Identifier.Length == 0)
        {
            return IdentifierOf(request, options) + Path;
        }

        var identifier = new Uri(options.Identifier);
        return identifier.GetLeftPart(UriPartial.Authority) + Path + SuffixOf(options);
    }

    /// <summary>What follows on <see cref="Path"/> where the identifier has a path.</summary>
    public static string SuffixOf(ProtectedResourceOptions options) =>
        options.Identifier.Length > 0 && new Uri(options.Identifier).AbsolutePath is { Length: > 1 } path ? path : "";
}
