using System.Buffers;
using System.Security.Claims;
using System.Text.Encodings.Web;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using Microsoft.Net.Http.Headers;

namespace KeycloakAccess.Authentication;

/// <summary>Takes the access token of the Authorization header (RFC 6750), which <see cref="AccessTokens"/> checks.</summary>
internal sealed class BearerHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> schemes,
    ILoggerFactory logger,
    UrlEncoder encoder,
    AccessTokens tokens,
    IOptions<KeycloakOptions> options,
    TimeProvider clock) : AuthenticationHandler<AuthenticationSchemeOptions>(schemes, logger, encoder)
{
    private const string Malformed =
        "The Authorization header must be \"Bearer\", one space, and the access token (RFC 6750, section 2.1).";

    private const string OtherAlgorithm = "The token is signed with another algorithm than the one that its key is for.";

    private static readonly SearchValues<char> Characters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <summary>RFC 6750, section 3.</summary>
    public static string Challenge(KeycloakOptions options) => $"Bearer realm={HeaderText.Quote(options.Realm)}";

    // RFC 6750, section 2.1: one space, and then nothing but characters of a token. Without the scheme there is no token.
    public static bool TryReadToken(HttpRequest request, out string? token)
    {
        const string scheme = "Bearer";
        token = null;
        var header = request.Headers.Authorization.ToString();
        if (!header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
            || (header.Length > scheme.Length && char.IsAsciiLetterOrDigit(header[scheme.Length])))
        {
            return true;
        }

        if (header.Length <= scheme.Length + 1)
        {
            return header.Length == scheme.Length || header[^1] == ' ';
        }

        token = header[(scheme.Length + 1)..];
        return header[scheme.Length] == ' ' && !token.AsSpan().ContainsAnyExcept(Characters);
    }

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!TryReadToken(Request, out var text))
        {
            return AuthenticateResult.Fail(Malformed);
        }

        if (text is null)
        {
            return AuthenticateResult.NoResult();
        }

        var token = await tokens.CheckAsync(text, Context.RequestAborted);
        return token.Refusal is { } refusal
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

        if (RateLimits.Of(Context).CheckRefused(Context) is { } tooMany)
        {
            await tooMany.ExecuteAsync(Context);
            return;
        }

        var challenge = Challenge(options.Value);
        var (code, detail) = failure is not null
            ? (ProblemCode.InvalidToken, Explain(failure, clock.GetUtcNow()))
            : (ProblemCode.TokenMissing,
                "Send an access token of this realm: \"Authorization: Bearer …\". A service gets one by client credentials.");
        if (failure is not null)
        {
            // RFC 6750, section 3.1. A quotation mark would end the description early, and an arrow is no ASCII.
            challenge += $", error=\"{code}\", error_description={HeaderText.Quote(detail.Replace('"', '\'').Replace('→', '>'))}";
        }

        Response.Headers[HeaderNames.WWWAuthenticate] = challenge;
        await Problem.Create(StatusCodes.Status401Unauthorized, code, detail).ExecuteAsync(Context);
    }

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
        TokenRefusedException or AuthenticationFailureException => failure.Message,
        // Of our own.
        _ when failure.GetType() == typeof(SecurityTokenException) => failure.Message,
        _ => CompactToken.Unreadable,
    };
}
