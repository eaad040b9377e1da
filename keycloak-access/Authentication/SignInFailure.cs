using Microsoft.AspNetCore.Authentication;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace KeycloakAccess.Authentication;

internal static class SignInFailure
{
    public const string Cancelled = "cancelled";
    public const string Expired = "expired";
    public const string Misconfigured = "misconfigured";
    public const string Unreachable = "unreachable";
    public const string Refused = "refused";
    public const string Clock = "clock";
    public const string Algorithm = "algorithm";
    public const string Key = "key";
    public const string NoSubject = "no-subject";
    public const string Token = "token";

    public static string ReasonOf(Exception? exception) => exception switch
    {
        RealmUnreachableException or HttpRequestException => Unreachable,
        TokenRefusedException refused => refused.Code,
        SecurityTokenExpiredException or SecurityTokenNotYetValidException => Clock,
        SecurityTokenInvalidAlgorithmException => Algorithm,
        SecurityTokenSignatureKeyNotFoundException => Key,
        OpenIdConnectProtocolException { Message: var message } => ReasonOfError(message),
        // The handler's own checks of correlation cookie, state and nonce.
        AuthenticationFailureException { Message: var message } when message.Contains("orrelation", StringComparison.Ordinal)
            || message.Contains("tate", StringComparison.Ordinal) => Expired,
        AuthenticationFailureException { Message: var message } => ReasonOfError(message),
        _ => Refused,
    };

    /// <summary>How far Keycloak's clock is ahead of this service's, or behind it, where that ended the sign-in.</summary>
    public static TimeSpan? ClockAheadOf(Exception? exception, DateTimeOffset now) => exception switch
    {
        TokenRefusedException { ClockAhead: { } ahead } => ahead,
        SecurityTokenExpiredException expired => new DateTimeOffset(expired.Expires, TimeSpan.Zero) - now,
        SecurityTokenNotYetValidException early => new DateTimeOffset(early.NotBefore, TimeSpan.Zero) - now,
        _ => null,
    };

    /// <summary>On one line, so that what comes from the query string cannot forge log entries.</summary>
    public static string Printable(string text) => string.Concat(text.Select(character => char.IsControl(character) ? ' ' : character));

    // RFC 6749, sections 4.1.2.1 and 5.2.
    private static string ReasonOfError(string message) =>
        message.Contains("access_denied", StringComparison.Ordinal) ? Cancelled
        : message.Contains("temporarily_unavailable", StringComparison.Ordinal) ? Expired
        : message.Contains("invalid_client", StringComparison.Ordinal)
            || message.Contains("unauthorized_client", StringComparison.Ordinal)
            || message.Contains("invalid_request", StringComparison.Ordinal)
            || message.Contains("invalid_scope", StringComparison.Ordinal) ? Misconfigured
        : Refused;
}
