namespace KeycloakRealm.Sessions;

/// <summary><c>Value</c> is <c>id.sid.client-uuid</c>, and works once; <c>Expires</c> is in Unix seconds.</summary>
internal sealed record AuthorizationCode(
    string Value, string SessionId, AuthorizationRequest Request, bool Reused, int Level, long Expires);

internal sealed record RedeemedCode(AuthorizationCode Code, UserSession Session, ClientSession Client);
