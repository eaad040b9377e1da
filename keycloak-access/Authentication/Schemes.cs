namespace KeycloakAccess.Authentication;

/// <summary>The names of the authentication schemes. Each route group says which one it takes.</summary>
internal static class Schemes
{
    /// <summary>An access token in the Authorization header (RFC 6750).</summary>
    public const string Bearer = "Bearer";

    /// <summary>The cookie that a sign-in leaves in the browser.</summary>
    public const string Session = "Session";

    /// <summary>OpenID Connect with the realm. Only the sign-in and sign-out endpoints name it.</summary>
    public const string SignIn = "Keycloak";
}
