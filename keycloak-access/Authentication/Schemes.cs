namespace KeycloakAccess.Authentication;

internal static class Schemes
{
    public const string Bearer = "Bearer";
    public const string Session = "Session";

    /// <summary>Only the sign-in and sign-out endpoints name it.</summary>
    public const string SignIn = "Keycloak";
}
