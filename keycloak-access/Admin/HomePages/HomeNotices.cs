using System.Globalization;
using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Data;
using KeycloakAccess.Groups;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.HomePages;

/// <summary>Roles and rules are in memory, and of accounts only those seen last are looked at, so this is cheap.</summary>
internal sealed class HomeNotices(
    AccountNotices accounts,
    AccountSearch search,
    SubjectStore subjects,
    RoleMatches matches,
    RealmNotices realm,
    GroupStore groups,
    TimeProvider clock)
{
    private const int LookedAt = 50;

    private static readonly TimeSpan Soon = TimeSpan.FromDays(7);

    public async Task<(IReadOnlyList<HomeNotice> Notices, IReadOnlyList<string> Checked)> ReadAsync(
        Caller caller, IReadOnlyDictionary<string, long>? refused, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var notices = new List<HomeNotice>();
        var looked = new List<string>();
        if (caller.May(RealmPermissions.View))
        {
            looked.Add("the link to Keycloak and its keys");
            notices.AddRange(await realm.CheckAsync(now, cancellationToken));
        }

        if (refused is not null)
        {
            looked.Add("what was refused lately");
            notices.AddRange(CheckRefused(now, refused));
        }

        if (caller.May(RoleMappingPermissions.View))
        {
            looked.Add("the role mappings");
            notices.AddRange(CheckMappings(await matches.CompareAsync(caller.Rules, cancellationToken)));
        }

        if (caller.May(AccountPermissions.View))
        {
            looked.Add("the accounts of other issuers and of those who were disabled");
            notices.AddRange(await accounts.CheckIdentitiesAsync(cancellationToken));
            notices.AddRange(await accounts.CheckBreakGlassAsync(cancellationToken));
        }

        if (caller.May(AccessPermissions.View))
        {
            looked.Add("who holds everything");
            notices.AddRange(await accounts.CheckSuperusersAsync(caller.Rules, cancellationToken));
        }

        // Who is in which group is a question about access.
        if (caller.May(AccountPermissions.View) && caller.May(AccessPermissions.View))
        {
            if (caller.May(GroupPermissions.View))
            {
                looked.Add("access that ends within a week");
                notices.AddRange(await FindEndingAsync(now, cancellationToken));
            }

            looked.Add("the accounts seen last");
            notices.AddRange(await FindInNoGroupAsync(caller.Rules, cancellationToken));
        }

        return ([.. notices.OrderBy(notice => notice.Kind == "bad" ? 0 : 1)], looked);
    }

    // Twice as many as in two average hours of the day before, and at least ten.
    private static IEnumerable<HomeNotice> CheckRefused(DateTimeOffset now, IReadOnlyDictionary<string, long> refused)
    {
        var last = Total(0, 2);
        var before = Total(2, 24) / 12d;
        return last >= 10 && last > 2 * before
            ? [new HomeNotice(
                "warn",
                "Refused calls are rising",
                $"{Count(last, "call")} refused in this hour and the one before. "
                    + $"The day before had {before.ToString("0.#", CultureInfo.InvariantCulture)} in two hours.",
                "/admin/audit?kind=denied-request",
                "See what was refused")]
            : [];

        long Total(int firstHour, int hours) => Enumerable.Range(firstHour, hours)
            .Sum(hour => refused.GetValueOrDefault(RequestCounters.HourOf(now.AddHours(-hour))));
    }

    private static IEnumerable<HomeNotice> CheckMappings(RoleMatch match)
    {
        if (match.Idle.Length is > 0 and var idle)
        {
            yield return new HomeNotice(
                "warn",
                Plural.Of(idle, "mapping matches nothing", "mappings match nothing"),
                "No token has shown a role or group that they fit. They may be misspelt, or wait for somebody.",
                "/admin/role-mappings?matches=none",
                "See those mappings");
        }

        if (match.Unmapped is { Length: > 0 } unmapped)
        {
            var examples = string.Join(", ", unmapped.Take(3).Select(role => role.ToString()));
            yield return new HomeNotice(
                "warn",
                Plural.Of(unmapped.Length, "role that tokens carry is not mapped", "roles that tokens carry are not mapped"),
                $"Nothing maps {examples}{(unmapped.Length > 3 ? " and others" : "")}.",
                "/admin/role-mappings/unmapped",
                "Map them");
        }
    }

    private async Task<IEnumerable<HomeNotice>> FindEndingAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        await groups.CountEndingAsync(now + Soon, cancellationToken) is > 0 and var count
            ? [new HomeNotice(
                "warn",
                $"{Count(count, "membership")} {(count == 1 ? "ends" : "end")} within a week",
                "Whoever was added to a group until a date is out of it by then.",
                "/admin/groups/ending",
                "See whose")]
            : [];

    private async Task<IEnumerable<HomeNotice>> FindInNoGroupAsync(AccessRules rules, CancellationToken cancellationToken)
    {
        var (newest, _) = await search.ListAsync(
            new AccountQuery { Enabled = true, Sort = AccountSearch.ByLastSeen, Limit = LookedAt }, cancellationToken);
        var known = await subjects.FindAccountsAsync([.. newest.Select(account => account.Id)], cancellationToken);
        var without = known.Where(subject => rules.Resolve(subject.Roles, subject.Groups).Memberships.Count == 0).ToArray();
        return without.Length == 0
            ? []
            : [new HomeNotice(
                "warn",
                $"{Count(without.Length, "account")} in no group",
                $"Of the {Plural.Of(newest.Count, "account")} seen last, "
                    + string.Join(", ", without.Take(3).Select(subject => subject.Username))
                    + $"{(without.Length > 3 ? " and others" : "")} may do nothing.",
                without.Length == 1 ? $"/admin/accounts/{without[0].AccountId}" : "/admin/accounts?enabled=true&sort=-seen&nogroup=on",
                "See who they are")];
    }

    public static string Count(long number, string what) => Plural.Of(number, what);
}
