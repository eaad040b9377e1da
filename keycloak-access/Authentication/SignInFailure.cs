using Microsoft.AspNetCore.Authentication;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace KeycloakAccess.Authentication;

internal static class SignInFailure
{
    public const string Cancelled = "cancelled";
    public const string Expired = "expired";
    public const string Misconfigured = "misconfigured";
    public const string Unreachable = "unreachable";
    public const string Refused = "refused";

    public static string ReasonOf(Exception? exception) => exception switch
    {
        RealmUnreachableException or HttpRequestException => Unreachable,
        OpenIdConnectProtocolException { Message: var message } => ReasonOfError(message),
        // The handler's own checks of correlation cookie, state and nonce.
        AuthenticationFailureException { Message: var message } when message.Contains("orrelation", StringComparison.Ordinal)
            || message.Contains("tate", StringComparison.Ordinal) => Expired,
        AuthenticationFailureException { Message: var message } => ReasonOfError(message),
        _ => Refused,
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
