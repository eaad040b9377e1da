using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Accounts;

/// <summary>Changes accounts. Nobody changes that of somebody who holds more than they do, and nobody switches themselves off.</summary>
internal sealed class AccountCommands(
    ChangeRunner changes,
    SubjectStore subjects,
    AccountDeletion deletion,
    RealmLogout logout,
    DeniedRequestLog refusals)
{
    private static readonly ChangeFailure.Conflict OwnAccount = new(
        "", "Nobody disables their own account: nobody else might be left to enable it. Ask a colleague.");

    private static readonly ChangeFailure.Conflict OwnDeletion = new("", "Nobody deletes their own account. Ask a colleague.");

    public async Task<ChangeOutcome<Account>> SetEnabledAsync(
        Guid id, bool enabled, ChangeAuthor author, CancellationToken cancellationToken) =>
        id == author.Guard.Caller.AccountId && !enabled
            ? OwnAccount
            : await changes.RunOnHoldersAsync<Account>(
                author,
                async change => await RefuseAsync(change, id, author) is { } refused
                    ? refused
                    : await AccountStore.SetEnabledAsync(change, id, enabled),
                cancellationToken);

    /// <summary>On the host, where nobody holds anything.</summary>
    public Task<ChangeOutcome<Account>> SetEnabledAsync(
        Guid id, bool enabled, Actor actor, bool allowsNoSuperuser, CancellationToken cancellationToken) =>
        changes.RunOnHoldersAsync(
            actor, allowsNoSuperuser, change => AccountStore.SetEnabledAsync(change, id, enabled), cancellationToken);

    public async Task<ChangeOutcome<AccountDeleted>> DeleteAsync(Guid id, ChangeAuthor author, CancellationToken cancellationToken) =>
        id == author.Guard.Caller.AccountId
            ? OwnDeletion
            : await DeleteAsync(
                id, author.Actor, author.AllowsNoSuperuser, change => RefuseAsync(change, id, author), cancellationToken);

    /// <inheritdoc cref="SetEnabledAsync(Guid, bool, Actor, bool, CancellationToken)"/>
    public Task<ChangeOutcome<AccountDeleted>> DeleteAsync(
        Guid id, Actor actor, bool allowsNoSuperuser, CancellationToken cancellationToken) =>
        DeleteAsync(id, actor, allowsNoSuperuser, _ => Task.FromResult<ChangeFailure?>(null), cancellationToken);

    private async Task<ChangeOutcome<AccountDeleted>> DeleteAsync(
        Guid id,
        Actor actor,
        bool allowsNoSuperuser,
        Func<ChangeTransaction, Task<ChangeFailure?>> refuse,
        CancellationToken cancellationToken)
    {
        // What waits to be written holds the name, too.
        await refusals.FlushAsync(cancellationToken);
        IReadOnlyList<Session> ended = [];
        var outcome = await changes.RunOnHoldersAsync<AccountDeleted>(
            actor,
            allowsNoSuperuser,
            async change =>
            {
                if (await refuse(change) is { } refused)
                {
                    return refused;
                }

                if (await AccountDeletion.FindAsync(change, id) is not { } account)
                {
                    return new ChangeFailure.NotFound();
                }

                (var memberships, ended) = await deletion.DeleteAsync(change, account);
                return ChangeOutcome.Done(
                    new AccountDeleted(account, new SessionsEnded(account.Username, ended.Count, ended.Count), memberships));
            },
            cancellationToken);
        if (outcome is not { IsChanged: true, Value: { } deleted })
        {
            return outcome;
        }

        // Now that it is certain that they have ended here.
        var told = await logout.TellRealmAsync(ended);
        var sessions = deleted.Sessions with { Open = ended.Count - told.Ended.Count, Queued = told.Queued.Count };
        return outcome with { Value = deleted with { Sessions = sessions } };
    }

    private async Task<ChangeFailure?> RefuseAsync(ChangeTransaction change, Guid id, ChangeAuthor author) =>
        await subjects.FindAccountAsync(change, id) is { } subject
            ? await change.RefuseAsync(author, subject)
            : new ChangeFailure.NotFound();
}
