using KeycloakRealm.Model;

namespace KeycloakRealm.Sessions;

/// <summary>A device that waits until somebody signs in elsewhere (RFC 8628). Times are in Unix seconds.</summary>
internal sealed class DeviceCode
{
    public required string Value { get; init; }

    /// <summary>As people type it: eight letters with a dash in the middle.</summary>
    public required string UserCode { get; init; }

    public required Client Client { get; init; }

    public string? Scope { get; init; }

    public string? Nonce { get; init; }

    public string? Challenge { get; init; }

    public string? ChallengeMethod { get; init; }

    public required long Expires { get; init; }

    /// <summary>Seconds between two requests for the tokens.</summary>
    public required int Interval { get; init; }

    public DateTimeOffset NextPoll { get; set; }

    public bool IsDenied { get; set; }

    public DeviceApproval? Approval { get; set; }
}

/// <summary>The sign-in that let the device in.</summary>
internal sealed record DeviceApproval(string SessionId, AuthorizationRequest Request, bool Reused, int Level);
