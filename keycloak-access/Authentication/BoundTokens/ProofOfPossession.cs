using System.Text.Json;
using KeycloakAccess.Hosting;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication.BoundTokens;

/// <summary>Endpoint metadata: it takes access tokens only that are bound to a key or to a certificate.</summary>
internal sealed class RequiresBoundToken;

/// <summary>
/// Whether the token of a request comes from whom it was issued to. A token that says what it is bound to needs the proof of it at each
/// request; what is known of the token says nothing about that.
/// </summary>
internal sealed class ProofOfPossession(IOptions<BoundTokenOptions> options, DpopProofs proofs)
{
    private readonly bool _isRequired = options.Value.Required;
    private readonly HashSet<string> _clients = new(options.Value.RequiredForClients, StringComparer.Ordinal);
    private readonly PathString[] _paths = [.. options.Value.RequiredForPaths.Select(path => new PathString(path))];

    /// <summary>Whether a token that nothing binds is no token here, for any client.</summary>
    public bool IsRequiredOf(HttpContext context) =>
        _isRequired
        || context.GetEndpoint()?.Metadata.GetMetadata<RequiresBoundToken>() is not null
        || (_paths.Length > 0
            && Array.Exists(_paths, path => context.Request.Path.StartsWithSegments(path, StringComparison.OrdinalIgnoreCase)));

    public bool IsRequiredOf(string clientId) => _clients.Contains(clientId);

    /// <summary>What a token is bound to, of which the realm has signed the claim <c>cnf</c>.</summary>
    /// <param name="confirmation">The claim, where the token has it.</param>
    /// <param name="refusal">Where the token can be used by nobody here.</param>
    public TokenBinding? Read(JsonElement? confirmation, out TokenRefusedException? refusal)
    {
        var binding = confirmation is { } claim ? TokenBinding.Read(claim) : null;
        var isUnknown = confirmation is not null && binding is null;
        refusal = isUnknown || (binding is { Certificate: not null } && options.Value.ClientCertificates == ClientCertificateSource.None)
            ? new TokenRefusedException(ClientToken.Bound, TokenCauses.Bound(TokenCauses.AnyClient))
            : null;
        return binding;
    }

    /// <summary>Null where the request comes with all that the token needs.</summary>
    /// <exception cref="System.Data.Common.DbException">Nobody knows whether the proof has been used before.</exception>
    public async ValueTask<ProofRefusedException?> CheckAsync(HttpContext context, KnownToken token, string text)
    {
        var usesDpop = Challenges.UsesDpop(context.Request);
        if (token.Binding is not { } binding)
        {
            return usesDpop
                ? Refuse("The token is not bound to a key: send it as \"Authorization: Bearer …\", or ask for it with a DPoP proof.")
                : IsRequiredOf(context) || IsRequiredOf(token.Identity.ClientId)
                    ? Refuse("The token must be bound to a key or a certificate to be taken here. Ask for it with a DPoP proof, and send "
                        + "it as \"Authorization: DPoP …\" with a proof for each request (RFC 9449). In Keycloak: Clients → "
                        + $"{TokenCauses.AnyClient} → Settings → Capability config → Require DPoP bound tokens: on.")
                : null;
        }

        if (binding.Key is null && usesDpop)
        {
            return Refuse("The token is not bound to a key, but to a certificate: send it as \"Authorization: Bearer …\".");
        }

        if (binding.Key is not null && !usesDpop)
        {
            return Refuse("The token is bound to a key: send it as \"Authorization: DPoP …\", with a proof in the header DPoP "
                + "(RFC 9449, section 7).");
        }

        if (binding.Certificate is not null && await FindMistakeAsync(context, binding.Certificate) is { } mistake)
        {
            return Refuse($"The token is bound to a client certificate, and {mistake}");
        }

        return binding.Key is null ? null : await proofs.CheckAsync(context, binding.Key, text);
    }

    private async ValueTask<string?> FindMistakeAsync(HttpContext context, string certificate)
    {
        var (thumbprint, mistake) = await ClientCertificate.FindThumbprintAsync(context, options.Value.ClientCertificates);
        return thumbprint is not null && !TokenBinding.AreEqual(thumbprint, certificate)
            ? "another one came with the request. Show the certificate that the token was asked for with."
            : mistake;
    }

    private static ProofRefusedException Refuse(string detail) => new(ProblemCode.InvalidToken, detail);
}
