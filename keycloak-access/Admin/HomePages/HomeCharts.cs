using System.Globalization;
using KeycloakAccess.Accounts;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.HomePages;

/// <summary>Draws what was counted as it happened: no table is counted here.</summary>
internal sealed class HomeCharts(RequestCounters meter, RequestCounterStore activity, AccountStore accounts, TimeProvider clock)
{
    private const int Hours = 48;
    private const int Days = 30;

    // By the hour; null for whoever may not look at the audit log.
    public async Task<IReadOnlyDictionary<string, long>?> ReadRefusedAsync(Caller caller, CancellationToken cancellationToken)
    {
        // What the viewer has just done shall be counted.
        await meter.FlushAsync(cancellationToken);
        return caller.May(AuditPermissions.View) ? await ListHoursAsync(RequestCounters.Refused, cancellationToken) : null;
    }

    public async Task<HomeChart> DrawDecisionsAsync(
        IReadOnlyDictionary<string, long> refused, TimeZoneInfo zone, CancellationToken cancellationToken)
    {
        var allowed = await ListHoursAsync(RequestCounters.Allowed, cancellationToken);
        var now = clock.GetUtcNow();
        DateTimeOffset[] hours = [.. Enumerable.Range(0, Hours).Select(index => now.AddHours(1 - Hours + index))];
        return new HomeChart(
            [.. hours.Select(hour =>
                TimeZoneInfo.ConvertTime(BeginningOf(hour), zone).ToString("MM-dd HH:mm", CultureInfo.InvariantCulture))],
            [
                new ChartSeries("allowed", "good", [.. hours.Select(hour => allowed.GetValueOrDefault(RequestCounters.HourOf(hour)))]),
                new ChartSeries("refused", "bad", [.. hours.Select(hour => refused.GetValueOrDefault(RequestCounters.HourOf(hour)))]),
            ]);
    }

    public async Task<HomeChart> DrawSignInsAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var signIns = await activity.ListAsync(RequestCounters.SignIns, RequestCounters.DayOf(now.AddDays(1 - Days)), cancellationToken);
        string[] days = [.. Enumerable.Range(0, Days).Select(index => RequestCounters.DayOf(now.AddDays(1 - Days + index)))];
        return new HomeChart(days, [new ChartSeries("sign-ins", "accent", [.. days.Select(day => signIns.GetValueOrDefault(day))])]);
    }

    public async Task<IReadOnlyList<RankItem>> RankServicesAsync(CancellationToken cancellationToken)
    {
        var most = await activity.MostAsync(RequestCounters.Services, RequestCounters.DayOf(clock.GetUtcNow()), 8, cancellationToken);
        Guid[] ids = [.. most.Select(item => Guid.Parse(item.Item))];
        var named = (await accounts.FindAsync(ids, cancellationToken)).ToDictionary(account => account.Id);
        return
        [
            .. most.Select(item => named.TryGetValue(Guid.Parse(item.Item), out var account)
                ? new RankItem(account.Username, item.Amount, $"/admin/accounts/{account.Id}")
                : new RankItem("an account that is gone", item.Amount)),
        ];
    }

    private Task<IReadOnlyDictionary<string, long>> ListHoursAsync(string what, CancellationToken cancellationToken) =>
        activity.ListAsync(what, RequestCounters.HourOf(clock.GetUtcNow().AddHours(1 - Hours)), cancellationToken);

    // Where a zone is half an hour off, the hour of UTC begins in the middle of one.
    private static DateTimeOffset BeginningOf(DateTimeOffset at) => new(at.UtcDateTime.Date.AddHours(at.UtcDateTime.Hour), TimeSpan.Zero);
}
