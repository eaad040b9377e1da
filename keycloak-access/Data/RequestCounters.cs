using System.Data.Common;
using System.Globalization;
using Dapper;

namespace KeycloakAccess.Data;

/// <summary>
/// Counts what happens, for the pictures of the staff pages: in memory, and into the table <c>activity</c> every few
/// seconds. The audit log is what must not lose anything.
/// </summary>
internal sealed class RequestCounters(Database database, TimeProvider clock, ILogger<RequestCounters> logger)
    : WriteBehind<(string Series, string Slot, string Item), long>(database, clock, logger, "Request counts", TimeSpan.FromSeconds(5))
{
    /// <summary>Requests that were allowed, by the hour.</summary>
    public const string Allowed = "allowed";

    /// <summary>Requests that were refused, by the hour.</summary>
    public const string Refused = "refused";

    /// <summary>Sign-ins in the browser, by the day.</summary>
    public const string SignIns = "sign-in";

    /// <summary>Requests of each service account, by the day.</summary>
    public const string Services = "service";

    private static readonly TimeSpan KeepFor = TimeSpan.FromDays(62);

    private string _cleanedUp = "";

    /// <returns>The name of the hour that an instant is in, in UTC: names sort as time goes.</returns>
    public static string HourOf(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH", CultureInfo.InvariantCulture);

    /// <returns>The name of the day that an instant is in, in UTC.</returns>
    public static string DayOf(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>Counts one in this hour.</summary>
    public void CountInHour(string series) => Add((series, HourOf(Clock.GetUtcNow()), ""), 1);

    /// <summary>Counts one in this day.</summary>
    /// <param name="series">What.</param>
    /// <param name="item">Which of them, such as the id of an account.</param>
    public void CountInDay(string series, string item = "") => Add((series, DayOf(Clock.GetUtcNow()), item), 1);

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
                "DELETE FROM request_counters WHERE slot < @oldest", new { oldest = DayOf(now - KeepFor) }, transaction, cancellationToken: cancellationToken));
            _cleanedUp = DayOf(now);
        }
    }
}
