using KeycloakRealm.Model;

namespace KeycloakRealm.Sessions;

/// <summary>An authorization request that has passed all checks.</summary>
internal sealed record AuthorizationRequest(
    Client Client,
    string RedirectUri,
    string ResponseType,
    string ResponseMode,
    string? Scope,
    string? State,
    string? Nonce,
    string? Challenge,
    string? ChallengeMethod,
    IReadOnlyList<string> Prompts,
    long? MaxAge,
    string? LoginHint,
    AcrRequest Acr);
