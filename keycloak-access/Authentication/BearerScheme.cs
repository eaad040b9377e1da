using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Microsoft.Net.Http.Headers;

namespace KeycloakAccess.Authentication;

// A token passes only if it is an access token (RFC 6750) of this realm, for this API, in its lifetime, signed by a current key with an
// accepted algorithm, and not bound to a key (DPoP, mTLS).
internal static class BearerScheme
{
    private const string Malformed =
        "The Authorization header must be \"Bearer\", one space, and the access token (RFC 6750, section 2.1).";

    private const string AlgorithmSetting = $"Clients → {TokenCauses.AnyClient} → Advanced → "
        + "Fine grain OpenID Connect configuration → Access token signature algorithm";

    private const string OtherAlgorithm = "The token is signed with another algorithm than the one that its key is for.";

    public static AuthenticationBuilder AddKeycloakBearer(this AuthenticationBuilder builder)
    {
        builder.AddJwtBearer(Schemes.Bearer, options => options.Events = new JwtBearerEvents
        {
            OnMessageReceived = ReadTokenAsync,
            OnTokenValidated = CheckTokenAsync,
            OnAuthenticationFailed = OnFailedAsync,
            OnChallenge = ChallengeAsync,
        });
        builder.Services.AddOptions<JwtBearerOptions>(Schemes.Bearer).Configure<IOptions<KeycloakOptions>, RealmMetadata>(Configure);
        return builder;
    }

    private static void Configure(JwtBearerOptions options, IOptions<KeycloakOptions> keycloak, RealmMetadata metadata)
    {
        options.ConfigurationManager = metadata;
        options.MapInboundClaims = false;
        options.IncludeErrorDetails = false;
        options.SaveToken = false;
        // A logout token has the header type logout+jwt; Keycloak writes at+jwt where the client asks for RFC 9068.
        options.TokenValidationParameters = metadata.NewParameters(keycloak.Value.RequiredAudience, "JWT", "at+jwt");
        options.TokenValidationParameters.ValidateAudience = keycloak.Value.VerifyTokenAudience;
    }

    private static async Task ReadTokenAsync(MessageReceivedContext context)
    {
        if (!TryReadToken(context.Request, out var text))
        {
            context.Fail(Malformed);
            return;
        }

        if (text is null)
        {
            // Otherwise the handler would look for a token by itself, and less strictly.
            context.NoResult();
            return;
        }

        if (CompactToken.Parse(text, out var mistake) is not { } token)
        {
            context.Fail(mistake!);
            return;
        }

        var services = context.HttpContext.RequestServices;
        var options = services.GetRequiredService<IOptions<KeycloakOptions>>().Value;
        if (SignatureAlgorithms.FindMistake(token.Algorithm, options.TokenAlgorithms, AlgorithmSetting) is { } algorithm)
        {
            context.Fail(algorithm);
            return;
        }

        try
        {
            await services.GetRequiredService<RealmMetadata>().EnsureKeyAsync(token.KeyId, context.HttpContext.RequestAborted);
            context.Token = text;
        }
        catch (RealmUnreachableException exception)
        {
            context.Fail(exception);
        }
    }

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
        return header[scheme.Length] == ' '
            && token.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.');
    }

    private static async Task CheckTokenAsync(TokenValidatedContext context)
    {
        var services = context.HttpContext.RequestServices;
        var log = services.GetRequiredService<ClientTokenLog>();
        var token = (JsonWebToken)context.SecurityToken;
        var refusal = TokenCauses.FindRefusal(token, services.GetRequiredService<TimeProvider>().GetUtcNow());
        var identity = KeycloakIdentity.Read(context.Principal!, out var mistake);
        if (identity is null)
        {
            refusal ??= new TokenRefusedException(
                string.IsNullOrEmpty(token.Subject) ? ClientToken.NoSubject : ClientToken.Malformed, mistake!);
        }

        if (refusal is not null)
        {
            log.Add(token, refusal.Code);
            context.Fail(refusal);
            return;
        }

        var sessions = services.GetRequiredService<EndedSessionStore>();
        if (await sessions.HasEndedAsync(identity!, context.HttpContext.RequestAborted))
        {
            context.Fail("The session that the token belongs to has ended. Sign in again.");
            return;
        }

        log.Add(token, ClientToken.Accepted);
    }

    // An outage of the database must not look like a fault of the token.
    private static Task OnFailedAsync(AuthenticationFailedContext context)
    {
        if (context.Exception is not (SecurityTokenException or ArgumentException or RealmUnreachableException))
        {
            throw context.Exception;
        }

        if (!TryReadToken(context.Request, out var text) || text is null)
        {
            return Task.CompletedTask;
        }

        var services = context.HttpContext.RequestServices;
        switch (context.Exception)
        {
            // The audience is validated after the signature, so the realm did issue this one.
            case SecurityTokenInvalidAudienceException:
                var token = new JsonWebToken(text);
                var options = services.GetRequiredService<IOptions<KeycloakOptions>>().Value;
                var refusal = TokenCauses.ForAudience(token, options.RequiredAudience);
                services.GetRequiredService<ClientTokenLog>().Add(token, refusal.Code);
                context.Fail(refusal);
                break;
            case SecurityTokenSignatureKeyNotFoundException
                when services.GetRequiredService<RealmMetadata>().WhyUnused(CompactToken.Parse(text, out _)?.KeyId) is { } mistake:
                context.Fail($"The token is signed with a key of the realm that is not used here: it {mistake}. "
                    + "In Keycloak: Realm settings → Keys → Add providers gives the realm another one.");
                break;
        }

        return Task.CompletedTask;
    }

    private static async Task ChallengeAsync(JwtBearerChallengeContext context)
    {
        context.HandleResponse();
        if (context.AuthenticateFailure is RealmUnreachableException unreachable)
        {
            context.HttpContext.RequestServices.GetRequiredService<OutageLog>().Add($"{unreachable.Cause}: {unreachable.Message}");
            context.Response.Headers.RetryAfter = "5";
            await Problem.Create(
                StatusCodes.Status503ServiceUnavailable,
                ProblemCode.RealmUnreachable,
                $"{unreachable.Cause}, so the token cannot be checked. {unreachable.Fault ?? "Try again later."}")
                .ExecuteAsync(context.HttpContext);
            return;
        }

        if (RateLimits.Of(context.HttpContext).CheckRefused(context.HttpContext) is { } tooMany)
        {
            await tooMany.ExecuteAsync(context.HttpContext);
            return;
        }

        var options = context.HttpContext.RequestServices.GetRequiredService<IOptions<KeycloakOptions>>().Value;
        var clock = context.HttpContext.RequestServices.GetRequiredService<TimeProvider>();
        var challenge = Challenge(options);
        var (code, detail) = context.AuthenticateFailure is { } failure
            ? (ProblemCode.InvalidToken, Explain(failure, clock.GetUtcNow()))
            : (ProblemCode.TokenMissing,
                "Send an access token of this realm: \"Authorization: Bearer …\". A service gets one by client credentials.");
        if (context.AuthenticateFailure is not null)
        {
            // RFC 6750, section 3.1. A quotation mark would end the description early, and an arrow is no ASCII.
            challenge += $", error=\"{code}\", error_description={HeaderText.Quote(detail.Replace('"', '\'').Replace('→', '>'))}";
        }

        context.Response.Headers[HeaderNames.WWWAuthenticate] = challenge;
        await Problem.Create(StatusCodes.Status401Unauthorized, code, detail).ExecuteAsync(context.HttpContext);
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
        _ => CompactToken.Unreadable,
    };
}
