using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

/// <summary>Identity providers are not served. What Keycloak refuses about one is refused.</summary>
internal sealed class IdentityProviderReader(string sslRequired, List<string> warnings)
{
    private readonly HashSet<string> _aliases = new(StringComparer.Ordinal);

    // By the member of "config", what Keycloak calls it in its message.
    private static readonly (string Member, string Name)[] Urls =
    [
        ("authorizationUrl", "authorization_url"), ("tokenUrl", "token_url"), ("logoutUrl", "logout_url"),
        ("userInfoUrl", "userinfo_url"), ("jwksUrl", "jwks_url"), ("singleSignOnServiceUrl", "single_sign_on_service_url"),
        ("singleLogoutServiceUrl", "single_logout_service_url"),
    ];

    // What Keycloak calls its own where the file gives no name.
    private static readonly Dictionary<string, string> SocialNames = new(StringComparer.Ordinal)
    {
        ["bitbucket"] = "BitBucket",
        ["facebook"] = "Facebook",
        ["github"] = "GitHub",
        ["gitlab"] = "GitLab",
        ["google"] = "Google",
        ["instagram"] = "Instagram",
        ["linkedin-openid-connect"] = "LinkedIn",
        ["microsoft"] = "Microsoft",
        ["openshift-v4"] = "Openshift v4",
        ["paypal"] = "PayPal",
        ["stackoverflow"] = "StackOverflow",
        ["twitter"] = "Twitter",
    };

    /// <summary>In the order in which the sign-in page shows them.</summary>
    public IReadOnlyList<IdentityProvider> Read(JsonPlace file) =>
    [
        .. file.Items("identityProviders")
            .Select(place => (Order: OrderOf(place), Provider: ReadOne(place, file)))
            .ToList()
            .OrderBy(each => each.Order)
            .Select(each => each.Provider),
    ];

    private static int OrderOf(JsonPlace provider) =>
        int.TryParse(provider.Member("config")?.Text("guiOrder"), CultureInfo.InvariantCulture, out var order) ? order : int.MaxValue;

    private IdentityProvider ReadOne(JsonPlace provider, JsonPlace realm)
    {
        var alias = provider.Text("alias") ?? "";
        if (alias.Length > 0 && !_aliases.Add(alias))
        {
            throw provider.Refuse($"the identity provider {alias} is there twice");
        }

        foreach (var member in (ReadOnlySpan<string>)["firstBrokerLoginFlowAlias", "postBrokerLoginFlowAlias"])
        {
            if (provider.Member(member) is { } flow && flow.Text().Length > 0 && !FlowValidation.Exists(realm, flow.Text()))
            {
                throw flow.Refuse($"No available authentication flow with alias: {flow.Text()}");
            }
        }

        var kind = provider.Text("providerId") ?? "";
        if ((Insecure(provider) ?? Lacking(provider)) is { } reason)
        {
            throw provider.Refuse(reason);
        }

        warnings.Add(Providers.Has("identity provider", kind)
            ? $"{provider.Path} ({alias}) is not honoured: nobody signs in through it"
            : Providers.Missing(provider, kind));
        var config = provider.Member("config");
        return new IdentityProvider(
            alias,
            provider.Text("displayName") is { Length: > 0 } name ? name : SocialNames.GetValueOrDefault(kind, alias),
            IsEnabled: provider.Flag("enabled", absent: true),
            IsHidden: provider.Flag("hideOnLogin", absent: false)
                || provider.Flag("linkOnly", absent: false)
                || string.Equals(config?.Text("hideOnLoginPage"), "true", StringComparison.OrdinalIgnoreCase));
    }

    private static string? Lacking(JsonPlace provider)
    {
        bool Lacks(string name) => provider.Member("config")?.Text(name) is not { Length: > 0 };
        return provider.Text("providerId") switch
        {
            "oauth2" when Lacks("userInfoUrl") => "User Info URL not provided",
            "jwt-authorization-grant" when Lacks("issuer") => "Issuer is required",
            _ => null,
        };
    }

    private string? Insecure(JsonPlace provider)
    {
        foreach (var (member, name) in Urls)
        {
            if (provider.Member("config")?.Text(member) is not { Length: > 0 } text)
            {
                continue;
            }

            if (!Uri.TryCreate(text, UriKind.Absolute, out var url))
            {
                return $"The url [{name}] is malformed";
            }

            if (url.Scheme == Uri.UriSchemeHttp && IsSslRequired(url.Host))
            {
                return $"The url [{name}] requires secure connections";
            }
        }

        return null;
    }

    private bool IsSslRequired(string host) => sslRequired.ToUpperInvariant() switch
    {
        "NONE" => false,
        "ALL" => true,
        _ => !IsLocal(host),
    };

    // As Keycloak tells it: localhost, loopback and the private networks of IPv4 (RFC 1918). Names are not looked up.
    private static bool IsLocal(string host) =>
        host is "localhost"
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address)
            && (IPAddress.IsLoopback(address)
                || (address.AddressFamily is AddressFamily.InterNetwork
                    && address.GetAddressBytes() is [10, ..] or [192, 168, ..] or [172, >= 16 and <= 31, ..])));
}
