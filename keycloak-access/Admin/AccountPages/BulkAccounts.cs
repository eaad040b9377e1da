using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Bulk;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Groups;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.AccountPages;

internal sealed record AccountAction(string Name, string Title, Permission Needed, bool IsDestructive = false)
{
    public static readonly AccountAction Disable = new("disable", "Disable", AccountPermissions.Change, IsDestructive: true);
    public static readonly AccountAction Enable = new("enable", "Enable", AccountPermissions.Change);
    public static readonly AccountAction Join = new("join", "Add to the group", GroupPermissions.Change);
    public static readonly AccountAction Leave = new("leave", "Remove from the group", GroupPermissions.Change, IsDestructive: true);

    public static readonly IReadOnlyList<AccountAction> All = [Disable, Enable, Join, Leave];

    public bool IsMembership => this == Join || this == Leave;
}

internal sealed record BulkAccountChange(AccountAction Action, string Group, AccountListFilter Filter) : BulkChange
{
    public override string Title => Action.IsMembership ? $"{Action.Title} {Group}" : Action.Title;

    public override Permission Needed => Action.Needed;

    public override bool IsDestructive => Action.IsDestructive;

    public override string BackPath => Filter.Path();

    /// <summary>Whom the filter finds that can change: of those to be disabled, none that is disabled already.</summary>
    public AccountListFilter Found => Action == AccountAction.Disable ? Filter with { Enabled = "true" }
        : Action == AccountAction.Enable ? Filter with { Enabled = "false" }
        : Filter;

    public override IEnumerable<(string Name, string? Value)> Fields(IEnumerable<BulkLine> lines) =>
    [
        ("action", Action.Name),
        ("group", Group),
        .. IsAll ? [("all", "on")] : Ids.Select(id => ("ids", (string?)id)),
        .. FilterFields(Filter),
    ];

    public static IEnumerable<(string Name, string? Value)> FilterFields(AccountListFilter filter) =>
        filter.Fields.Where(field => !string.IsNullOrEmpty(field.Value)).Select(field => ($"filter-{field.Name}", field.Value));
}

