using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Admin.Sessions;
using KeycloakAccess.Audit;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Groups;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.AccountPages;

internal sealed class AccountPageReader(
    AccountStore accounts, SubjectStore subjects, SessionStore sessions, ActivityReader activity, PermissionCatalogue catalogue)
{
    public async Task<AccountView> ReadAsync(Account account, PageContext page)
    {
        var id = account.Id;
        var caller = page.Caller;
        var open = caller.May(SessionPermissions.View)
            ? await sessions.ListOfAsync(account.Issuer, account.Subject, page.Cancellation)
            : [];
        var did = await activity.ListAsync(caller, new AuditFilter { Account = id }, page.Cancellation);
        var happened = await activity.ListAboutAccountAsync(caller, id, page.Cancellation);
        return new AccountView
        {
            Account = AccountEndpoints.ToResponse(account),
            IsOwn = id == caller.AccountId,
            Namesakes =
                [.. (await accounts.ListNamesakesAsync(account, page.Cancellation)).Select(AccountEndpoints.ToResponse)],
            Access = await AccessOfAsync(id, caller, page.Cancellation),
            SessionCount = open.Count == 0 ? 0 : await sessions.CountOfAsync(account.Issuer, account.Subject, page.Cancellation),
            Sessions = [.. open.Select(session => SessionView.Create(session, page.SessionId))],
            Did = await activity.DescribeAsync(page, did),
            Happened = [.. happened.Zip(
                await activity.DescribeAsync(page, happened), (row, view) => Describe(row, view, caller.Rules))],
        };
    }

    public async Task<DeleteAccountView> ReadDeletionAsync(Account account, PageContext page, FormInput input)
    {
        var access = await AccessOfAsync(account.Id, page.Caller, page.Cancellation);
        return new DeleteAccountView(
            AccountEndpoints.ToResponse(account),
            access is null ? null : [.. access.Groups.Where(group => group.Direct)],
            page.Caller.May(SessionPermissions.View)
                ? await sessions.CountOfAsync(account.Issuer, account.Subject, page.Cancellation)
                : null,
            input);
    }

    // Of a row that is a group's, the formatter names the account. Here that is known, and the group is not.
    private static ActivityView Describe(AuditRow row, ActivityView view, AccessRules rules)
    {
        if (row.Model != GroupPermissions.Model)
        {
            return view;
        }

        var group = Guid.TryParse(row.RowId, out var id) && rules.FindGroup(id) is { } known
            ? $"the group {known.Name}"
            : "a group that is gone";
        return view with
        {
            Text = row.Action != GroupStore.AddMember ? $"removed it from {group}"
                : row.OldValues is null ? $"added it to {group}"
                : $"changed until when it is in {group}",
        };
    }

    // As the API has it: about themselves anybody may ask.
    private async Task<AccountAccessView?> AccessOfAsync(Guid id, Caller caller, CancellationToken cancellationToken)
    {
        if (id != caller.AccountId && !caller.May(AccessPermissions.View))
        {
            return null;
        }

        var known = await subjects.FindAccountAsync(id, cancellationToken);
        return known?.Under(caller.Rules) is not { } subject
            ? new AccountAccessView(RolesKnown: false, [], [], [])
            : new AccountAccessView(
                known.RolesKnown,
                [.. known.Roles.Select(role => role.ToString()).Order(StringComparer.Ordinal)],
                Groups(subject),
                PermissionView.List(subject, caller.Rules, catalogue));
    }

    private static IReadOnlyList<GroupMembershipView> Groups(Subject subject) =>
        [.. subject.Access.Memberships
            .GroupBy(membership => membership.Group.Id)
            .Select(memberships => new GroupMembershipView(
                memberships.Key,
                memberships.First().Group.Name,
                [.. memberships
                    .Select(membership => membership.Origin.ToString())
                    .Distinct(StringComparer.Ordinal)
                    .Order(StringComparer.Ordinal)],
                memberships.Any(membership => membership.Origin.IsDirect),
                memberships.Select(membership => membership.Origin.Until).FirstOrDefault(until => until is not null)))
            .OrderBy(group => group.Name, StringComparer.Ordinal)];
}
