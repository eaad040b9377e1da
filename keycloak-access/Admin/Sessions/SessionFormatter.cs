using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Sessions;

internal static class SessionFormatter
{
    private const string Meanwhile = "Until then a browser may sign in again without a password.";

    public static PageMessage Describe(ChangeOutcome<SessionsEnded> outcome) =>
        outcome.Value is { } ended ? Describe(ended)
        : outcome.Failure is ChangeFailure.Refused refused ? PageMessage.Failed($"The session was not ended. {refused.Detail}")
        : PageMessage.Unchanged("That session had ended already.");

    /// <summary>What is over here is not all where Keycloak's own sessions may still be open.</summary>
    public static PageMessage Describe(SessionsEnded ended)
    {
        var who = ended.Username;
        var what = ended.Ended == 1 ? $"The session of {who} has" : $"{Plural.Number(ended.Ended)} sessions of {who} have";
        var open = ended.Open == ended.Ended
            ? (ended.Open == 1 ? "it" : "them")
            : $"{Plural.Number(ended.Open)} of them";
        return ended switch
        {
            { Ended: 0 } => PageMessage.Unchanged($"{who} was signed in nowhere. Tokens that were issued before are refused too."),
            { Open: 0 } => PageMessage.Done($"{what} ended, here and in Keycloak."),
            { Queued: > 0 } when ended.Queued == ended.Open => PageMessage.Partly(
                $"{what} ended here. Keycloak could not be reached to end {open}, and is told again as soon as it answers. {Meanwhile}"),
            _ => PageMessage.Partly(
                $"{what} ended here. Keycloak could not end {open}: look in its console, under the sessions of {who}. {Meanwhile}"),
        };
    }
}
