using System.Data.Common;
using System.Globalization;
using Dapper;

namespace KeycloakAccess.Data;

/// <summary>For the charts of the staff pages: by the hour or the day of UTC, whose names sort as time goes.</summary>
internal sealed class RequestCounters(Database database, TimeProvider clock, ILogger<RequestCounters> logger)
    : WriteBehind<(string Series, string Slot, string Item), long>(database, clock, logger, "Request counts", TimeSpan.FromSeconds(5))
{
    // By the hour.
    public const string Allowed = "allowed";
    public const string Refused = "refused";

    // By the day.
    public const string SignIns = "sign-in";
    public const string Services = "service";

    private static readonly TimeSpan KeepFor = TimeSpan.FromDays(62);

    private string _cleanedUp = "";
    private volatile Slots _slots = new(DateTimeOffset.MinValue, "", "");

    public static string HourOf(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH", CultureInfo.InvariantCulture);

    public static string DayOf(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    public void CountInHour(string series) => Add((series, NowSlots().Hour, ""), 1);

    public void CountInDay(string series, string item = "") => Add((series, NowSlots().Day, item), 1);

    // Their names are made once an hour.
    private Slots NowSlots()
    {
        var now = Clock.GetUtcNow();
        var slots = _slots;
        return now >= slots.From && now < slots.From.AddHours(1)
            ? slots
            : _slots = new Slots(now.AddTicks(-(now.UtcTicks % TimeSpan.TicksPerHour)), HourOf(now), DayOf(now));
    }

    protected override long Merge(long earlier, long later) => earlier + later;

    protected override long CountOf(long item) => item;

    protected override async Task WriteAsync(
        DbConnection connection,
        DbTransaction transaction,
        IReadOnlyList<KeyValuePair<(string Series, string Slot, string Item), long>> batch,
        CancellationToken cancellationToken)
    {
        const string sql = """
            INSERT INTO request_counters (series, slot, item, amount)
            VALUES (@Series, @Slot, @Item, @Amount)
            ON CONFLICT (series, slot, item) DO UPDATE SET amount = request_counters.amount + excluded.amount
            """;
        await connection.ExecuteAsync(new CommandDefinition(
            sql,
            batch.OrderBy(count => count.Key.Series, StringComparer.Ordinal)
                .ThenBy(count => count.Key.Slot, StringComparer.Ordinal)
                .ThenBy(count => count.Key.Item, StringComparer.Ordinal)
                .Select(count => new { count.Key.Series, count.Key.Slot, count.Key.Item, Amount = count.Value }),
            transaction,
            cancellationToken: cancellationToken));
        var now = Clock.GetUtcNow();
        if (DayOf(now) != _cleanedUp)
        {
            await connection.ExecuteAsync(new CommandDefinition(
                "DELETE FROM request_counters WHERE slot < @oldest",
                new { oldest = DayOf(now - KeepFor) },
                transaction,
                cancellationToken: cancellationToken));
            _cleanedUp = DayOf(now);
        }
    }

    private sealed record Slots(DateTimeOffset From, string Hour, string Day);
}
