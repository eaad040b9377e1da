using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Accounts;

/// <summary>
/// Deletes an account with everything that names it, in every table. What it did stays in the audit log, under its id. A hash of its
/// subject stays too, so that somebody who was disabled is disabled when they come again.
/// </summary>
internal sealed class AccountDeletion(EndedSessionStore ended, TimeProvider clock)
{
    public static Task<Account?> FindAsync(ChangeTransaction change, Guid id) => change.FindAsync<Account>(
        $"SELECT {AccountStore.Columns} FROM accounts WHERE id = @id" + change.ForUpdate, new { id });

    /// <summary>Returns of how many groups it was a direct member, and its sessions, which have ended here.</summary>
    public async Task<(int Memberships, IReadOnlyList<Session> Sessions)> DeleteAsync(ChangeTransaction change, Account account)
    {
        var id = account.Id;
        var groups = (await change.QueryAsync<Guid>(
            "SELECT group_id FROM group_members WHERE account_id = @id ORDER BY group_id", new { id })).ToArray();
        var former = await change.QueryAsync<Guid>(
            "SELECT former_id FROM merged_accounts WHERE account_id = @id ORDER BY former_id", new { id });
        var sessions = await ended.EndAllAsync(change.Write, account.Issuer, account.Subject, change.CancellationToken);
        await change.ExecuteAsync("DELETE FROM former_sessions WHERE issuer = @Issuer AND subject = @Subject", account);
        await change.ExecuteAsync("DELETE FROM form_drafts WHERE issuer = @Issuer AND subject = @Subject", account);
        await change.ExecuteAsync(
            "DELETE FROM client_tokens WHERE issuer = @Issuer AND client_id = @Username AND @Kind = 'service'", account);
        // Roles, memberships and what a search finds go with it.
        await change.ExecuteAsync("DELETE FROM accounts WHERE id = @Id", account);
        await change.RecordAsync(
        [
            .. groups.Select(group => new AuditChange(
                GroupPermissions.Model, group.ToString(), "remove-member", Values(("accountId", id)), After: null)),
            new AuditChange(
                AccountPermissions.Model,
                id.ToString(),
                Permission.Delete,
                Values(("kind", account.Kind), ("issuer", account.Issuer), ("enabled", account.Enabled)),
                After: null),
        ]);
        const string sql = """
            INSERT INTO deleted_accounts (account_id, issuer, subject_hash, enabled, deleted_at)
            VALUES (@one, @Issuer, @hash, @Enabled, @now)
            """;
        foreach (var one in former.Prepend(id))
        {
            var hash = FirstSight.Hash(account.Subject);
            await change.ExecuteAsync(sql, new { one, account.Issuer, hash, account.Enabled, now = clock.GetUtcNow() });
            await AuditRedaction.RunAsync(change.Connection, change.Transaction, one, change.CancellationToken);
        }

        return (groups.Length, sessions);
    }

    private static Dictionary<string, object?> Values(params (string Name, object? Value)[] values) =>
        values.ToDictionary(value => value.Name, value => value.Value, StringComparer.Ordinal);
}
