using System.Text.Json;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace KeycloakAccess.Authentication;

/// <summary>
/// Receives Keycloak's logout token (OpenID Connect Back-Channel Logout 1.0, sections 2.4 to 2.8): from then on the
/// session is refused here, in every browser and on every instance.
/// </summary>
internal static partial class BackChannelLogout
{
    private const string LogoutEvent = "http://schemas.openid.net/event/backchannel-logout";

    // Keycloak's logout tokens are good for two minutes. An older one is a replay.
    private static readonly TimeSpan OldestToken = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan ClockDifference = TimeSpan.FromMinutes(1);

    public static async Task<Results<Ok, JsonHttpResult<LogoutRefusal>>> ReceiveAsync(
        HttpContext context,
        IOptions<KeycloakOptions> options,
        RealmMetadata metadata,
        EndedSessionStore sessions,
        TimeProvider clock,
        ILogger<EndedSessionStore> logger,
        CancellationToken cancellationToken)
    {
        // Section 2.8: neither the answer to a logout nor a refusal may be kept.
        context.Response.Headers.CacheControl = "no-store";
        var form = await FormBody.TryReadAsync(context.Request, cancellationToken);
        if (form?["logout_token"] is not [{ Length: > 0 } text])
        {
            return Refuse("Exactly one form field logout_token is expected.");
        }

        var token = await ValidateAsync(text, options.Value, metadata, cancellationToken);
        if (token is null || !IsLogoutToken(token, clock.GetUtcNow()))
        {
            LogRefused(logger);
            return Refuse("The logout token is not one of this realm for this client, or too old.");
        }

        token.TryGetPayloadValue<string>("sid", out var sessionId);
        // A session id never comes back. A subject does, so a token that is sent again must not end what began later; by
        // Keycloak's clock, hence with a minute between it and ours.
        var now = clock.GetUtcNow();
        var written = new DateTimeOffset(token.IssuedAt, TimeSpan.Zero) + ClockDifference;
        await sessions.EndAsync(token.Issuer, sessionId, token.Subject, sessionId is null && written < now ? written : now, cancellationToken);
        LogEnded(logger);
        return TypedResults.Ok();
    }

    private static async Task<JsonWebToken?> ValidateAsync(string text, KeycloakOptions options, RealmMetadata metadata, CancellationToken cancellationToken)
    {
        JsonWebToken token;
        try
        {
            token = new JsonWebToken(text);
        }
        catch (Exception exception) when (exception is ArgumentException or SecurityTokenException)
        {
            return null;
        }

        await metadata.EnsureKeyAsync(token.Kid, cancellationToken);
        var configuration = await metadata.GetConfigurationAsync(cancellationToken);
        var result = await new JsonWebTokenHandler().ValidateTokenAsync(text, new TokenValidationParameters
        {
            ValidIssuer = options.Issuer,
            ValidAudience = options.SignIn.Resource,
            ValidTypes = ["logout+jwt"],
            ValidAlgorithms = options.TokenAlgorithms,
            IssuerSigningKeys = configuration.SigningKeys,
            ClockSkew = options.TokenClockSkew,
            RequireExpirationTime = true,
        });
        return result.IsValid ? (JsonWebToken)result.SecurityToken : null;
    }

    // Section 2.6: a subject or a session, the event, no nonce, and not an old one.
    private static bool IsLogoutToken(JsonWebToken token, DateTimeOffset now) =>
        (!string.IsNullOrEmpty(token.Subject) || token.TryGetPayloadValue<string>("sid", out _))
        && token.TryGetPayloadValue<JsonElement>("events", out var events)
        && events.ValueKind == JsonValueKind.Object
        && events.TryGetProperty(LogoutEvent, out var details)
        && details.ValueKind == JsonValueKind.Object
        && !token.TryGetPayloadValue<object>("nonce", out _)
        && now - new DateTimeOffset(token.IssuedAt, TimeSpan.Zero) is var age && age < OldestToken && age > -ClockDifference;

    private static JsonHttpResult<LogoutRefusal> Refuse(string description) =>
        TypedResults.Json(new LogoutRefusal("invalid_request", description), statusCode: StatusCodes.Status400BadRequest);

    [LoggerMessage(Level = LogLevel.Information, Message = "Keycloak ended a session")]
    private static partial void LogEnded(ILogger logger);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A logout token was refused")]
    private static partial void LogRefused(ILogger logger);

    /// <summary>The error form that the specification asks for (RFC 6749, section 5.2).</summary>
    internal sealed record LogoutRefusal(
        [property: System.Text.Json.Serialization.JsonPropertyName("error")] string Error,
        [property: System.Text.Json.Serialization.JsonPropertyName("error_description")] string ErrorDescription);
}
