namespace KeycloakRealm.Tokens;

/// <summary>Where a mapper's claim may go.</summary>
internal enum TokenKind
{
    Access,
    LightweightAccess,
    Id,
    UserInfo,
    Introspection,
}
