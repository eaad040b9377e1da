using System.Globalization;
using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.RoleMappingPages;
using KeycloakAccess.Data;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.HomePages;

/// <summary>The first page: what needs attention, and pictures of what happens.</summary>
internal static class HomePageEndpoints
{
    public static void MapHomePages(this IEndpointRouteBuilder admin) => admin.MapGet("/", ShowAsync);

    private static async Task<IResult> ShowAsync(HttpContext context, Caller caller, HomePageReader reader, CancellationToken cancellationToken) =>
        Pages.Of<HomePage, HomeView>(context, caller, await reader.ReadAsync(caller, ReaderZone.Of(context.Request), cancellationToken));
}

/// <summary>
/// Reads what the home page shows. No part of it counts the rows of a table: numbers come from what was counted as it
/// happened, roles and rules are in memory, and of accounts only those seen last are looked at.
/// </summary>
internal sealed class HomePageReader(
    RequestCounters meter,
    RequestCounterStore activity,
    AccountStore accounts,
    AccountSearch search,
    SubjectStore subjects,
    RoleMatches matches,
    RealmMetadata metadata,
    RealmKeyLog keys,
    TimeProvider clock)
{
    private const int LookedAt = 50;
    private const int Hours = 48;
    private const int Days = 30;

    public async Task<HomeView> ReadAsync(Caller caller, TimeZoneInfo zone, CancellationToken cancellationToken)
    {
        // So that what one has just done is in the picture.
        await meter.FlushAsync(cancellationToken);
        var now = clock.GetUtcNow();
        var mayAudit = caller.May(AuditPermissions.View);
        var allowed = mayAudit ? await activity.ListAsync(RequestCounters.Allowed, RequestCounters.HourOf(now.AddHours(1 - Hours)), cancellationToken) : null;
        var refused = mayAudit ? await activity.ListAsync(RequestCounters.Refused, RequestCounters.HourOf(now.AddHours(1 - Hours)), cancellationToken) : null;
        var signIns = mayAudit ? await activity.ListAsync(RequestCounters.SignIns, RequestCounters.DayOf(now.AddDays(1 - Days)), cancellationToken) : null;
        var (notices, looked) = await NoticesAsync(caller, now, refused, cancellationToken);
        return new HomeView(
            notices,
            looked,
            allowed is null || refused is null ? null : Decisions(now, zone, allowed, refused),
            signIns is null ? null : SignIns(now, signIns),
            mayAudit && caller.May(AccountPermissions.View) ? await ServicesAsync(now, cancellationToken) : null);
    }

    private static HomeChart Decisions(DateTimeOffset now, TimeZoneInfo zone, IReadOnlyDictionary<string, long> allowed, IReadOnlyDictionary<string, long> refused)
    {
        DateTimeOffset[] hours = [.. Enumerable.Range(0, Hours).Select(index => now.AddHours(1 - Hours + index))];
        return new HomeChart(
            [.. hours.Select(hour => TimeZoneInfo.ConvertTime(Beginning(hour), zone).ToString("MM-dd HH:mm", CultureInfo.InvariantCulture))],
            [
                new ChartSeries("allowed", "good", [.. hours.Select(hour => allowed.GetValueOrDefault(RequestCounters.HourOf(hour)))]),
                new ChartSeries("refused", "bad", [.. hours.Select(hour => refused.GetValueOrDefault(RequestCounters.HourOf(hour)))]),
            ]);
    }

    // Where a zone is half an hour off, an hour of UTC does not begin with one there.
    private static DateTimeOffset Beginning(DateTimeOffset at) => new(at.UtcDateTime.Date.AddHours(at.UtcDateTime.Hour), TimeSpan.Zero);

    private static HomeChart SignIns(DateTimeOffset now, IReadOnlyDictionary<string, long> signIns)
    {
        string[] days = [.. Enumerable.Range(0, Days).Select(index => RequestCounters.DayOf(now.AddDays(1 - Days + index)))];
        return new HomeChart(days, [new ChartSeries("sign-ins", "accent", [.. days.Select(day => signIns.GetValueOrDefault(day))])]);
    }

    private async Task<IReadOnlyList<RankItem>> ServicesAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var most = await activity.MostAsync(RequestCounters.Services, RequestCounters.DayOf(now), 8, cancellationToken);
        var named = (await accounts.FindAsync([.. most.Select(item => Guid.Parse(item.Item))], cancellationToken)).ToDictionary(account => account.Id);
        return
        [
            .. most.Select(item => named.TryGetValue(Guid.Parse(item.Item), out var account)
                ? new RankItem(account.Username, item.Amount, $"/admin/accounts/{account.Id}")
                : new RankItem("an account that is gone", item.Amount)),
        ];
    }

    private async Task<(IReadOnlyList<HomeNotice> Notices, IReadOnlyList<string> Checked)> NoticesAsync(
        Caller caller, DateTimeOffset now, IReadOnlyDictionary<string, long>? refused, CancellationToken cancellationToken)
    {
        var notices = new List<HomeNotice>();
        var looked = new List<string>();
        if (caller.May(RealmPermissions.View))
        {
            looked.Add("the link to Keycloak and its keys");
            notices.AddRange(await OfRealmAsync(now, cancellationToken));
        }

        if (refused is not null)
        {
            looked.Add("what was refused lately");
            notices.AddRange(Rising(now, refused));
        }

        if (caller.May(RoleMappingPermissions.View))
        {
            looked.Add("the role mappings");
            notices.AddRange(OfMappings(await matches.OfAsync(caller.Rules, cancellationToken)));
        }

        // Who is in which group is a question about access.
        if (caller.May(AccountPermissions.View) && caller.May(AccessPermissions.View))
        {
            looked.Add("the accounts seen last");
            notices.AddRange(await InNoGroupAsync(caller.Rules, cancellationToken));
        }

        return ([.. notices.OrderBy(notice => notice.Kind == "bad" ? 0 : 1)], looked);
    }

    private async Task<IEnumerable<HomeNotice>> OfRealmAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (metadata.LastFailure is { } failure)
        {
            return [new HomeNotice("bad", "Keycloak cannot be reached", failure, "/admin/realm", "See the link to the realm")];
        }

        var known = await keys.ListAsync(cancellationToken);
        // The first keys that this service ever saw are no rotation.
        var rotated = known.Where(key => now - key.FirstSeenAt < TimeSpan.FromDays(1)).ToArray();
        return rotated.Length == 0 || rotated.Length == known.Count
            ? []
            : [new HomeNotice("warn", "Keycloak has new keys", $"{Count(rotated.Length, "key")} appeared in the last day. If nobody rotated them, ask why.", "/admin/realm", "See the keys")];
    }

    // Twice as many as an average hour of the day before, and more than a handful.
    private static IEnumerable<HomeNotice> Rising(DateTimeOffset now, IReadOnlyDictionary<string, long> refused)
    {
        var last = refused.GetValueOrDefault(RequestCounters.HourOf(now)) + refused.GetValueOrDefault(RequestCounters.HourOf(now.AddHours(-1)));
        var before = Enumerable.Range(2, 24).Sum(hours => refused.GetValueOrDefault(RequestCounters.HourOf(now.AddHours(-hours)))) / 12d;
        return last >= 10 && last > 2 * before
            ? [new HomeNotice("warn", "Refused calls are rising", $"{Count(last, "call")} refused in this hour and the one before. The day before had {before.ToString("0.#", CultureInfo.InvariantCulture)} in two hours.", "/admin/audit?kind=denied-request", "See what was refused")]
            : [];
    }

    private static IEnumerable<HomeNotice> OfMappings(RoleMatch match)
    {
        if (match.Idle.Length is > 0 and var idle)
        {
            yield return new HomeNotice("warn", idle == 1 ? "1 mapping matches nothing" : $"{idle} mappings match nothing", "No token has shown a role or group that they fit. They may be misspelt, or wait for somebody.", "/admin/role-mappings?matches=none", "See those mappings");
        }

        if (match.Unmapped is { Length: > 0 } unmapped)
        {
            var examples = string.Join(", ", unmapped.Take(3).Select(role => role.ToString()));
            yield return new HomeNotice("warn", unmapped.Length == 1 ? "1 role that tokens carry leads nowhere" : $"{unmapped.Length} roles that tokens carry lead nowhere", $"Nothing maps {examples}{(unmapped.Length > 3 ? " and others" : "")}.", "/admin/role-mappings/unmapped", "Map them");
        }
    }

    private async Task<IEnumerable<HomeNotice>> InNoGroupAsync(AccessRules rules, CancellationToken cancellationToken)
    {
        var (newest, _) = await search.ListAsync(
            new AccountQuery(Search: null, Kind: null, Enabled: true, SeenSince: null, SeenBefore: null, AccountSearch.ByLastSeen, LookedAt, After: null), cancellationToken);
        var known = await subjects.FindAccountsAsync([.. newest.Select(account => account.Id)], cancellationToken);
        var without = known.Where(subject => rules.Resolve(subject.Roles, subject.Groups).Memberships.Count == 0).ToArray();
        return without.Length == 0
            ? []
            : [new HomeNotice(
                "warn",
                $"{Count(without.Length, "account")} in no group",
                $"Of the {newest.Count} accounts seen last, {string.Join(", ", without.Take(3).Select(subject => subject.Username))}{(without.Length > 3 ? " and others" : "")} may do nothing.",
                without.Length == 1 ? $"/admin/accounts/{without[0].AccountId}" : "/admin/accounts?enabled=true&sort=-seen&nogroup=on",
                "See who they are")];
    }

    private static string Count(long number, string what) => number == 1 ? $"1 {what}" : $"{number.ToString("N0", CultureInfo.InvariantCulture)} {what}s";
}
