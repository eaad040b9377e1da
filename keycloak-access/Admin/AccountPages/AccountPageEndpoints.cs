using System.Collections.Frozen;
using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.AuditPages;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.GroupPages;
using KeycloakAccess.Admin.SessionPages;
using KeycloakAccess.Audit;
using KeycloakAccess.Data;
using KeycloakAccess.Groups;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Admin.AccountPages;

/// <summary>The pages of accounts: the list, one account, switching it, its groups directly, and several at once.</summary>
internal static class AccountPageEndpoints
{
    public const int PageSize = 50;

    private const string List = "/admin/accounts";
    private const int RecentRows = 10;

    // Most are in some group. Whoever looks for the others does not want to turn pages for each.
    private const int LookedAtForNoGroup = 200;

    public static void MapAccountPages(this IEndpointRouteBuilder admin)
    {
        admin.MapGet("/accounts", ListAsync).RequirePermission(AccountPermissions.View);
        admin.MapGet("/accounts/names", NamesAsync).RequirePermission(AccountPermissions.View);
        admin.MapGet("/accounts/{id:guid}", ShowAsync).RequirePermission(AccountPermissions.View);
        admin.MapGet("/accounts/{id:guid}/disable", ShowAsync).RequirePermission(AccountPermissions.View);
        admin.MapGet("/accounts/{id:guid}/enable", ShowAsync).RequirePermission(AccountPermissions.View);
        admin.MapGet("/accounts/{id:guid}/groups", ShowAsync).RequirePermission(AccountPermissions.View);
        admin.MapPost("/accounts/{id:guid}/disable", (Guid id, IFormCollection form, HttpContext context, Caller caller, AccountPageReader reader, AccountStore store, CancellationToken cancellationToken) =>
            SetEnabledAsync(id, enabled: false, form, context, caller, reader, store, cancellationToken)).RequirePermission(AccountPermissions.Change);
        admin.MapPost("/accounts/{id:guid}/enable", (Guid id, IFormCollection form, HttpContext context, Caller caller, AccountPageReader reader, AccountStore store, CancellationToken cancellationToken) =>
            SetEnabledAsync(id, enabled: true, form, context, caller, reader, store, cancellationToken)).RequirePermission(AccountPermissions.Change);
        admin.MapPost("/accounts/{id:guid}/groups", JoinAsync).RequirePermission(AccountPermissions.View).RequirePermission(GroupPermissions.Change);
        admin.MapGet("/accounts/{id:guid}/groups/{groupId:guid}/leave", AskToLeaveAsync).RequirePermission(AccountPermissions.View).RequirePermission(GroupPermissions.Change);
        admin.MapPost("/accounts/{id:guid}/groups/{groupId:guid}/leave", LeaveAsync).RequirePermission(AccountPermissions.View).RequirePermission(GroupPermissions.Change);
        admin.MapGet("/accounts/{id:guid}/sessions/end", ShowAsync).RequirePermission(AccountPermissions.View);
        admin.MapPost("/accounts/{id:guid}/sessions/end", EndSessionsAsync).RequirePermission(AccountPermissions.View).RequirePermission(SessionPermissions.Delete);
        admin.MapBulkPages();
    }

    private static async Task<IResult> ListAsync(
        [AsParameters] AccountListRequest request, HttpContext context, Caller caller, AccountPageReader reader, CancellationToken cancellationToken)
    {
        var filter = request.Filter;
        var (accounts, next, mistake) = await reader.ListAsync(caller, filter, request.After, filter.NoGroup ? LookedAtForNoGroup : PageSize, cancellationToken);
        return Pages.Of<AccountsPage, AccountListView>(context, caller, new AccountListView(
            accounts,
            filter with { Mistake = mistake },
            request.After is null ? null : filter.Path(),
            next is null ? null : filter.Path(after: next)));
    }

