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

    private const string OtherAlgorithm =
        "The token is signed with an algorithm that is not accepted here: Keycloak:token-algorithms lists those that are.";

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
        if (!options.TokenAlgorithms.Contains(token.Algorithm, StringComparer.Ordinal))
        {
            context.Fail(OtherAlgorithm);
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

    // RFC 6750, section 2.1: one space, and then nothing but characters of a token. Without the scheme there is no token.
    private static bool TryReadToken(HttpRequest request, out string? token)
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
        var principal = context.Principal!;
        // Plain JwtBearer takes an ID token whose audience matches. Keycloak says what a token is in the payload's typ.
        if (principal.FindAll("typ").Take(2).ToArray() is not [{ Value: "Bearer" }])
        {
            context.Fail("This is not an access token. Send the access_token of the token response.");
            return;
        }

        if (context.SecurityToken is not JsonWebToken token || token.TryGetPayloadValue<object>("cnf", out _))
        {
            context.Fail("The token is bound to a key or a certificate, which this API cannot check. Send a plain bearer token.");
            return;
        }

        if (KeycloakIdentity.Read(principal, out var error) is not { } identity)
        {
            context.Fail(error!);
            return;
        }

        var sessions = context.HttpContext.RequestServices.GetRequiredService<EndedSessionStore>();
        if (await sessions.HasEndedAsync(identity, IssuedAt(token), context.HttpContext.RequestAborted))
        {
            context.Fail("The session that the token belongs to has ended. Sign in again.");
            return;
        }

        context.HttpContext.RequestServices.GetRequiredService<ClientTokenLog>().Add(token, ClientToken.Accepted);
    }

    // The end of a session is written by this service's clock: a minute covers what Keycloak's may differ.
    private static DateTimeOffset IssuedAt(JsonWebToken token) =>
        token.IssuedAt is { Year: > 1970 } issuedAt
            ? new DateTimeOffset(issuedAt, TimeSpan.Zero) - TimeSpan.FromMinutes(1)
            : DateTimeOffset.MinValue;

    // An outage of the database must not look like a fault of the token.
    private static Task OnFailedAsync(AuthenticationFailedContext context)
    {
        // The audience is validated after the signature, so the realm did issue this one.
        if (context.Exception is SecurityTokenInvalidAudienceException
            && TryReadToken(context.Request, out var token)
            && token is not null)
        {
            context.HttpContext.RequestServices.GetRequiredService<ClientTokenLog>()
                .Add(new JsonWebToken(token), ClientToken.WrongAudience);
        }

        return context.Exception is SecurityTokenException or ArgumentException or RealmUnreachableException
            ? Task.CompletedTask
            : throw context.Exception;
    }

    private static async Task ChallengeAsync(JwtBearerChallengeContext context)
    {
        context.HandleResponse();
        if (context.AuthenticateFailure is RealmUnreachableException)
        {
            context.Response.Headers.RetryAfter = "5";
            await Problem.Create(
                StatusCodes.Status503ServiceUnavailable,
                ProblemCode.RealmUnreachable,
                "The realm cannot be reached, so the token cannot be checked. Try again later.").ExecuteAsync(context.HttpContext);
            return;
        }

        var realm = context.HttpContext.RequestServices.GetRequiredService<IOptions<KeycloakOptions>>().Value.Realm;
        var challenge = $"Bearer realm={HeaderText.Quote(realm)}";
        var (code, detail) = context.AuthenticateFailure is { } failure
            ? (ProblemCode.InvalidToken, Explain(failure))
            : (ProblemCode.TokenMissing,
                "Send an access token of this realm: \"Authorization: Bearer …\". A service gets one by client credentials.");
        if (context.AuthenticateFailure is not null)
        {
            // RFC 6750, section 3.1. A quotation mark would end the description early.
            challenge += $", error=\"{code}\", error_description={HeaderText.Quote(detail.Replace('"', '\''))}";
        }

        context.Response.Headers[HeaderNames.WWWAuthenticate] = challenge;
        await Problem.Create(StatusCodes.Status401Unauthorized, code, detail).ExecuteAsync(context.HttpContext);
    }

    // The library's own messages hold claim values and key ids.
    private static string Explain(Exception failure) => failure switch
    {
        SecurityTokenExpiredException => "The token has expired. Get a new one.",
        SecurityTokenNotYetValidException => "The token is not valid yet. Check the clocks of this server and of Keycloak.",
        SecurityTokenNoExpirationException => "The token has no end of life (exp).",
        SecurityTokenInvalidAudienceException =>
            "The token is not meant for this API. Add an audience mapper for it to the calling client in Keycloak.",
        SecurityTokenInvalidIssuerException =>
            "The token comes from another issuer. Get it from the realm that this API trusts, under the same address.",
        SecurityTokenInvalidTypeException => "This is not an access token. Send the access_token of the token response.",
        SecurityTokenInvalidAlgorithmException => OtherAlgorithm,
        SecurityTokenSignatureKeyNotFoundException => "The token is signed with a key that the realm does not offer.",
        SecurityTokenInvalidSignatureException => "The token's signature is wrong.",
        AuthenticationFailureException ours => ours.Message,
        _ => CompactToken.Unreadable,
    };
}
