using System.Text;
using KeycloakAccess.Hosting;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication.BoundTokens;

/// <summary>Checks the DPoP proof of a request by every rule of RFC 9449, section 4.3, anew at each request.</summary>
internal sealed class DpopProofs(IOptions<BoundTokenOptions> options, DpopNonces nonces, UsedProofs used, TimeProvider clock)
{
    public const string Header = "DPoP";

    private DpopOptions Options => options.Value.Dpop;

    /// <summary>Null where it proves this very request, by the key that the token is bound to, and has not been used before.</summary>
    /// <exception cref="System.Data.Common.DbException">Nobody knows whether it has been used.</exception>
    public async ValueTask<ProofRefusedException?> CheckAsync(HttpContext context, string keyThumbprint, string token)
    {
        if (Read(context.Request, out var mistake) is not { } proof)
        {
            return Refuse(mistake!);
        }

        // Before the signature: whoever has another key need not be asked more.
        if (!TokenBinding.AreEqual(proof.Thumbprint, keyThumbprint))
        {
            return new ProofRefusedException(
                ProblemCode.InvalidToken,
                "The token is bound to another key than the one that the DPoP proof is signed with. "
                    + "Sign with the key that the token was asked for with, or ask for a new token.");
        }

        if (FindMistake(proof, context, token) is { } wrong)
        {
            return Refuse(wrong);
        }

        if (Options.RequireNonce)
        {
            if (!nonces.IsGood(proof.Nonce, out var endsSoon))
            {
                return new ProofRefusedException(
                    ProblemCode.UseDpopNonce,
                    $"The DPoP proof must hold a nonce of this API: send it again with the one of the header {DpopNonces.Header}.");
            }

            if (endsSoon)
            {
                context.Response.Headers[DpopNonces.Header] = nonces.Issue();
            }
        }

        return await used.TryUseAsync(proof, proof.IssuedAt + Options.ProofLifetime + Options.ClockSkew, context.RequestAborted)
            ? null
            : Refuse("The DPoP proof has been used before. Make a new one for each request, with a jti of its own.");
    }

    private DpopProof? Read(HttpRequest request, out string? mistake)
    {
        var values = request.Headers[Header];
        mistake = values.Count == 0
            ? "The token is bound to a key, and no DPoP proof came with it. Send one in the header DPoP (RFC 9449, section 7.1)."
            : "The header DPoP must stand once.";
        return values is [{ Length: > 0 } text] ? DpopProof.Parse(text, Options.Accepted, out mistake) : null;
    }

    private string? FindMistake(DpopProof proof, HttpContext context, string token)
    {
        if (ProvenRequest.Find(context) is not { } request)
        {
            return "The proxy in front must send X-Forwarded-Method and X-Forwarded-Uri, and be listed in Proxies: "
                + "a DPoP proof is for the method and the address of the request that it asks about.";
        }

        var now = clock.GetUtcNow();
        return !string.Equals(proof.Method, request.Method, StringComparison.Ordinal)
                ? $"The DPoP proof is for another method: htm must be {request.Method}."
            : !request.IsAt(proof.Url)
                ? $"The DPoP proof is for another address: htu must be {request.Url}, which is how this API is reached, as far as "
                    + "it knows. Behind a proxy, it must be told by X-Forwarded-Proto, -Host and -Prefix, and the proxy be listed in "
                    + "Proxies."
            : proof.IssuedAt > now + Options.ClockSkew
                ? $"The DPoP proof was made {TokenCauses.Format(proof.IssuedAt - now)} in the future: your clock is ahead of this "
                    + "service's. " + TokenCauses.SetClocks
            : proof.IssuedAt < now - Options.ProofLifetime - Options.ClockSkew
                ? $"The DPoP proof was made {TokenCauses.Format(now - proof.IssuedAt)} ago by this service's clock. Make a new one for "
                    + $"each request. If it was new, your clock is behind. {TokenCauses.SetClocks}"
            : proof.TokenHash is not { } hash || !TokenBinding.AreEqual(hash, TokenBinding.ThumbprintOf(Encoding.ASCII.GetBytes(token)))
                ? "The DPoP proof is not for this token: ath must be the base64url of the SHA-256 of the access token."
            : !proof.HasGoodSignature() ? "The DPoP proof's signature is wrong."
            : null;
    }

    private static ProofRefusedException Refuse(string mistake) => new(ProblemCode.InvalidDpopProof, mistake);
}
