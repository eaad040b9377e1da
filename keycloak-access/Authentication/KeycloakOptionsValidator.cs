using System.Net;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication;

/// <param name="contentRoot">Where the application looks for its settings.</param>
internal sealed class KeycloakOptionsValidator(string? contentRoot = null) : IValidateOptions<KeycloakOptions>
{
    public ValidateOptionsResult Validate(string? name, KeycloakOptions options)
    {
        string[] failures = [.. Failures(options)];
        if (options.AuthServerUrl.Length == 0 && contentRoot is not null && !File.Exists(Path.Combine(contentRoot, "appsettings.json")))
        {
            failures =
            [
                .. failures,
                $"There is no appsettings.json in {contentRoot}, where it is looked for. If the settings are in it, start the service in "
                    + "its own folder, or name that: --contentRoot, or ASPNETCORE_CONTENTROOT.",
            ];
        }

        return failures.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static IEnumerable<string> Failures(KeycloakOptions options)
    {
        if (options.AuthServerUrl.Length == 0)
        {
            yield return "Keycloak:auth-server-url is missing. " +
                "Set it to Keycloak's address as browsers see it, without /realms: https://sso.example.com/";
        }
        else if (UrlFailure("auth-server-url", options.AuthServerUrl, options.SslRequired) is { } failure)
        {
            yield return failure;
        }

        if (options.BackchannelUrl.Length > 0
            && UrlFailure("backchannel-url", options.BackchannelUrl, options.SslRequired) is { } backchannelFailure)
        {
            yield return backchannelFailure;
        }

        if (options.ProxyUrl.Length > 0)
        {
            if (!Uri.TryCreate(options.ProxyUrl, UriKind.Absolute, out var proxy) || proxy.Scheme is not ("http" or "https"))
            {
                yield return $"Keycloak:proxy-url is \"{options.ProxyUrl}\". It must be an absolute http or https URL.";
            }
            else if (options.SslRequired != SslRequired.None
                && options.MetadataAddress.StartsWith("http:", StringComparison.OrdinalIgnoreCase))
            {
                // Behind a proxy nobody sees which address a host name leads to.
                yield return "Keycloak:proxy-url takes requests over http to wherever the proxy leads them, and Keycloak:ssl-required is "
                    + $"{options.SslRequired.ToString().ToLowerInvariant()}. Ask Keycloak over https, or set ssl-required to none.";
            }
        }

        if (options.Realm.Length == 0)
        {
            yield return "Keycloak:realm is missing. Set it to the realm's name, in the same case as Keycloak shows it.";
        }

        if (options.Resource.Length == 0)
        {
            yield return "Keycloak:resource is missing. Set it to the client id of this API in Keycloak: the client that owns its roles.";
        }

        if (options.SignIn.Resource.Length == 0)
        {
            yield return "Keycloak:sign-in:resource is missing. " +
                "Set it to the client id through which staff sign in: confidential, standard flow, PKCE S256.";
        }

        if (options.SignIn.Secret.Length == 0)
        {
            yield return "Keycloak:sign-in:credentials:secret is missing. " +
                "Set it, or secret-file, to the secret of the sign-in client (Keycloak: Clients, Credentials).";
        }

        if (options.TokenClockSkew < TimeSpan.Zero || options.TokenClockSkew > TimeSpan.FromMinutes(5))
        {
            yield return $"Keycloak:token-clock-skew is {options.TokenClockSkew}. " +
                "It must be between 0 and 5 minutes; set the clocks right instead of widening it.";
        }

        if (options.SignIn.SessionLifetime < TimeSpan.FromMinutes(1) || options.SignIn.SessionLifetime > TimeSpan.FromHours(24))
        {
            yield return $"Keycloak:sign-in:session-lifetime is {options.SignIn.SessionLifetime}. " +
                "It must be between 1 minute and 24 hours.";
        }

        if (options.SignIn.SessionIdle < TimeSpan.FromMinutes(1) || options.SignIn.SessionIdle > TimeSpan.FromHours(24))
        {
            yield return $"Keycloak:sign-in:session-idle is {options.SignIn.SessionIdle}. " +
                "It must be between 1 minute and 24 hours.";
        }

        if (options.SignIn.SessionGrace < TimeSpan.Zero || options.SignIn.SessionGrace > TimeSpan.FromHours(1))
        {
            yield return $"Keycloak:sign-in:session-grace is {options.SignIn.SessionGrace}. " +
                "It must be between 0 and 1 hour: for so long somebody keeps what Keycloak may have taken away.";
        }

        foreach (var algorithm in options.TokenAlgorithms.Except(SignatureAlgorithms.Verifiable, StringComparer.Ordinal))
        {
            yield return $"Keycloak:token-algorithms names {algorithm}. It may name {string.Join(", ", SignatureAlgorithms.Verifiable)}.";
        }
    }

    private static string? UrlFailure(string key, string text, SslRequired required)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            return $"Keycloak:{key} is \"{text}\". It must be an absolute http or https URL.";
        }

        if (url.AbsolutePath.Contains("/realms", StringComparison.Ordinal)
            || url.Query.Length > 0
            || url.Fragment.Length > 0
            || url.UserInfo.Length > 0)
        {
            return $"Keycloak:{key} is \"{text}\". It must be the server's address alone; " +
                "leave out /realms and what follows, and put the realm's name into Keycloak:realm.";
        }

        // BackchannelHandler checks a host name once it has been resolved.
        var external = IPAddress.TryParse(url.DnsSafeHost, out var address) && !LocalAddress.IsLocal(address);
        return url.Scheme == "http" && (required == SslRequired.All || (required == SslRequired.External && external))
            ? $"Keycloak:{key} is \"{text}\", but Keycloak:ssl-required is {required.ToString().ToLowerInvariant()}. " +
                "Use https, or lower ssl-required."
            : null;
    }
}
