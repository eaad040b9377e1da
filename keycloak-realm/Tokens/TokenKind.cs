namespace KeycloakRealm.Tokens;

internal enum TokenKind
{
    Access,
    LightweightAccess,
    Id,
    UserInfo,
    Introspection,
}
