using KeycloakAccess.Accounts;
using KeycloakAccess.Permissions;
using KeycloakAccess.Texts;

namespace KeycloakAccess.Admin.AccountPages;

internal sealed class AccountListReader(
    AccountStore accounts, AccountSearch search, SubjectStore subjects, FormerIssuers issuers, TimeProvider clock)
{
    public const string NotByGroup = "Who is in a group is for those who may look at access: you lack access:view. Nobody is listed.";

    public const string Contradiction = "Nobody is in a group and in no group. Take one of both out of the filter.";

    public static bool IsPlace(AccountListFilter filter, string after) =>
        string.IsNullOrEmpty(filter.Group)
            ? AccountSearch.ParseCursor(after, OrderOf(filter)) is not null
            : Guid.TryParse(after, out _);

    /// <summary>How many the filter finds, counted no further than <c>most</c>, if given; null where that is too much work.</summary>
    public async Task<long?> CountAsync(Caller caller, AccountListFilter filter, long? most, CancellationToken cancellationToken)
    {
        if ((filter.IsByGroup && !caller.May(AccessPermissions.View)) || filter.Contradicts)
        {
            return 0;
        }

        AccountsInGroups? within = null;
        if (filter.NoGroup)
        {
            if (caller.Rules.Groups.Any(group => group.IsDefault))
            {
                return 0;
            }

            Guid[] all = [.. caller.Rules.Groups.Select(group => group.Id)];
            var roles = await subjects.ListRolesIntoAsync(caller.Rules, all, cancellationToken);
            within = new AccountsInGroups(issuers.Configured, clock.GetUtcNow(), all, roles, IsInNone: true);
        }
        else if (!string.IsNullOrEmpty(filter.Group) && caller.Rules.FindGroup(filter.Group) is { IsDefault: false } group)
        {
            var roles = await subjects.ListRolesIntoAsync(caller.Rules, [group.Id], cancellationToken);
            within = new AccountsInGroups(issuers.Configured, clock.GetUtcNow(), [group.Id], roles);
        }

        return await search.CountAsync(QueryOf(filter, limit: 1), within, most, cancellationToken);
    }

    /// <summary>Who is in a group is for those who may look at access: nobody else finds anybody by it.</summary>
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
        var days = filter.SeenDays;
        DateTimeOffset? since = days > 0 ? clock.GetUtcNow().AddDays(-days) : null;
        DateTimeOffset? before = days < 0 ? clock.GetUtcNow().AddDays(days) : null;
        if (string.IsNullOrEmpty(filter.Group) || caller.Rules.FindGroup(filter.Group) is not { } group)
        {
            return await InOrderAsync(string.IsNullOrEmpty(filter.Group)
                ? null
                : $"There is no group {filter.Group}. What is shown is not filtered by a group.");
        }

        if (group.IsDefault)
        {
            return await InOrderAsync($"The group {group.Name} is a default group, so every account is in it.");
        }

        Guid? place = Guid.TryParse(after, out var last) ? last : null;
        var (members, next) = await subjects.ListMembersAsync(caller.Rules, [group.Id], limit, place, cancellationToken);
        var found = await accounts.FindAsync([.. members.Select(member => member.AccountId)], cancellationToken);
        return (
            [.. found.Where(Fits).Select(AccountEndpoints.ToResponse)],
            next?.ToString(),
            string.IsNullOrEmpty(filter.Search)
                ? null
                : "Within a group, a search goes by the whole list: some pages may hold few accounts.");

        bool Fits(Account account) =>
            (filter.Kind is null || account.Kind == filter.Kind)
            && (enabled is null || account.Enabled == enabled)
            && (since is null || account.LastSeenAt >= since)
            && (before is null || account.LastSeenAt < before)
            && (string.IsNullOrEmpty(filter.Search)
                || new[] { account.Username, account.Email, account.Name }
                    .OfType<string>()
                    .Any(text => Folding.Holds(text, filter.Search)));

        async Task<(IReadOnlyList<AccountResponse> Accounts, string? Next, string? Mistake)> InOrderAsync(string? mistake)
        {
            var query = QueryOf(filter, limit);
            query = query with { After = AccountSearch.ParseCursor(after, query.Order) };
            var (rows, cursor) = await search.ListAsync(query, cancellationToken);
            if (filter.NoGroup)
            {
                var subjectsOfPage = await subjects.FindAccountsAsync([.. rows.Select(account => account.Id)], cancellationToken);
                var without = subjectsOfPage
                    .Where(subject => caller.Rules.Resolve(subject.Roles, subject.Groups).Memberships.Count == 0)
                    .Select(subject => subject.AccountId)
                    .ToHashSet();
                rows = [.. rows.Where(account => without.Contains(account.Id))];
            }

            return ([.. rows.Select(AccountEndpoints.ToResponse)], cursor?.ToString(), mistake);
        }
    }

    private AccountQuery QueryOf(AccountListFilter filter, int limit)
    {
        var days = filter.SeenDays;
        return new AccountQuery
        {
            Search = filter.Search,
            Kind = filter.Kind,
            Enabled = filter.Enabled is null ? null : filter.Enabled == "true",
            SeenSince = days > 0 ? clock.GetUtcNow().AddDays(-days) : null,
            SeenBefore = days < 0 ? clock.GetUtcNow().AddDays(days) : null,
            Sort = OrderOf(filter),
            Limit = limit,
        };
    }

    private static string OrderOf(AccountListFilter filter) =>
        AccountSearch.OrderOf(filter.Sort, filter.Seen is not null);
}
