using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Accounts;

/// <summary>What can be done to accounts: all else about them is Keycloak's.</summary>
internal sealed class AccountCommands(ChangeRunner changes)
{
    private static readonly ChangeFailure.Conflict OwnAccount = new(
        "", "Nobody disables their own account: nobody else might be left to enable it. Ask a colleague.");

    /// <summary>Enables an account, or disables it from its next request on.</summary>
    public async Task<ChangeOutcome<Account>> SetEnabledAsync(Guid id, bool enabled, Actor actor, CancellationToken cancellationToken) =>
        id == actor.AccountId && !enabled
            ? OwnAccount
            : await changes.RunAsync(actor, change => AccountStore.SetEnabledAsync(change, id, enabled), cancellationToken);
}
