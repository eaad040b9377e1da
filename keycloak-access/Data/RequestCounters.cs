using System.Collections.Concurrent;
using System.Globalization;
using Dapper;

namespace KeycloakAccess.Data;

/// <summary>
/// Counts what happens, for the pictures of the staff pages: in memory, and into the table <c>activity</c> every few
/// seconds. A process that is killed loses what it counted since; the audit log is what must not lose anything.
/// </summary>
internal sealed partial class RequestCounters(Database database, TimeProvider clock, ILogger<RequestCounters> logger) : BackgroundService
{
    /// <summary>Requests that were allowed, by the hour.</summary>
    public const string Allowed = "allowed";

    /// <summary>Requests that were refused, by the hour.</summary>
    public const string Refused = "refused";

    /// <summary>Sign-ins in the browser, by the day.</summary>
    public const string SignIns = "sign-in";

    /// <summary>Requests of each service account, by the day.</summary>
    public const string Services = "service";

    private static readonly TimeSpan WriteEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WriteFor = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan KeepFor = TimeSpan.FromDays(62);

    private readonly ConcurrentDictionary<(string Series, string Slot, string Item), long> _counts = new();
    private readonly Lock _lock = new();
    private Task _writing = Task.CompletedTask;
    private string _cleanedUp = "";

    /// <returns>The name of the hour that an instant is in, in UTC: names sort as time goes.</returns>
    public static string HourOf(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH", CultureInfo.InvariantCulture);

    /// <returns>The name of the day that an instant is in, in UTC.</returns>
    public static string DayOf(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>Counts one in this hour.</summary>
    public void CountInHour(string series) => Count(series, HourOf(clock.GetUtcNow()), "");

    /// <summary>Counts one in this day.</summary>
    /// <param name="series">What.</param>
    /// <param name="item">Which of them, such as the id of an account.</param>
    public void CountInDay(string series, string item = "") => Count(series, DayOf(clock.GetUtcNow()), item);

    /// <summary>Writes what has been counted. Pages that show the numbers ask for it first, so that what one has just done is there.</summary>
    public Task WriteAsync(CancellationToken cancellationToken)
    {
        // One after the other; whoever gives up waiting takes it from nobody.
        lock (_lock)
        {
            _writing = WriteAfterAsync(_writing);
            return _writing.WaitAsync(cancellationToken);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await WriteAsync(CancellationToken.None);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(WriteEvery, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await WriteAsync(CancellationToken.None);
        }
    }

    private async Task WriteAfterAsync(Task before)
    {
        await before;
        using var timeout = new CancellationTokenSource(WriteFor);
        var taken = new List<(string Series, string Slot, string Item, long Amount)>();
        try
        {
            foreach (var key in _counts.Keys)
            {
                if (_counts.TryRemove(key, out var amount))
                {
                    taken.Add((key.Series, key.Slot, key.Item, amount));
                }
            }

            if (taken.Count > 0)
            {
                await WriteAsync(taken, timeout.Token);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or TimeoutException || DatabaseOutage.IsOutage(exception))
        {
            // What was not written is counted on, and written the next time.
            taken.ForEach(row => Add((row.Series, row.Slot, row.Item), row.Amount));
            LogNotWritten(exception.Message);
        }
    }

    private void Count(string series, string slot, string item) => Add((series, slot, item), 1);

    private void Add((string Series, string Slot, string Item) key, long amount) =>
        _counts.AddOrUpdate(key, static (_, added) => added, static (_, sum, added) => sum + added, amount);

    private async Task WriteAsync(List<(string Series, string Slot, string Item, long Amount)> rows, CancellationToken cancellationToken)
    {
        const string sql = """
            INSERT INTO request_counters (series, slot, item, amount)
            VALUES (@Series, @Slot, @Item, @Amount)
            ON CONFLICT (series, slot, item) DO UPDATE SET amount = request_counters.amount + excluded.amount
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await Database.BeginWriteAsync(connection, cancellationToken);
        // In one order, so that two instances never wait for each other.
        await connection.ExecuteAsync(new CommandDefinition(
            sql,
            rows.OrderBy(row => row.Series, StringComparer.Ordinal).ThenBy(row => row.Slot, StringComparer.Ordinal).ThenBy(row => row.Item, StringComparer.Ordinal)
                .Select(row => new { row.Series, row.Slot, row.Item, row.Amount }),
            transaction,
            cancellationToken: cancellationToken));
        var today = DayOf(clock.GetUtcNow());
        if (today != _cleanedUp)
        {
            await connection.ExecuteAsync(new CommandDefinition(
                "DELETE FROM request_counters WHERE slot < @oldest", new { oldest = DayOf(clock.GetUtcNow() - KeepFor) }, transaction, cancellationToken: cancellationToken));
        }

        await transaction.CommitAsync(cancellationToken);
        _cleanedUp = today;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What happened could not be counted yet, and will be: {Reason}")]
    private partial void LogNotWritten(string reason);
}