    // Suggestions for whoever types a name, in whatever field.
    private static async Task<RazorComponentResult> NamesAsync(HttpRequest request, AccountSearch search, CancellationToken cancellationToken)
    {
        var (accounts, _) = await search.ListAsync(
            new AccountQuery(Suggestions.Typed(request), Kind: null, Enabled: null, SeenSince: null, SeenBefore: null, AccountSearch.ByUsername, Suggestions.Most, After: null), cancellationToken);
        return Suggestions.Of(accounts.Select(account => account.Username).Distinct(StringComparer.Ordinal));
    }

    private static async Task<IResult> ShowAsync(Guid id, HttpContext context, Caller caller, AccountPageReader reader, FormDrafts drafts, CancellationToken cancellationToken)
    {
        var form = await drafts.TakeUpAsync(context, caller.Identity, () => FormInput.Of(), cancellationToken);
        return await PageAsync(id, context, caller, reader, form, StatusCodes.Status200OK, cancellationToken);
    }

    private static async Task<IResult> SetEnabledAsync(
        Guid id, bool enabled, IFormCollection form, HttpContext context, Caller caller, AccountPageReader reader, AccountStore store, CancellationToken cancellationToken)
    {
        var input = FormInput.Of(form);
        Reasons.Check(input);
        if (!input.IsValid)
        {
            return await PageAsync(id, context, caller, reader, input, StatusCodes.Status422UnprocessableEntity, cancellationToken);
        }

        if (id == caller.AccountId)
        {
            input.Add("", "Nobody disables their own account: nobody else might be left to enable it. Ask a colleague.");
            return await PageAsync(id, context, caller, reader, input, StatusCodes.Status409Conflict, cancellationToken);
        }

        return await store.SetEnabledAsync(id, enabled, caller.Actor.Because(input.Value("reason")), cancellationToken) is { } account
            ? Flash.Redirect(context, $"{List}/{id}", enabled
                ? $"{account.Username} is enabled."
                : $"{account.Username} is disabled, and refused from the next request on.")
            : TypedResults.NotFound();
    }

    private static async Task<IResult> JoinAsync(
        Guid id, IFormCollection form, HttpContext context, Caller caller, AccountPageReader reader, GrantGuard grantGuard, GroupStore groups, CancellationToken cancellationToken)
    {
        var input = FormInput.Of(form);
        var group = GroupField.Read(input, input.Value("group"), "group", caller, grantGuard);
        Reasons.Check(input);

        if (!input.IsValid)
        {
            return await PageAsync(id, context, caller, reader, input, StatusCodes.Status422UnprocessableEntity, cancellationToken);
        }

        return await groups.AddMemberAsync(group!.Id, id, caller.Actor.Because(input.Value("reason")), cancellationToken)
            ? Flash.Redirect(context, $"{List}/{id}", $"Put into the group {group.Name}.")
            : TypedResults.NotFound();
    }

    private static async Task<IResult> AskToLeaveAsync(
        Guid id, Guid groupId, string? from, HttpContext context, Caller caller, AccountStore accounts, FormDrafts drafts, CancellationToken cancellationToken)
    {
        var input = await drafts.TakeUpAsync(context, caller.Identity, () => FormInput.Of(("from", from)), cancellationToken);
        return await LeavePageAsync(id, groupId, input, StatusCodes.Status200OK, context, caller, accounts, cancellationToken);
    }

    private static async Task<IResult> LeaveAsync(
        Guid id, Guid groupId, IFormCollection form, HttpContext context, Caller caller, GrantGuard grantGuard, GroupStore groups, AccountStore accounts, CancellationToken cancellationToken)
    {
        var input = FormInput.Of(form);
        if (caller.Rules.FindGroup(groupId) is not { } group)
        {
            return TypedResults.NotFound();
        }

        if (grantGuard.Refuse(group) is { ProblemDetails.Detail: var refused })
        {
            input.Add("", refused!);
        }

        Reasons.Check(input);

        if (!input.IsValid)
        {
            return await LeavePageAsync(id, groupId, input, StatusCodes.Status422UnprocessableEntity, context, caller, accounts, cancellationToken);
        }

        var back = IsFromGroup(input, caller) ? $"/admin/groups/{groupId}" : $"{List}/{id}";
        return await groups.RemoveMemberAsync(groupId, id, caller.Actor.Because(input.Value("reason")), cancellationToken)
            ? Flash.Redirect(context, back, $"Taken out of the group {group.Name}.")
            : Flash.Redirect(context, back, $"It was not in the group {group.Name} by hand any more.");
    }

