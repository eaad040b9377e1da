using Microsoft.AspNetCore.Authentication;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace KeycloakAccess.Authentication;

internal static class SignInFailure
{
    public const string Cancelled = "cancelled";
    public const string Expired = "expired";
    public const string Misconfigured = "misconfigured";
    public const string OtherIssuer = "issuer";
    public const string Refused = "refused";
    public const string Clock = "clock";
    public const string Algorithm = "algorithm";
    public const string Key = "key";
    public const string NoSubject = "no-subject";
    public const string Token = "token";
    public const string Level = "level";
    public const string Age = "age";

    private const string Reason = "reason";

    public static AuthenticationFailureException Create(string reason, string message) => new(message) { Data = { [Reason] = reason } };

    /// <summary>What is nobody's mistake: the answer is 503.</summary>
    public static RealmUnreachableException? OutageOf(Exception? exception, CancellationToken aborted) => exception switch
    {
        RealmUnreachableException outage => new RealmUnreachableException(outage.Message, outage) { Fault = outage.Fault },
        HttpRequestException => new RealmUnreachableException(exception.Message, exception),
        OperationCanceledException when !aborted.IsCancellationRequested =>
            new RealmUnreachableException($"no answer within {BackchannelHandler.Timeout.TotalSeconds:0} seconds", exception),
        _ => null,
    };

    public static string ReasonOf(Exception? exception) => exception switch
    {
        { Data: var data } when data[Reason] is string reason => reason,
        TokenRefusedException refused => refused.Code,
        SecurityTokenExpiredException or SecurityTokenNotYetValidException => Clock,
        SecurityTokenInvalidAlgorithmException => Algorithm,
        SecurityTokenSignatureKeyNotFoundException => Key,
        OpenIdConnectProtocolException { Message: var message } => ReasonOfError(message),
        // The handler's own checks of correlation cookie and state.
        AuthenticationFailureException { Message: var message } when message.StartsWith("Correlation", StringComparison.Ordinal)
            || message.Contains("message.State", StringComparison.Ordinal) => Expired,
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
        : message.Contains("temporarily_unavailable", StringComparison.Ordinal)
            || message.Contains("invalid_grant", StringComparison.Ordinal) ? Expired
        : message.Contains("invalid_client", StringComparison.Ordinal)
            || message.Contains("unauthorized_client", StringComparison.Ordinal)
            || message.Contains("invalid_request", StringComparison.Ordinal)
            || message.Contains("invalid_scope", StringComparison.Ordinal) ? Misconfigured
        : Refused;
}
