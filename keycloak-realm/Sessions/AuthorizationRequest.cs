using KeycloakRealm.Model;
using KeycloakRealm.RequiredActions;

namespace KeycloakRealm.Sessions;

internal sealed record AuthorizationRequest
{
    public required ResponseTarget Target { get; init; }

    public required ResponseType ResponseType { get; init; }

    public string? Scope { get; init; }

    public string? Nonce { get; init; }

    public string? Challenge { get; init; }

    public string? ChallengeMethod { get; init; }

    public required IReadOnlyList<string> Prompts { get; init; }

    /// <summary>Seconds.</summary>
    public long? MaxAge { get; init; }

    public string? LoginHint { get; init; }

    /// <summary>The alias of another identity provider.</summary>
    public string? IdentityProviderHint { get; init; }

    public required AcrRequest Acr { get; init; }

    /// <summary>Set where somebody signs a device in.</summary>
    public DeviceCode? Device { get; init; }

    /// <summary>A required action that the client asks for.</summary>
    public string? KcAction { get; init; }

    /// <summary>What became of it; null until then.</summary>
    public ActionOutcome? Outcome { get; init; }

    public Client Client => Target.Client;

    public string RedirectUri => Target.RedirectUri;

    public string ResponseMode => Target.Mode;

    public string? State => Target.State;
}

/// <summary>Where and how an authorization response is sent.</summary>
internal sealed record ResponseTarget(Client Client, string RedirectUri, string Mode, string? State);
