using System.Text.Json;
using System.Text.Json.Serialization;
using KeycloakAccess.Hosting;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;

namespace KeycloakAccess.Authentication;

/// <summary>Ends the session that a logout token of Keycloak names (OpenID Connect Back-Channel Logout 1.0, sections 2.4 to 2.8).</summary>
internal sealed partial class BackChannelLogout(
    IOptions<KeycloakOptions> options,
    RealmMetadata metadata,
    EndedSessionStore sessions,
    TimeProvider clock,
    ILogger<EndedSessionStore> logger)
{
    private const string LogoutEvent = "http://schemas.openid.net/event/backchannel-logout";

    // Keycloak's logout tokens are good for two minutes. Their ids are kept for as long as this.
    private static readonly TimeSpan OldestToken = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan ClockDifference = TimeSpan.FromMinutes(1);

    public async Task<IResult> ReceiveAsync(HttpContext context, CancellationToken cancellationToken)
    {
        // Section 2.8.
        context.Response.Headers.CacheControl = "no-store";
        var form = await FormBody.TryReadAsync(context.Request, cancellationToken);
        if (form?["logout_token"] is not [{ Length: > 0 } text])
        {
            return Refuse(context, "Exactly one form field logout_token is expected.");
        }

        if (FindAlgorithm(text) is { } algorithm)
        {
            LogAlgorithm(algorithm);
            return Refuse(context, algorithm);
        }

        var token = await ValidateAsync(text, cancellationToken);
        if (token is null || !IsLogoutToken(token, options.Value.SignIn.Resource, clock.GetUtcNow()))
        {
            LogRefused();
            return Refuse(context, "The logout token is not one of this realm for this client, or too old.");
        }

        token.TryGetPayloadValue<string>("sid", out var sessionId);
        var notice = new LogoutNotice
        {
            Issuer = token.Issuer,
            TokenId = token.Id,
            SessionId = sessionId,
            Subject = string.IsNullOrEmpty(token.Subject) ? null : token.Subject,
            IssuedAt = new DateTimeOffset(token.IssuedAt, TimeSpan.Zero),
            // By then it is too old, by the clock of every instance.
            KeepUntil = clock.GetUtcNow() + OldestToken + ClockDifference + ClockDifference,
        };
        switch (await sessions.TryEndAsync(notice, cancellationToken))
        {
            case LogoutResult.Repeated:
                LogRepeated();
                return Refuse(context, "The logout token has been sent before.");
            case LogoutResult.OtherSubject:
                LogRefused();
                return Refuse(context, "The logout token names a session of another subject.");
            default:
                LogEnded();
                return TypedResults.Ok();
        }
    }

    // Keycloak signs logout tokens as it signs ID tokens.
    private string? FindAlgorithm(string text) => CompactToken.Parse(text, out _) is { } token
        ? TokenCauses.FindAlgorithmOfIdToken(token, options.Value)
        : null;

    private async Task<JsonWebToken?> ValidateAsync(string text, CancellationToken cancellationToken)
    {
        if (CompactToken.Parse(text, out _) is not { } token)
        {
            return null;
        }

        await metadata.EnsureKeyAsync(token.KeyId, cancellationToken);
        var parameters = metadata.NewParameters(options.Value.SignIn.Resource, "logout+jwt");
        parameters.IssuerSigningKeys = (await metadata.GetConfigurationAsync(cancellationToken)).SigningKeys;
        var result = await new JsonWebTokenHandler().ValidateTokenAsync(text, parameters);
        return result.IsValid ? (JsonWebToken)result.SecurityToken : null;
    }

    // Section 2.6. Audience and authorized party are those of an ID token (OpenID Connect Core 1.0, section 3.1.3.7, steps 3 to 5):
    // nobody else is trusted besides.
    private static bool IsLogoutToken(JsonWebToken token, string client, DateTimeOffset now) =>
        !string.IsNullOrEmpty(token.Id)
        && token.Audiences.Count() == 1
        && (!token.TryGetPayloadValue<string>("azp", out var party) || party == client)
        && (token.TryGetPayloadValue<string>("sid", out var session) ? session is { Length: > 0 } : !string.IsNullOrEmpty(token.Subject))
        && token.TryGetPayloadValue<JsonElement>("events", out var events)
        && events.ValueKind == JsonValueKind.Object
        && events.TryGetProperty(LogoutEvent, out var details)
        && details.ValueKind == JsonValueKind.Object
        && !token.TryGetPayloadValue<object>("nonce", out _)
        && now - new DateTimeOffset(token.IssuedAt, TimeSpan.Zero) is var age && age < OldestToken && age > -ClockDifference;

    private static IResult Refuse(HttpContext context, string description) => RateLimits.Of(context).CheckRefused(context) is { } tooMany
        ? tooMany
        : TypedResults.Json(new LogoutRefusal("invalid_request", description), statusCode: StatusCodes.Status400BadRequest);

    [LoggerMessage(Level = LogLevel.Information, Message = "Keycloak ended a session")]
    private partial void LogEnded();

    [LoggerMessage(Level = LogLevel.Warning, Message = "A logout token was sent again, and refused")]
    private partial void LogRepeated();

    [LoggerMessage(Level = LogLevel.Warning, Message = "A logout token was refused")]
    private partial void LogRefused();

    [LoggerMessage(Level = LogLevel.Warning, Message = "A logout token was refused: {Cause}")]
    private partial void LogAlgorithm(string cause);

    /// <summary>The error response of RFC 6749, section 5.2.</summary>
    internal sealed record LogoutRefusal(
        [property: JsonPropertyName("error")] string Error,
        [property: JsonPropertyName("error_description")] string ErrorDescription);
}
