using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Accounts;

internal sealed class AccountCommands(ChangeRunner changes)
{
    private static readonly ChangeFailure.Conflict OwnAccount = new(
        "", "Nobody disables their own account: nobody else might be left to enable it. Ask a colleague.");

    public async Task<ChangeOutcome<Account>> SetEnabledAsync(Guid id, bool enabled, Actor actor, CancellationToken cancellationToken) =>
        id == actor.AccountId && !enabled
            ? OwnAccount
            : await changes.RunAsync(actor, change => AccountStore.SetEnabledAsync(change, id, enabled), cancellationToken);
}
