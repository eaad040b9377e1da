using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Admin.Sessions;
using KeycloakAccess.Groups;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.AccountPages;

/// <summary>A form on the page of an account, which comes back with the page; the others on it are as they were.</summary>
internal abstract class AccountForm(AccountStore accounts, AccountPageReader reader) : PageForm<Account>
{
    protected override Task<Account?> FindAsync(PageContext page) => accounts.FindAsync(page.RouteId(), page.Cancellation);

    protected override async Task<IResult> RenderAsync(PageContext page, Account subject, FormInput input, int status) =>
        page.Render<AccountPage, AccountView>(Place(await reader.ReadAsync(subject, page), input), status);

    protected abstract AccountView Place(AccountView view, FormInput input);

    protected static string PathOf(Account account) => $"{AccountPageEndpoints.List}/{account.Id}";
}

internal abstract class SetEnabledForm(AccountStore accounts, AccountPageReader reader, AccountCommands commands, bool isEnabled)
    : AccountForm(accounts, reader)
{
    protected override AccountView Place(AccountView view, FormInput input) => view with { SetEnabled = input };

    protected override async Task<FormResult> SubmitAsync(PageContext page, Account subject, FormInput input)
    {
        var outcome = await commands.SetEnabledAsync(subject.Id, isEnabled, AuthorOf(page), page.Cancellation);
        return outcome is { Value: { } account }
            ? new FormResult.Done(
                PathOf(account),
                !outcome.IsChanged ? PageMessage.Unchanged($"{account.Username} was {(isEnabled ? "enabled" : "disabled")} already.")
                : isEnabled ? PageMessage.Done($"{account.Username} is enabled.")
                : PageMessage.Done($"{account.Username} is disabled, and refused from the next request on."))
            : outcome.Failure!;
    }
}

internal sealed class EnableAccountForm(AccountStore accounts, AccountPageReader reader, AccountCommands commands)
    : SetEnabledForm(accounts, reader, commands, isEnabled: true);

internal sealed class DisableAccountForm(AccountStore accounts, AccountPageReader reader, AccountCommands commands)
    : SetEnabledForm(accounts, reader, commands, isEnabled: false);

internal sealed class JoinGroupForm(AccountStore accounts, AccountPageReader reader, GroupCommands commands)
    : AccountForm(accounts, reader)
{
    protected override string RefusedField => "group";

    protected override AccountView Place(AccountView view, FormInput input) => view with { Join = input };

    protected override async Task<FormResult> SubmitAsync(PageContext page, Account subject, FormInput input)
    {
        var group = GroupField.Read(input, input.Value("group"), "group", page);
        var until = UntilField.Read(input, page);
        if (!input.IsValid)
        {
            return FormResult.Invalid;
        }

        var outcome = await commands.AddMemberAsync(group!.Id, subject.Id, until, AuthorOf(page), page.Cancellation);
        return outcome.Failure is { } failure
            ? failure
            : new FormResult.Done(PathOf(subject), outcome.IsChanged
                ? PageMessage.Done($"Added to the group {group.Name}{UntilField.Describe(until)}.")
                : PageMessage.Unchanged($"It was in the group {group.Name} directly already."));
    }
}

internal sealed class EndSessionsForm(AccountStore accounts, AccountPageReader reader, SessionCommands commands)
    : AccountForm(accounts, reader)
{
    protected override AccountView Place(AccountView view, FormInput input) => view with { End = input };

    protected override async Task<FormResult> SubmitAsync(PageContext page, Account subject, FormInput input)
    {
        var outcome = await commands.EndAllAsync(subject.Id, AuthorOf(page), page.Cancellation);
        return outcome is { Value: { } ended }
            ? new FormResult.Done(
                subject.Id == page.Caller.AccountId ? "/account" : PathOf(subject), SessionFormatter.Describe(ended))
            : outcome.Failure!;
    }
}

internal sealed class DeleteAccountForm(AccountStore accounts, AccountPageReader reader, AccountCommands commands) : PageForm<Account>
{
    protected override Task<Account?> FindAsync(PageContext page) => accounts.FindAsync(page.RouteId(), page.Cancellation);

    protected override async Task<IResult> RenderAsync(PageContext page, Account subject, FormInput input, int status)
    {
        if (subject.Id == page.Caller.AccountId && input.General.Count == 0)
        {
            input.Add("", "Nobody deletes their own account. Ask a colleague.");
        }

        return page.Render<DeleteAccountPage, DeleteAccountView>(await reader.ReadDeletionAsync(subject, page, input), status);
    }

    protected override async Task<FormResult> SubmitAsync(PageContext page, Account subject, FormInput input)
    {
        var outcome = await commands.DeleteAsync(subject.Id, AuthorOf(page), page.Cancellation);
        return outcome is { Value: { } deleted }
            ? new FormResult.Done(
                AccountPageEndpoints.List,
                deleted.Sessions.Open == 0
                    ? PageMessage.Done($"{subject.Username} is deleted.")
                    : PageMessage.Partly(
                        $"{subject.Username} is deleted. Keycloak could not end {Plural.Of(deleted.Sessions.Open, "sign-in")} of it yet: "
                        + (deleted.Sessions.Queued == deleted.Sessions.Open
                            ? "it is told again until it answers."
                            : "end what is left in Keycloak's console.")))
            : outcome.Failure!;
    }

    protected override Task<IResult> RenderGoneAsync(PageContext page, FormInput input) =>
        Task.FromResult(page.Redirect(AccountPageEndpoints.List, PageMessage.Unchanged("That account was deleted already.")));
}

internal sealed record DirectMembership(Account Account, GroupRule Group);

internal sealed class LeaveGroupForm(AccountStore accounts, GroupCommands commands) : PageForm<DirectMembership>
{
    protected override async Task<DirectMembership?> FindAsync(PageContext page) =>
        page.Caller.Rules.FindGroup(page.RouteId("groupId")) is { } group
        && await accounts.FindAsync(page.RouteId(), page.Cancellation) is { } account
            ? new DirectMembership(account, group)
            : null;

    protected override Task<FormInput> FillAsync(PageContext page, DirectMembership subject) =>
        Task.FromResult(FormInput.Create(("from", page.Http.Request.Query["from"])));

    protected override Task<IResult> RenderAsync(PageContext page, DirectMembership subject, FormInput input, int status) =>
        Task.FromResult<IResult>(page.Render<LeaveGroupPage, LeaveGroupView>(ViewOf(page, subject, input), status));

    protected override async Task<FormResult> SubmitAsync(PageContext page, DirectMembership subject, FormInput input)
    {
        var (account, group) = subject;
        var (back, _) = ViewOf(page, subject, input).Back;
        var outcome = await commands.RemoveMemberAsync(group.Id, account.Id, AuthorOf(page), page.Cancellation);
        return outcome.Failure switch
        {
            null => new FormResult.Done(back, PageMessage.Done($"Removed from the group {group.Name}.")),
            ChangeFailure.NotFound => new FormResult.Done(
                back, PageMessage.Unchanged($"It was not in the group {group.Name} directly any more.")),
            var failure => failure,
        };
    }

    // An address may say anything: nobody is sent to a page that they may not open.
    private static LeaveGroupView ViewOf(PageContext page, DirectMembership subject, FormInput input) => new(
        AccountEndpoints.ToResponse(subject.Account),
        subject.Group.Id,
        subject.Group.Name,
        input,
        IsFromGroup: input.Value("from") == "group" && page.Caller.May(GroupPermissions.View));
}