    private static async Task<IResult> EndSessionsAsync(
        Guid id, IFormCollection form, HttpContext context, Caller caller, AccountPageReader reader, AccountStore accounts, RealmLogout logout, CancellationToken cancellationToken)
    {
        var input = FormInput.Of(form);
        Reasons.Check(input);
        if (!input.IsValid)
        {
            return await PageAsync(id, context, caller, reader, input, StatusCodes.Status422UnprocessableEntity, cancellationToken);
        }

        if (await accounts.FindAsync(id, cancellationToken) is not { } account)
        {
            return TypedResults.NotFound();
        }

        var ended = await logout.EndAllAsync(id, account.Username, account.Issuer, account.Subject, caller.Actor.Because(input.Value("reason")), cancellationToken);
        return Flash.Redirect(context, id == caller.AccountId ? "/account" : $"{List}/{id}", SessionWords.Say(ended, account.Username));
    }

    private static async Task<IResult> LeavePageAsync(
        Guid id, Guid groupId, FormInput input, int status, HttpContext context, Caller caller, AccountStore accounts, CancellationToken cancellationToken) =>
        caller.Rules.FindGroup(groupId) is { } group && await accounts.FindAsync(id, cancellationToken) is { } account
            ? Pages.Of<LeaveGroupPage, LeaveGroupView>(context, caller, new LeaveGroupView(AccountEndpoints.ToResponse(account), groupId, group.Name, input, IsFromGroup(input, caller)), status)
            : TypedResults.NotFound();

    // An address may say anything: nobody is sent to a page that they may not open.
    private static bool IsFromGroup(FormInput input, Caller caller) => input.Value("from") == "group" && caller.May(GroupPermissions.View);

    private static async Task<IResult> PageAsync(
        Guid id, HttpContext context, Caller caller, AccountPageReader reader, FormInput input, int status, CancellationToken cancellationToken) =>
        await reader.FindAsync(id, caller, RecentRows, cancellationToken) is { } view
            // The form that came back is the one that it came from; the others are as they were.
            ? Pages.Of<AccountPage, AccountView>(
                context,
                caller,
                context.Request.Path.Value!.Split('/')[^1] switch { "groups" => view with { Join = input }, "end" => view with { End = input }, _ => view with { Switch = input } },
                status)
            : TypedResults.NotFound();
}

/// <summary>What the address of the list says.</summary>
internal sealed record AccountListRequest(string? Search, string? Kind, string? Enabled, string? Group, string? Seen, string? Sort, string? NoGroup, string? After)
{
    private const int Longest = 200;

    public AccountListFilter Filter => AccountPageReader.Clean(new AccountListFilter(Text(Search), Kind, Enabled, Text(Group), Seen, Sort) { NoGroup = NoGroup == "on" });

    private static string? Text(string? text) =>
        text?.Replace("\0", "", StringComparison.Ordinal).Trim() is { } clean ? ShortText.Cut(clean, Longest) : null;
}

