namespace KeycloakAccess.Authentication;

internal static class Schemes
{
    public const string Bearer = "Bearer";
    public const string Session = "Session";

    /// <summary>Either, whichever a request comes with; a token goes before a cookie.</summary>
    public const string BearerOrSession = "BearerOrSession";

    /// <summary>Only the sign-in and sign-out endpoints name it.</summary>
    public const string SignIn = "Keycloak";
}
