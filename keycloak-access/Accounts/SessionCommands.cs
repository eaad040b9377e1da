using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Accounts;

/// <summary>
/// What can be done to sessions: they are ended here, with a row of the audit log, and at Keycloak. Where Keycloak itself ends
/// one, it says so by back-channel logout.
/// </summary>
internal sealed class SessionCommands(SessionStore sessions, AccountStore accounts, RealmLogout logout)
{
    public async Task<ChangeOutcome<SessionsEnded>> EndAsync(Guid id, Actor actor, CancellationToken cancellationToken) =>
        await sessions.FindAsync(id, cancellationToken) is { } session
            ? await EndAsync(session, actor, cancellationToken)
            : new ChangeFailure.NotFound();

    /// <summary>Ends a session of the caller's own. Of somebody else's they do not learn that it is there.</summary>
    public async Task<ChangeOutcome<SessionsEnded>> EndOwnAsync(Guid id, Caller caller, CancellationToken cancellationToken) =>
        await sessions.FindAsync(id, cancellationToken) is { } session
        && session.Issuer == caller.Identity.Issuer
        && session.Subject == caller.Identity.Subject
            ? await EndAsync(session, caller.Actor, cancellationToken)
            : new ChangeFailure.NotFound();

    /// <summary>Ends every session of an account, and with them the access tokens that were issued for it.</summary>
    public async Task<ChangeOutcome<SessionsEnded>> EndAllAsync(Guid accountId, Actor actor, CancellationToken cancellationToken) =>
        await accounts.FindAsync(accountId, cancellationToken) is { } account
            ? ChangeOutcome.Done(await logout.EndAllAsync(
                account.Id, account.Username, account.Issuer, account.Subject, actor, cancellationToken))
            : new ChangeFailure.NotFound();

    private async Task<ChangeOutcome<SessionsEnded>> EndAsync(Session session, Actor actor, CancellationToken cancellationToken) =>
        ChangeOutcome.Done(await logout.EndAsync(session, actor, cancellationToken));
}
