using System.Buffers;
using System.Security.Claims;
using System.Text.Encodings.Web;
using KeycloakAccess.Authentication.BoundTokens;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace KeycloakAccess.Authentication;

/// <summary>
/// Takes the access token of the Authorization header (RFC 6750, RFC 9449), which <see cref="AccessTokens"/> checks, and what must come
/// with it, which <see cref="ProofOfPossession"/> checks.
/// </summary>
internal sealed class BearerHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> schemes,
    ILoggerFactory logger,
    UrlEncoder encoder,
    AccessTokens tokens,
    ProofOfPossession possession,
    Challenges challenges,
    TimeProvider clock) : AuthenticationHandler<AuthenticationSchemeOptions>(schemes, logger, encoder)
{
    private const string Malformed = "There must be one Authorization header: \"Bearer\", or \"DPoP\" for a token that is bound to a key, "
        + "one space, and the access token (RFC 6750, section 2.1).";

    private const string OtherAlgorithm = "The token is signed with another algorithm than the one that its key is for.";

    // Of a token of any kind: ours have fewer.
    private static readonly SearchValues<char> Characters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=");

    /// <summary>
    /// RFC 6750, section 2.1: one space, and then nothing but characters of a token. Without the scheme there is no token.
    /// </summary>
    public static bool TryReadToken(HttpRequest request, out string? token, string scheme = Schemes.Bearer)
    {
        token = null;
        var headers = request.Headers.Authorization;
        var header = headers.ToString();
        if (!Challenges.HasScheme(header, scheme))
        {
            return headers.Count <= 1;
        }

        if (header.Length <= scheme.Length + 1)
        {
            return header.Length == scheme.Length || header[^1] == ' ';
        }

        token = header[(scheme.Length + 1)..];
        return headers.Count == 1 && header[scheme.Length] == ' ' && !token.AsSpan().ContainsAnyExcept(Characters);
    }

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!TryReadToken(Request, out var text, Challenges.UsesDpop(Request) ? Challenges.Dpop : Schemes.Bearer))
        {
            return AuthenticateResult.Fail(new ProofRefusedException(ProblemCode.InvalidRequest, Malformed));
        }

        if (text is null)
        {
            return AuthenticateResult.NoResult();
        }

        var token = await tokens.CheckAsync(Context, text);
        return (token.Refusal ?? await possession.CheckAsync(Context, token.Known!, text)) is { } refusal
            ? AuthenticateResult.Fail(refusal)
            : AuthenticateResult.Success(new AuthenticationTicket(
                new ClaimsPrincipal(new CallerIdentity(token.Known!, token.State!, text)), Scheme.Name));
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var failure = (await HandleAuthenticateOnceSafeAsync()).Failure;
        if (failure is RealmUnreachableException unreachable)
        {
            Context.RequestServices.GetRequiredService<OutageLog>().Add($"{unreachable.Cause}: {unreachable.Message}");
            Response.Headers.RetryAfter = "5";
            await Problem.Create(
                StatusCodes.Status503ServiceUnavailable,
                ProblemCode.RealmUnreachable,
                $"{unreachable.Cause}, so the token cannot be checked. {unreachable.Fault ?? "Try again later."}")
                .ExecuteAsync(Context);
            return;
        }

        var (code, detail) = failure is not null
            ? ((failure as ProofRefusedException)?.Code ?? ProblemCode.InvalidToken, Explain(failure, clock.GetUtcNow()))
            : (ProblemCode.TokenMissing,
                "Send an access token of this realm: \"Authorization: Bearer …\". A service gets one by client credentials.");
        // Whoever is told a nonce has done nothing wrong.
        if (code != ProblemCode.UseDpopNonce && RateLimits.Of(Context).CheckRefused(Context) is { } tooMany)
        {
            await tooMany.ExecuteAsync(Context);
            return;
        }

        challenges.Add(Context, failure is null ? null : code, failure is null ? null : detail);
        await Problem.Create(StatusOf(code), code, detail).ExecuteAsync(Context);
    }

    // RFC 6750, section 3.1. To a proxy that asks, nothing but 401 and 403 is a refusal.
    private int StatusOf(string code) =>
        code == ProblemCode.InvalidRequest && Context.GetEndpoint()?.Metadata.GetMetadata<OriginalRequest>() is null
            ? StatusCodes.Status400BadRequest
            : StatusCodes.Status401Unauthorized;

    // The library's own messages hold claim values and key ids.
    private static string Explain(Exception failure, DateTimeOffset now) => failure switch
    {
        SecurityTokenExpiredException expired => TokenCauses.Expired(now - new DateTimeOffset(expired.Expires, TimeSpan.Zero)),
        SecurityTokenNotYetValidException early => TokenCauses.NotYetValid(new DateTimeOffset(early.NotBefore, TimeSpan.Zero) - now),
        SecurityTokenInvalidLifetimeException => "The token is never valid: its nbf is after its exp.",
        SecurityTokenNoExpirationException => "The token has no end of life (exp).",
        SecurityTokenInvalidIssuerException =>
            "The token comes from another issuer. Get it from the realm that this API trusts, under the same address.",
        SecurityTokenInvalidTypeException => TokenCauses.NotAccessToken,
        SecurityTokenInvalidAlgorithmException => OtherAlgorithm,
        SecurityTokenSignatureKeyNotFoundException =>
            "The token is signed with a key that the realm does not offer. Get a new one: Keycloak's keys may have changed "
                + "(Realm settings → Keys).",
        SecurityTokenInvalidSignatureException => "The token's signature is wrong.",
        TokenRefusedException or ProofRefusedException or AuthenticationFailureException => failure.Message,
        // Of our own.
        _ when failure.GetType() == typeof(SecurityTokenException) => failure.Message,
        _ => CompactToken.Unreadable,
    };
}
