using System.Buffers;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication.BoundTokens;

/// <summary>
/// Access tokens that are bound to a key of the caller, by DPoP (RFC 9449), or to a client certificate (RFC 8705): section
/// <c>BoundTokens</c>. A token that says it is bound is never taken without its proof, whatever stands here.
/// </summary>
public sealed class BoundTokenOptions
{
    /// <summary>The name of the configuration section.</summary>
    public const string Section = "BoundTokens";

    /// <summary>Whether every access token must be bound. Default <see langword="false"/>. Sessions are not concerned.</summary>
    public bool Required { get; set; }

    /// <summary>Client ids whose tokens must be bound, wherever they call.</summary>
    public IReadOnlyList<string> RequiredForClients { get; set; } = [];

    /// <summary>
    /// Paths, with all that lies under them, that take bound tokens only, as the application knows them, without the prefix of a proxy:
    /// <c>/api/groups</c>.
    /// </summary>
    public IReadOnlyList<string> RequiredForPaths { get; set; } = [];

    /// <summary>
    /// Where client certificates come from. Default <see cref="ClientCertificateSource.None"/>: tokens that are bound to one are refused.
    /// </summary>
    public ClientCertificateSource ClientCertificates { get; set; }

    /// <summary><c>Dpop</c>: what a DPoP proof must be.</summary>
    public DpopOptions Dpop { get; set; } = new();
}

/// <summary>What a DPoP proof must be: section <c>BoundTokens:Dpop</c>.</summary>
public sealed class DpopOptions
{
    /// <summary>The signature algorithms (RFC 7518, section 3.1) that are accepted. Default: all that can be verified.</summary>
    public IReadOnlyList<string> Algorithms { get; set; } = [];

    /// <summary>
    /// For how long after its <c>iat</c> a proof is good, from 1 second to 5 minutes; for as long it is kept that it was used. Default 1
    /// minute.
    /// </summary>
    public TimeSpan ProofLifetime { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How far the clocks of callers may be apart from this service's, both ways: up to 1 minute. Default 10 seconds.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Whether a proof must hold a nonce of this service (RFC 9449, section 9), so that none can be made beforehand. Default
    /// <see langword="false"/>. Every instance takes the nonces of all.
    /// </summary>
    public bool RequireNonce { get; set; }

    /// <summary>For how long a nonce is good, from 10 seconds to 1 hour. Default 5 minutes.</summary>
    public TimeSpan NonceLifetime { get; set; } = TimeSpan.FromMinutes(5);

    internal IReadOnlyList<string> Accepted => Algorithms.Count > 0 ? Algorithms : SignatureAlgorithms.Verifiable;
}

/// <summary>Where client certificates come from.</summary>
public enum ClientCertificateSource
{
    /// <summary>Nowhere.</summary>
    None,

    /// <summary>From the TLS connection, which ends here.</summary>
    Connection,

    /// <summary>From the header <c>Client-Cert</c> (RFC 9440) of a proxy that <c>Proxies</c> lists, and of nobody else.</summary>
    Proxy,
}

internal sealed class BoundTokenValidator : IValidateOptions<BoundTokenOptions>
{
    private const string Dpop = $"{BoundTokenOptions.Section}:{nameof(BoundTokenOptions.Dpop)}";

    private static readonly SearchValues<char> NotInPaths = SearchValues.Create("?#%*{}\\");

    public ValidateOptionsResult Validate(string? name, BoundTokenOptions options)
    {
        var failures = Failures(options).ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static IEnumerable<string> Failures(BoundTokenOptions options)
    {
        var dpop = options.Dpop;
        foreach (var algorithm in dpop.Algorithms.Except(SignatureAlgorithms.Verifiable, StringComparer.Ordinal))
        {
            yield return $"{Dpop}:{nameof(dpop.Algorithms)} names {algorithm}. It may name "
                + $"{string.Join(", ", SignatureAlgorithms.Verifiable)}.";
        }

        if (dpop.ProofLifetime < TimeSpan.FromSeconds(1) || dpop.ProofLifetime > TimeSpan.FromMinutes(5))
        {
            yield return $"{Dpop}:{nameof(dpop.ProofLifetime)} is {dpop.ProofLifetime}. "
                + "It must be between 1 second and 5 minutes, as in 00:01:00: a caller makes a new proof for each request.";
        }

        if (dpop.ClockSkew < TimeSpan.Zero || dpop.ClockSkew > TimeSpan.FromMinutes(1))
        {
            yield return $"{Dpop}:{nameof(dpop.ClockSkew)} is {dpop.ClockSkew}. "
                + "It must be between 0 and 1 minute, as in 00:00:10; set the clocks right instead of widening it, or require a nonce.";
        }

        if (dpop.NonceLifetime < TimeSpan.FromSeconds(10) || dpop.NonceLifetime > TimeSpan.FromHours(1))
        {
            yield return $"{Dpop}:{nameof(dpop.NonceLifetime)} is {dpop.NonceLifetime}. "
                + "It must be between 10 seconds and 1 hour, as in 00:05:00.";
        }

        for (var index = 0; index < options.RequiredForPaths.Count; index++)
        {
            var path = options.RequiredForPaths[index];
            if (path is not ['/', _, ..] || path.EndsWith('/') || path.AsSpan().ContainsAny(NotInPaths))
            {
                yield return $"{BoundTokenOptions.Section}:{nameof(options.RequiredForPaths)}:{index} is \"{path}\". "
                    + $"It must be a path of this service, as in /api/groups; for every one, set {BoundTokenOptions.Section}:"
                    + $"{nameof(options.Required)}.";
            }
        }
    }
}
