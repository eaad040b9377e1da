using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Accounts;

/// <summary>
/// What can be done to sessions: they are ended here, with a row of the audit log, and at Keycloak. Where Keycloak itself ends
/// one, it says so by back-channel logout.
/// </summary>
internal sealed class SessionCommands(SessionStore sessions, AccountStore accounts, SubjectStore subjects, RealmLogout logout)
{
    /// <summary>Refused where its owner holds more than the author.</summary>
    public async Task<ChangeOutcome<SessionsEnded>> EndAsync(Guid id, ChangeAuthor author, CancellationToken cancellationToken)
    {
        if (await sessions.FindAsync(id, cancellationToken) is not { } session)
        {
            return new ChangeFailure.NotFound();
        }

        var owner = await subjects.FindAsync(session.Subject, cancellationToken);
        return owner is not null && author.Guard.Refuse(owner) is { } refused
            ? refused
            : await EndAsync(session, owner?.AccountId, author.Actor, cancellationToken);
    }

    /// <summary>Ends a session of the caller's own. Of somebody else's they do not learn that it is there.</summary>
    public async Task<ChangeOutcome<SessionsEnded>> EndOwnAsync(Guid id, Caller caller, CancellationToken cancellationToken) =>
        await sessions.FindAsync(id, cancellationToken) is { } session
        && session.Issuer == caller.Identity.Issuer
        && session.Subject == caller.Identity.Subject
            ? await EndAsync(session, caller.AccountId, caller.Actor, cancellationToken)
            : new ChangeFailure.NotFound();

    /// <summary>
    /// Ends every session of an account, and with them the access tokens that were issued for it. Refused where it holds more than
    /// the author.
    /// </summary>
    public async Task<ChangeOutcome<SessionsEnded>> EndAllAsync(Guid accountId, ChangeAuthor author, CancellationToken cancellationToken)
    {
        if (await accounts.FindAsync(accountId, cancellationToken) is not { } account)
        {
            return new ChangeFailure.NotFound();
        }

        return await subjects.FindAccountAsync(accountId, cancellationToken) is { } owner && author.Guard.Refuse(owner) is { } refused
            ? refused
            : ChangeOutcome.Done(await logout.EndAllAsync(
                account.Id, account.Username, account.Issuer, account.Subject, author.Actor, cancellationToken));
    }

    private async Task<ChangeOutcome<SessionsEnded>> EndAsync(
        Session session, Guid? accountId, Actor actor, CancellationToken cancellationToken) =>
        ChangeOutcome.Done(await logout.EndAsync(session, accountId, actor, cancellationToken));
}
