using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;

namespace KeycloakAccess.Authentication;

/// <summary>What a sign-in is held to beyond what the framework's handler looks at, and where it leads when it fails.</summary>
internal sealed partial class SignInEvents(
    RealmMetadata metadata,
    RealmReachability realm,
    EndedSessionStore ended,
    StepUpLink link,
    IOptions<KeycloakOptions> options,
    TimeProvider clock,
    ILogger<SignInEvents> logger) : OpenIdConnectEvents
{
    /// <summary>
    /// The longest ID token that a redirect carries. Proxies take some 4 KiB of response headers, and Keycloak 4 KiB of request line; both
    /// by default.
    /// </summary>
    public const int LongestHint = 2000;

    /// <summary>The property of the state for the nonce.</summary>
    private const string Nonce = "nonce";

    /// <summary>The parameters of an authorization response (RFC 6749, section 4.1.2, and RFC 9207): none may stand twice.</summary>
    private static readonly string[] Once = ["code", "state", "iss", "error"];

    /// <summary>Looks for the realm before the redirect, so that an outage is a 503 here and not an error page of the browser.</summary>
    public override async Task RedirectToIdentityProvider(RedirectContext context)
    {
        await realm.EnsureAsync(context.HttpContext.RequestAborted);
        var nonce = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        context.Properties.Items[Nonce] = nonce;
        context.ProtocolMessage.Nonce = nonce;
        // As a wish, not as an essential claim: Keycloak answers one that it does not know with an error page, from which nobody comes
        // back. What it makes of the wish is looked at when it answers.
        if (StepUpLink.Find(context.Properties) is { } rule)
        {
            context.ProtocolMessage.AcrValues = rule.AcrValues;
            context.ProtocolMessage.MaxAge = rule.MaxAgeSeconds?.ToString(CultureInfo.InvariantCulture);
        }
    }

    /// <summary>
    /// An answer of another realm than the one that was asked (a mix-up, RFC 9207, section 1) is refused before its code is used.
    /// </summary>
    public override async Task MessageReceived(MessageReceivedContext context)
    {
        var query = context.Request.Query;
        if (Once.Any(name => query[name].Count > 1))
        {
            context.Fail(SignInFailure.Create(SignInFailure.Refused, "A parameter of the authorization response stands twice."));
            return;
        }

        // A state that is not ours is refused next, whoever answers.
        if (context.Properties is not { Items.Count: > 0 })
        {
            return;
        }

        var configuration = await metadata.GetConfigurationAsync(context.HttpContext.RequestAborted);
        if (query.TryGetValue("iss", out var issuer)
            ? issuer != options.Value.Issuer
            : configuration.AuthorizationResponseIssParameterSupported is true)
        {
            context.Fail(SignInFailure.Create(
                SignInFailure.OtherIssuer,
                $"The authorization response does not name {options.Value.Issuer} as its issuer (RFC 9207)."));
        }
    }

    public override Task AuthorizationCodeReceived(AuthorizationCodeReceivedContext context)
    {
        SessionHandler.MarkStart(context.Properties!, clock.GetUtcNow());
        return Task.CompletedTask;
    }

    public override async Task TokenResponseReceived(TokenResponseReceivedContext context)
    {
        var response = context.TokenEndpointResponse;
        // RFC 6749, section 7.1, and OpenID Connect Core 1.0, section 3.1.3.3.
        if (!string.Equals(response.TokenType, "Bearer", StringComparison.OrdinalIgnoreCase))
        {
            context.Fail("Keycloak answered the sign-in with a token that is no bearer token.");
            return;
        }

        if (CompactToken.Parse(response.IdToken ?? "", out var mistake) is not { } token)
        {
            context.Fail(new TokenRefusedException(SignInFailure.Token, mistake!));
            return;
        }

        if (TokenCauses.FindRefusalOfIdToken(token, new JsonWebToken(response.IdToken), options.Value) is { } refusal)
        {
            context.Fail(refusal);
            return;
        }

        await metadata.EnsureKeyAsync(token.KeyId, context.HttpContext.RequestAborted);
    }

    public override Task TokenValidated(TokenValidatedContext context)
    {
        var properties = context.Properties!;
        if (!properties.Items.Remove(Nonce, out var nonce) || string.IsNullOrEmpty(nonce))
        {
            context.Fail("The sign-in was begun without a nonce.");
            return Task.CompletedTask;
        }

        // The handler compares it next (OpenID Connect Core 1.0, section 3.1.3.7, step 11).
        context.Nonce = nonce;
        var idToken = new JsonWebToken(context.TokenEndpointResponse!.IdToken);
        if (SessionClaims.FindRefusal(idToken, clock.GetUtcNow()) is { } refusal)
        {
            context.Fail(refusal);
            return Task.CompletedTask;
        }

        context.Principal = SessionClaims.Keep(context.Principal!.Claims, idToken, context.TokenEndpointResponse.AccessToken);
        if (KeycloakIdentity.Read(context.Principal, out var error) is not { } identity)
        {
            context.Fail(error!);
            return Task.CompletedTask;
        }

        // A realm without such a level ignores the wish, and would be asked again for ever.
        if (StepUpLink.Find(properties) is { } rule && rule.FindLack(identity, clock.GetUtcNow()) is not StepUpLack.None and var lack)
        {
            var failure = SignInFailure.Create(
                lack == StepUpLack.Level ? SignInFailure.Level : SignInFailure.Age,
                lack == StepUpLack.Level
                    ? $"Keycloak was asked for a sign-in of the level {rule.AcrValues}, and answered with one of "
                        + $"{(identity.Acr is null ? "none" : "another")}."
                    : $"Keycloak was asked for a sign-in within {rule.MaxAgeSeconds} seconds, and answered with an older one.");
            failure.Data[StepUpLink.Parameter] = link.Fail(rule, identity, properties.RedirectUri ?? SignInEndpoints.HomePath);
            context.Fail(failure);
            return Task.CompletedTask;
        }

        var response = context.TokenEndpointResponse;
        List<AuthenticationToken> tokens = [new() { Name = "id_token", Value = response.IdToken }];
        if (!string.IsNullOrEmpty(response.RefreshToken))
        {
            tokens.Add(new() { Name = "refresh_token", Value = response.RefreshToken });
        }

        properties.StoreTokens(tokens);
        SessionHandler.MarkLives(properties, response.ExpiresIn, response.GetParameter("refresh_expires_in"));
        return Task.CompletedTask;
    }

    /// <summary>
    /// A session that was ended here while Keycloak could not be told is still open there, and signs in without a question. It is
    /// ended there now, and the sign-in begins anew.
    /// </summary>
    public override async Task TicketReceived(TicketReceivedContext context)
    {
        if (KeycloakIdentity.Read(context.Principal!, out _) is not { SessionId: not null } identity
            || !await ended.HasSessionEndedAsync(identity, context.HttpContext.RequestAborted))
        {
            return;
        }

        var again = new AuthenticationProperties
        {
            RedirectUri = context.Request.PathBase + SignInEndpoints.SignInPath + SignInEndpoints.ReturnTo(context.ReturnUri ?? ""),
        };
        again.SetParameter("id_token", context.Properties!.GetTokenValue("id_token"));
        LogEndedBefore();
        context.HandleResponse();
        await context.HttpContext.SignOutAsync(Schemes.SignIn, again);
    }

    public override async Task RemoteFailure(RemoteFailureContext context)
    {
        var aborted = context.HttpContext.RequestAborted;
        if (SignInFailure.OutageOf(context.Failure, aborted) is { } outage)
        {
            throw outage;
        }

        var reason = SignInFailure.ReasonOf(context.Failure);
        context.HandleResponse();
        // The browser's Back leads here, and another tab may have signed in since.
        if (reason == SignInFailure.Expired && (await context.HttpContext.AuthenticateAsync(Schemes.Session)).Succeeded)
        {
            context.Response.Redirect(
                LocalPath.Parse(context.Properties?.RedirectUri, context.Request.PathBase)
                ?? context.Request.PathBase + SignInEndpoints.HomePath);
            return;
        }

        LogSignInFailed(reason, SignInFailure.Printable(context.Failure?.Message ?? ""));
        var ahead = SignInFailure.ClockAheadOf(context.Failure, clock.GetUtcNow()) is { } time ? $"&ahead={time.TotalSeconds:0}" : "";
        if (RateLimits.Of(context.HttpContext).CheckRefused(context.HttpContext) is { } tooMany)
        {
            await tooMany.ExecuteAsync(context.HttpContext);
            return;
        }

        var stepUp = context.Failure?.Data[StepUpLink.Parameter] is string asked ? $"&{StepUpLink.Parameter}={asked}" : "";
        context.Response.Redirect($"{context.Request.PathBase}{SignInEndpoints.SignInFailedPath}?reason={reason}{ahead}{stepUp}");
    }

    public override Task RedirectToIdentityProviderForSignOut(RedirectContext context)
    {
        var message = context.ProtocolMessage;
        message.IdTokenHint = context.Properties.GetParameter<string>("id_token") ?? message.IdTokenHint;
        if (message.IdTokenHint is { Length: > LongestHint })
        {
            message.IdTokenHint = null;
        }

        message.ClientId = options.Value.SignIn.Resource;
        return Task.CompletedTask;
    }

    /// <summary>Keycloak leads here without a state where somebody signed out at Keycloak itself.</summary>
    public override Task SignedOutCallbackRedirect(RemoteSignOutContext context)
    {
        if (string.IsNullOrEmpty(context.Properties?.RedirectUri))
        {
            context.Response.Redirect(context.Request.PathBase + SignInEndpoints.SignedOutPath);
            context.HandleResponse();
        }

        return Task.CompletedTask;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A sign-in failed ({Reason}): {Message}")]
    private partial void LogSignInFailed(string reason, string message);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Keycloak signed in by a session that has ended here. It is ended there too, and the sign-in begins anew")]
    private partial void LogEndedBefore();
}