internal sealed class BulkAccounts(
    AccountListReader list,
    AccountStore accounts,
    SubjectStore subjects,
    AccountCommands accountCommands,
    GroupStore groups,
    GroupCommands groupCommands)
    : BulkFlow<BulkAccountChange>
{
    protected override BulkList List { get; } = new("Accounts", "/admin/accounts", "account", "accounts");

    protected override int PageSize => AccountPageEndpoints.PageSize;

    protected override BulkAccountChange? Read(FormInput input)
    {
        if (AccountAction.All.FirstOrDefault(known => known.Name == input.Value("action")) is not { } action)
        {
            return null;
        }

        var filter = AccountListFilter.Read(name => input.Value("filter-" + name));
        return new BulkAccountChange(action, action.IsMembership ? input.Value("group") : "", filter)
        {
            IsAll = input.Has("all"),
            Ids = input.Has("all") ? [] : [.. input.Values("ids").Where(text => Guid.TryParse(text, out _)).Take(PageSize)],
        };
    }

    protected override void Check(PageContext page, BulkAccountChange change, FormInput input)
    {
        if (!change.IsAll && change.Ids.Count == 0)
        {
            input.Add("", "No account is selected. Go back and select some, or choose all that the filter finds.");
        }

        if (change.IsAll)
        {
            CheckFilter(page, change, input);
        }

        if (change.Action.IsMembership
            && GroupField.Read(input, change.Group, "", page) is { } group
            && page.GrantGuard.Refuse(group) is ChangeFailure.Refused refused)
        {
            input.Add("", refused.Detail);
        }
    }

    protected override StepUpRule? FindStepUp(PageContext page, BulkAccountChange change) =>
        change.Action.IsMembership
        && page.Caller.Rules.FindGroup(change.Group) is { } group
        && page.GrantGuard.Refuse(group) is ChangeFailure.StepUp stepUp
            ? stepUp.Rule
            : null;

    protected override async Task<BulkStep> ListAsync(PageContext page, BulkAccountChange change, string? after, int limit)
    {
        IReadOnlyList<AccountResponse> found;
        string? next = null;
        if (change.IsAll)
        {
            (found, next, _) = await list.ListAsync(page.Caller, change.Found, after, limit, page.Cancellation);
        }
        else
        {
            var selected = await accounts.FindAsync([.. change.Ids.Select(Guid.Parse)], page.Cancellation);
            found = [.. selected.Select(AccountEndpoints.ToResponse)];
        }

        var group = change.Action.IsMembership ? page.Caller.Rules.FindGroup(change.Group) : null;
        // Who is in it already is told to those alone who may look at access. For others all are taken as if they were to change.
        var members = group is not null && page.Caller.May(AccessPermissions.View)
            ? await groups.MembersAmongAsync(group.Id, [.. found.Select(account => account.Id)], page.Cancellation)
            : null;
        var wider = change.Action.IsMembership ? [] : await ListWiderAsync(page, found);
        return new BulkStep(
            [.. found.Select(account =>
            {
                var ((now, then, changes), isRefused) = change.Action.IsMembership
                    ? (Foresee(change.Action, group, members?.Contains(account.Id)), false)
                    : Foresee(change.Action, account, page.Caller, wider.Contains(account.Id));
                return new BulkLine(account.Id.ToString(), $"{List.Path}/{account.Id}", account.Username)
                {
                    Note = account.Name,
                    Now = now,
                    Then = then,
                    Changes = changes,
                    IsRefused = isRefused,
                };
            })],
            next,
            change.IsAll ? 0 : change.Ids.Count - found.Count);
    }

    protected override bool IsPlace(BulkAccountChange change, string after) => AccountListReader.IsPlace(change.Found, after);

    protected override async Task<BulkOutcome> DoAsync(PageContext page, BulkAccountChange change, BulkLine line, ChangeAuthor author)
    {
        var id = Guid.Parse(line.Id);
        if (!change.Action.IsMembership)
        {
            var isEnabled = change.Action == AccountAction.Enable;
            var account = await accountCommands.SetEnabledAsync(id, isEnabled, author, page.Cancellation);
            return new BulkOutcome(account.IsChanged, Refusal(account.Failure));
        }

        var group = page.Caller.Rules.FindGroup(change.Group)?.Id ?? Guid.Empty;
        var outcome = change.Action == AccountAction.Join
            ? await groupCommands.AddMemberAsync(group, id, until: null, author, page.Cancellation)
            : await groupCommands.RemoveMemberAsync(group, id, author, page.Cancellation);
        return new BulkOutcome(outcome.IsChanged, Refusal(outcome.Failure));
    }

    // Who has gone meanwhile, or was not in the group, is no refusal.
    private static string? Refusal(ChangeFailure? failure) => failure is null or ChangeFailure.NotFound ? null : failure.Explain();

    // How many of them were in the group is told to those alone who may look at access.
    protected override bool ShowsChanged(PageContext page, BulkAccountChange change) =>
        !change.Action.IsMembership || page.Caller.May(AccessPermissions.View);

    protected override string Summarize(PageContext page, BulkAccountChange change, BulkCount count)
    {
        var done = ShowsChanged(page, change)
            ? $"{change.Title}: {List.Count(count.Seen)} looked at, {Format(count.Changed)} changed."
            : $"{change.Title}: done with {List.Count(count.Seen)}.";
        return count.Refused == 0 ? done : $"{done} {List.Count(count.Refused)} could not be changed.";
    }

    protected override async Task<(long All, long Open)> CountAsync(PageContext page, BulkAccountChange change)
    {
        var all = await list.CountAsync(page.Caller, change.Filter, most: null, page.Cancellation) ?? 0;
        return (all, change.Found == change.Filter ? all : await CountOpenAsync());

        // A filter for those who are so already finds nobody who would change.
        async Task<long> CountOpenAsync() => change.Filter.Enabled is null || change.Filter.Enabled == change.Found.Enabled
            ? await list.CountAsync(page.Caller, change.Found, most: null, page.Cancellation) ?? 0
            : 0;
    }

    protected override string Chosen(int number) => number == 1 ? "chosen account" : "chosen accounts";

    protected override IResult RenderUnknown(PageContext page, FormInput input) =>
        StatusPages.RenderError(page.Http, StatusCodes.Status400BadRequest, detail: null);

    private static void CheckFilter(PageContext page, BulkAccountChange change, FormInput input)
    {
        if (change.Filter.IsByGroup && !page.Caller.May(AccessPermissions.View))
        {
            input.Add("", AccountListReader.NotByGroup);
        }

        if (change.Filter.Contradicts)
        {
            input.Add("", AccountListReader.Contradiction);
        }

        // A list without its filter is shown and says so; here everybody would be changed. Rules may change between two steps, too.
        if (change.Filter.Group is { Length: > 0 } name)
        {
            switch (page.Caller.Rules.FindGroup(name))
            {
                case null:
                    input.Add("", $"There is no group {name}, so nobody can be found by it. Go back and correct the filter.");
                    break;
                case { IsDefault: true }:
                    input.Add("", $"The group {name} is a default group. Go back and take it out of the filter if you mean all accounts.");
                    break;
            }
        }
    }

    private async Task<HashSet<Guid>> ListWiderAsync(PageContext page, IReadOnlyList<AccountResponse> found)
    {
        var known = await subjects.FindAccountsAsync([.. found.Select(account => account.Id)], page.Cancellation);
        return [.. known.Where(subject => page.GrantGuard.Lacking(subject).Count > 0).Select(subject => subject.AccountId)];
    }

    // Nobody disables their own account, or changes that of somebody who holds more; what is so already stays so.
    private static ((string Now, string Then, bool Changes) Line, bool IsRefused) Foresee(
        AccountAction action, AccountResponse account, Caller caller, bool holdsMore) =>
        (action == AccountAction.Enable, account.Enabled) switch
        {
            (var enables, var enabled) when holdsMore && enables != enabled =>
                ((enabled ? "enabled" : "disabled", "stays as it is: it holds more than you do", false), true),
            (false, _) when account.Id == caller.AccountId => (("enabled", "stays enabled: it is your own", false), true),
            (false, true) => (("enabled", "disabled", true), false),
            (false, false) => (("disabled", "is disabled already", false), false),
            (true, true) => (("enabled", "is enabled already", false), false),
            (true, false) => (("disabled", "enabled", true), false),
        };

    private static (string Now, string Then, bool Changes) Foresee(AccountAction action, GroupRule? group, bool? isMember)
    {
        if (group is null)
        {
            return ("", "stays as it is", false);
        }

        var now = isMember switch { null => "", true => "in the group directly", false => "not in it directly" };
        return (action == AccountAction.Join, isMember) switch
        {
            (true, true) => (now, "is in it already", false),
            (true, _) => (now, $"in the group {group.Name}, directly", true),
            (false, false) => (now, "is not in it directly; a role of Keycloak may lead into it", false),
            (false, _) => (now, $"not in the group {group.Name} directly", true),
        };
    }
}
