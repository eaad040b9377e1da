using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Groups;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.GroupPages;

internal sealed record MembershipByHand(GroupRule Group, GroupMember Member);

/// <summary>Until when somebody is in a group who was put into it directly.</summary>
internal sealed class MembershipForm(GroupStore groups, GroupCommands commands) : PageForm<MembershipByHand>
{
    protected override string RefusedField => "";

    protected override async Task<MembershipByHand?> FindAsync(PageContext page) =>
        page.Caller.Rules.FindGroup(page.RouteId()) is { } group
        && await groups.FindMemberAsync(group.Id, page.RouteId("accountId"), page.Cancellation) is { } member
            ? new MembershipByHand(group, member)
            : null;

    protected override Task<FormInput> FillAsync(PageContext page, MembershipByHand subject) => Task.FromResult(FormInput.Create(
        (UntilField.Name, subject.Member.Until is { } until ? LocalTimes.Write(until, page.Zone) : "")));

    protected override Task<IResult> RenderAsync(PageContext page, MembershipByHand subject, FormInput input, int status) =>
        Task.FromResult<IResult>(page.Render<MembershipPage, MembershipView>(
            new MembershipView(
                new MembershipName(subject.Group.Id, subject.Group.Name, subject.Member.Id, subject.Member.Username), input), status));

    protected override async Task<FormResult> SubmitAsync(PageContext page, MembershipByHand subject, FormInput input)
    {
        var until = UntilField.Read(input, page);
        if (!input.IsValid)
        {
            return FormResult.Invalid;
        }

        var (group, member) = subject;
        var end = until is null ? " until somebody removes it" : UntilField.Describe(until);
        var outcome = await commands.AddMemberAsync(group.Id, member.Id, until, AuthorOf(page), page.Cancellation);
        return outcome.Failure is { } failure
            ? failure
            : new FormResult.Done(
                input.Has("from", "ending") ? GroupPageEndpoints.Ending : $"{GroupPageEndpoints.List}/{group.Id}#members",
                outcome.IsChanged
                    ? PageMessage.Done($"{member.Username} is in the group {group.Name}{end}.")
                    : PageMessage.Unchanged($"{member.Username} was in the group {group.Name}{end} already."));
    }

    protected override Task<IResult> RenderGoneAsync(PageContext page, FormInput input) => Task.FromResult(page.Redirect(
        $"{GroupPageEndpoints.List}/{page.RouteId()}",
        PageMessage.Unchanged("That membership has ended already. Add the account to the group again.")));
}