/// <summary>Reads what the pages of accounts show.</summary>
internal sealed class AccountPageReader(
    AccountStore accounts, AccountSearch search, SubjectStore subjects, SessionStore sessions, AuditStore audit, PermissionCatalogue catalogue, TimeProvider clock)
{
    /// <summary>What is said to whoever filters by what they may not look at.</summary>
    public const string NotByGroup = "Who is in a group is for those who may look at access: you lack access:view. Nobody is listed.";

    /// <summary>What is said to whoever asks for the members of a group that are in none.</summary>
    public const string Contradiction = "Nobody is in a group and in no group. Take one of both out of the filter.";

    // Seen within so many days; before so many days where the number is negative.
    private static readonly FrozenDictionary<string, int> SeenDays =
        new Dictionary<string, int>(StringComparer.Ordinal) { ["1"] = 1, ["7"] = 7, ["30"] = 30, ["not-30"] = -30, ["not-90"] = -90 }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <returns>The filter without what no filter has: an address may say anything.</returns>
    public static AccountListFilter Clean(AccountListFilter filter) => filter with
    {
        Kind = filter.Kind is "person" or "service" ? filter.Kind : null,
        Enabled = filter.Enabled is "true" or "false" ? filter.Enabled : null,
        Seen = SeenDays.ContainsKey(filter.Seen ?? "") ? filter.Seen : null,
        Sort = AccountSearch.Sorts.Contains(filter.Sort, StringComparer.Ordinal) ? filter.Sort : null,
    };

    /// <returns>Whether a list of this filter can go on after the text.</returns>
    public static bool IsPlace(AccountListFilter filter, string after) =>
        string.IsNullOrEmpty(filter.Group) ? Cursor.Parse(after, AccountSearch.OrderOf(filter.Search, filter.Sort, filter.Seen is not null)) is not null : Guid.TryParse(after, out _);

    /// <returns>
    /// A page of the list, where the next one starts, and what is wrong with the filter. Who is in a group is for those who may
    /// look at access: nobody else finds anybody by it.
    /// </returns>
    public async Task<(IReadOnlyList<AccountResponse> Accounts, string? Next, string? Mistake)> ListAsync(
        Caller caller, AccountListFilter filter, string? after, int limit, CancellationToken cancellationToken)
    {
        if (filter.IsByGroup && !caller.May(AccessPermissions.View))
        {
            return ([], null, NotByGroup);
        }

        if (filter.Contradicts)
        {
            return ([], null, Contradiction);
        }

        bool? enabled = filter.Enabled is null ? null : filter.Enabled == "true";
        var days = filter.Seen is null ? 0 : SeenDays[filter.Seen];
        DateTimeOffset? since = days > 0 ? clock.GetUtcNow().AddDays(-days) : null;
        DateTimeOffset? before = days < 0 ? clock.GetUtcNow().AddDays(days) : null;
        if (string.IsNullOrEmpty(filter.Group) || caller.Rules.FindGroup(filter.Group) is not { } group)
        {
            var mistake = string.IsNullOrEmpty(filter.Group) ? null : $"There is no group {filter.Group}. What is shown is not filtered by a group.";
            return await InOrderAsync(mistake);
        }

        if (group.IsDefault)
        {
            return await InOrderAsync($"The group {group.Name} is a default group, so every account is in it.");
        }

        var (members, next) = await subjects.ListMembersAsync(caller.Rules, [group.Id], limit, Guid.TryParse(after, out var last) ? last : null, cancellationToken);
        var found = await accounts.FindAsync([.. members.Select(member => member.AccountId)], cancellationToken);
        return (
            [.. found.Where(Fits).Select(AccountEndpoints.ToResponse)],
            next?.ToString(),
            string.IsNullOrEmpty(filter.Search) ? null : "Within a group, a search goes by the whole list: some pages may hold few accounts.");

        bool Fits(Account account) =>
            (filter.Kind is null || account.Kind == filter.Kind)
            && (enabled is null || account.Enabled == enabled)
            && (since is null || account.LastSeenAt >= since)
            && (before is null || account.LastSeenAt < before)
            && (string.IsNullOrEmpty(filter.Search) || AccountSearchIndex.TermsOf(account.Username, account.Email, account.Name)
                .Any(word => word.StartsWith(filter.Search, StringComparison.OrdinalIgnoreCase)));

        async Task<(IReadOnlyList<AccountResponse> Accounts, string? Next, string? Mistake)> InOrderAsync(string? mistake)
        {
            var order = AccountSearch.OrderOf(filter.Search, filter.Sort, filter.Seen is not null);
            var query = new AccountQuery(filter.Search, filter.Kind, enabled, since, before, order, limit, after is null ? null : Cursor.Parse(after, order));
            var (rows, cursor) = await search.ListAsync(query, cancellationToken);
            if (filter.NoGroup)
            {
                var subjectsOfPage = await subjects.FindAccountsAsync([.. rows.Select(account => account.Id)], cancellationToken);
                var without = subjectsOfPage.Where(subject => caller.Rules.Resolve(subject.Roles, subject.Groups).Memberships.Count == 0).Select(subject => subject.AccountId).ToHashSet();
                rows = [.. rows.Where(account => without.Contains(account.Id))];
            }

            return ([.. rows.Select(AccountEndpoints.ToResponse)], cursor?.ToString(), mistake);
        }
    }

    /// <returns>Everything about one account, or <see langword="null"/> if there is none.</returns>
    public async Task<AccountView?> FindAsync(Guid id, Caller caller, int recent, CancellationToken cancellationToken)
    {
        if (await accounts.FindAsync(id, cancellationToken) is not { } account)
        {
            return null;
        }

        var mayAudit = caller.May(AuditPermissions.View);
        var (did, _) = mayAudit ? await audit.ListAsync(new AuditFilter { Account = id, Limit = recent }, cancellationToken) : ([], null);
        var happened = mayAudit ? await audit.ListAboutAccountAsync(id, recent, cancellationToken) : [];
        var open = caller.May(SessionPermissions.View) ? await sessions.ListOfAsync(account.Issuer, account.Subject, cancellationToken) : [];
        return new AccountView(
            AccountEndpoints.ToResponse(account),
            id == caller.AccountId,
            await AccessOfAsync(id, caller, cancellationToken),
            [.. open.Select(session => SessionView.Of(session, caller.Identity))],
            [.. did.Select(AuditWords.View)],
            [.. happened.Select(row => Happened(row, caller.Rules))],
            FormInput.Of(),
            FormInput.Of(),
            FormInput.Of());
    }

    // Of a row that is a group's, AuditWords name the account. Here that is known, and the group is not.
    private static ActivityView Happened(AuditRow row, AccessRules rules)
    {
        var view = AuditWords.View(row);
        if (row.Model != GroupPermissions.Model)
        {
            return view;
        }

        var group = Guid.TryParse(row.RowId, out var id) && rules.FindGroup(id) is { } known ? $"the group {known.Name}" : "a group that is gone";
        return view with { Text = row.Action == GroupStore.AddMember ? $"put it into {group}" : $"took it out of {group}" };
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
                known.RolesKnown, [.. known.Roles.Select(role => role.ToString()).Order(StringComparer.Ordinal)], Groups(subject), Permissions(subject, caller.Rules));
    }

    /// <returns>The groups that a subject is in, by name.</returns>
    public static IReadOnlyList<GroupMembershipView> Groups(Subject subject) =>
        [.. subject.Access.Memberships
            .GroupBy(membership => membership.Group.Id)
            .Select(memberships => new GroupMembershipView(
                memberships.Key,
                memberships.First().Group.Name,
                [.. memberships.Select(membership => membership.Origin.ToString()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
                memberships.Any(membership => membership.Origin == Origin.Direct)))
            .OrderBy(group => group.Name, StringComparer.Ordinal)];

    /// <returns>Every permission that some group grants or denies the subject, with the grant paths behind it.</returns>
    public IReadOnlyList<PermissionView> Permissions(Subject subject, AccessRules rules) =>
        [.. catalogue.Permissions
            .Select(permission => DecisionExplanation.Create(subject, new AccessRequirement(permission), rules, catalogue))
            .Where(explanation => explanation.Grants.Count + explanation.Denials.Count > 0)
            .Select(explanation => new PermissionView(
                explanation.Decision.Permission.ToString(),
                explanation.Decision.IsAllowed,
                [.. explanation.Grants.Select(GrantPathFormatter.Steps)],
                [.. explanation.Denials.Select(GrantPathFormatter.Steps)]))];
}
