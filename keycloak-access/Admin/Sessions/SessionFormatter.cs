using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Sessions;

internal static class SessionFormatter
{
    public static string Describe(ChangeOutcome<SessionsEnded> outcome) =>
        outcome.Value is { } ended ? Describe(ended)
        : outcome.Failure is ChangeFailure.Refused refused ? $"The session was not ended. {refused.Detail}"
        : "That session had ended already.";

    public static string Describe(SessionsEnded ended) => ended switch
    {
        { Ended: 0 } => $"{ended.Username} was signed in nowhere. Tokens that people got before are refused too.",
        { Open: 0, Ended: 1 } => $"The session of {ended.Username} has ended, here and in Keycloak.",
        { Open: 0 } => $"{ended.Ended} sessions of {ended.Username} have ended, here and in Keycloak.",
        { Queued: > 0, Ended: 1 } => $"The session of {ended.Username} has ended here. Keycloak could not be reached: it ends there "
            + "as soon as Keycloak answers. Until then a browser may sign in again without a password.",
        { Queued: > 0 } when ended.Queued == ended.Open => $"{ended.Ended} sessions of {ended.Username} have ended here. Keycloak could "
            + $"not be reached: {ended.Open} of them end there as soon as it answers. Until then a browser may sign in again without a "
            + "password.",
        _ => $"{ended.Ended} sessions of {ended.Username} have ended here. Keycloak could not end {ended.Open} of them: "
            + "end those in its console, else a browser may sign in again without a password.",
    };
}
