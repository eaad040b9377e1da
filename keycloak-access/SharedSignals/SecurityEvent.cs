using System.Text.Json;

namespace KeycloakAccess.SharedSignals;

/// <summary>What a security event token (RFC 8417) says, which has been validated.</summary>
internal sealed record SecurityEvent
{
    public required string Issuer { get; init; }

    public required string TokenId { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>When it happened, in whole seconds of the transmitter's clock, which the realm's is taken for.</summary>
    public required DateTimeOffset At { get; init; }

    public required string Type { get; init; }

    /// <summary>None only where the event does not need any.</summary>
    public SignalSubject? Subject { get; init; }

    /// <summary>The event's own members.</summary>
    public required JsonElement Details { get; init; }
}

/// <summary>Why a token is not taken (RFC 8935, section 2.4, and RFC 8936, section 2.4.4).</summary>
internal sealed record SetRefusal(string Error, string Description)
{
    public const string InvalidRequest = "invalid_request";
    public const string InvalidKey = "invalid_key";
    public const string InvalidIssuer = "invalid_issuer";
    public const string InvalidAudience = "invalid_audience";
    public const string AuthenticationFailed = "authentication_failed";
    public const string AccessDenied = "access_denied";

    public static SetRefusal Malformed(string description) => new(InvalidRequest, description);
}
