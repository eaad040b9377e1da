using Microsoft.Extensions.Options;

namespace KeycloakAccess.Cors;

/// <summary>
/// The pages of other origins whose scripts may call the API: section <c>Cors</c>. Besides, <c>Keycloak:enable-cors</c> lets in those that
/// Keycloak names in a token.
/// </summary>
public sealed class CorsOriginOptions
{
    /// <summary>The name of the configuration section.</summary>
    public const string Section = "Cors";

    /// <summary>Origins as a browser writes them (RFC 6454, section 6.2): <c>https://app.example.com</c>.</summary>
    public IReadOnlyList<string> Origins { get; set; } = [];
}

internal sealed class CorsOriginValidator : IValidateOptions<CorsOriginOptions>
{
    private const string List = $"{CorsOriginOptions.Section}:{nameof(CorsOriginOptions.Origins)}";

    public ValidateOptionsResult Validate(string? name, CorsOriginOptions options)
    {
        var failures = options.Origins.Select((origin, index) => FindMistake($"{List}:{index}", origin)).OfType<string>().ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static string? FindMistake(string key, string text)
    {
        if (text.Contains('*', StringComparison.Ordinal))
        {
            return $"{key} is \"{text}\". Name each origin: any page could call the API otherwise. " +
                "Keycloak:enable-cors takes those that Keycloak names in a token.";
        }

        var right = Parse(text) ?? (text.Contains("://", StringComparison.Ordinal) ? null : Parse("https://" + text));
        return string.Equals(right, text, StringComparison.Ordinal) ? null
            : $"{key} is \"{text}\". It must be an origin as browsers write it: scheme, host, and port unless it is the scheme's own, " +
                $"without a path{(right is null ? ", as in https://app.example.com." : $". Did you mean \"{right}\"?")}";
    }

    private static string? Parse(string text) =>
        Uri.TryCreate(text.Trim(), UriKind.Absolute, out var url)
        && url.Scheme is "http" or "https"
        && url.IdnHost.Length > 0
            ? $"{url.Scheme}://{(url.HostNameType == UriHostNameType.IPv6 ? url.Host : url.IdnHost)}"
                + (url.IsDefaultPort ? "" : $":{url.Port}")
            : null;
}
