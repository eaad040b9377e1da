using KeycloakRealm.Model;

namespace KeycloakRealm.Sessions;

/// <summary>What an authorization code stands for. It is <c>id.sid.client-uuid</c> and good once.</summary>
internal sealed record AuthorizationCode(
    string Value,
    string SessionId,
    Client Client,
    string? RedirectUri,
    string? Scope,
    string? Nonce,
    string? Challenge,
    string? ChallengeMethod,
    bool Reused,
    int Level,
    AcrRequest Acr,
    long Expires);

/// <summary>A code that was good, with where it leads.</summary>
internal sealed record RedeemedCode(AuthorizationCode Code, UserSession Session, ClientSession Client);
