using KeycloakAccess.Authentication;

namespace KeycloakAccess.Admin.Sessions;

/// <summary>What became of sessions, in a sentence.</summary>
internal static class SessionFormatter
{
    public static string Describe(SessionsEnded ended, string whose) => ended switch
    {
        { Ended: 0 } => $"{whose} was signed in nowhere. Tokens that people got before are refused too.",
        { Open: 0, Ended: 1 } => $"The session of {whose} has ended, here and in Keycloak.",
        { Open: 0 } => $"{ended.Ended} sessions of {whose} have ended, here and in Keycloak.",
        _ => $"{ended.Ended} sessions of {whose} have ended here. Keycloak could not end {ended.Open} of them: end those in its console, else a browser may sign in again without a password.",
    };
}
