using System.Data.Common;
using Api.Tests.Audit;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Api.Tests.Data;

/// <summary>What is written later is written once, whatever the database says meanwhile, and nothing is lost in silence.</summary>
public abstract class WriteBehindTests(WriteBehindTests.Place place) : IClassFixture<WriteBehindTests.Place>, IAsyncLifetime
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private static readonly Dictionary<string, Func<CancellationToken, Task>> Troubles = new(StringComparer.Ordinal)
    {
        ["outage"] = _ => throw new PostgresException("gone", "FATAL", "FATAL", "57P01"),
        ["some error"] = _ => throw new TestDbException("XX000"),
        ["deadlock"] = _ => throw new TestDbException("40P01"),
        ["busy"] = _ => throw new SqliteException("busy", 5),
        ["no answer"] = _ => throw new NpgsqlException("no answer"),
        ["invalid operation"] = _ => throw new InvalidOperationException("The connection is not open."),
        ["disposed"] = _ => throw new ObjectDisposedException("connection"),
        ["timeout"] = _ => throw new TimeoutException("too late"),
        ["hanging"] = token => Task.Delay(Timeout.Infinite, token),
    };

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);
    private readonly LogLines _lines = new();

    public static TheoryData<string> Kinds => [.. Troubles.Keys];

    private protected abstract DatabaseEngine Engine { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await place.ClearAsync(Engine);

    public ValueTask DisposeAsync()
    {
        _lines.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Items_of_one_key_become_one_and_are_written_at_the_interval()
    {
        using var notes = Make();
        await notes.StartAsync(Cancel);
        notes.Add("a", 1);
        notes.Add("a", 2);
        notes.Add("b", 5);
        _clock.Advance(Interval - TimeSpan.FromMilliseconds(1));
        await Task.Delay(100, Cancel);
        Assert.Empty(await place.ReadAsync());

        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await WaitAsync(() => notes.Batches.Count == 1);
        await notes.FlushAsync(Cancel);

        Assert.Equal([("a", 3), ("b", 5)], await place.ReadAsync());
        Assert.Equal([2], notes.Batches);
        await notes.StopAsync(Cancel);
        Assert.Empty(_lines.Text);
    }

    [Fact]
    public async Task Whoever_flushes_finds_what_was_added_before()
    {
        using var notes = Make();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(number => Task.Run(async () =>
        {
            notes.Add($"{number:00}", number);
            await notes.FlushAsync(Cancel);
            Assert.Contains(($"{number:00}", number), await place.ReadAsync());
        })));

        Assert.Equal(20, (await place.ReadAsync()).Count);
    }

    [Fact]
    public async Task A_host_that_is_stopped_several_times_at_once_writes_what_waits_once()
    {
        var notes = Make();
        await notes.StartAsync(Cancel);
        notes.Add("a", 1);

        var stops = Enumerable.Range(0, 3).Select(_ => Task.Run(() => notes.StopAsync(Cancel), Cancel)).ToArray();
        notes.Dispose();
        await Task.WhenAll(stops);

        Assert.Equal([("a", 1)], await place.ReadAsync());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Whatever_the_database_throws_at_a_connection_is_survived_and_nothing_is_lost(string kind)
    {
        using var notes = Make();
        place.Trouble = Troubles[kind];

        await AssertSurvivedAsync(notes, () => place.Trouble = null);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Whatever_the_database_throws_inside_a_transaction_is_survived_and_nothing_is_written_twice(string kind)
    {
        using var notes = Make();
        notes.Trouble = Troubles[kind];

        await AssertSurvivedAsync(notes, () => notes.Trouble = null);
    }

    [Fact]
    public async Task A_conflict_is_tried_again_at_once_even_at_a_stop()
    {
        using var notes = Make();
        var tries = 0;
        notes.Trouble = _ => ++tries < 3 ? throw new TestDbException("40001") : Task.CompletedTask;
        notes.Add("a", 1);

        await notes.StopAsync(Cancel);

        Assert.Equal([("a", 1)], await place.ReadAsync());
        Assert.Empty(_lines.Text);
    }

    [Fact]
    public async Task What_a_database_will_never_take_is_lost_alone_and_said()
    {
        using var notes = Make();
        notes.Refused = "7";
        for (var i = 0; i < 20; i++)
        {
            notes.Add($"{i}", i);
        }

        for (var i = 0; i < Notes.MostTries; i++)
        {
            await notes.FlushAsync(Cancel);
        }

        var rows = await place.ReadAsync();
        Assert.Equal(20, rows.Count);
        Assert.Contains(("lost", 7), rows);
        await notes.FlushAsync(Cancel);
        var lost = Assert.Single(_lines.Text.Split('\n'), line => line.StartsWith("Error", StringComparison.Ordinal));
        Assert.Contains("Notes: 7 could not be written", lost, StringComparison.Ordinal);
        Assert.Contains("TestDbException", lost, StringComparison.Ordinal);

        // At a stop there is no time to try again: the others must go first.
        notes.Add("7", 7);
        notes.Add("8", 100);
        await notes.StopAsync(Cancel);
        Assert.Contains(("8", 108), await place.ReadAsync());
    }

    [Fact]
    public async Task What_finds_no_place_is_lost_and_said_once_with_how_much()
    {
        using var notes = Make();
        place.Trouble = Troubles["outage"];
        notes.Add("first", 1);
        await notes.FlushAsync(Cancel);
        for (var i = 0; i < Notes.Bound + 10; i++)
        {
            notes.Add($"{i:0000}", 2);
        }

        // What waits already is merged, so it needs no place.
        notes.Add("0000", 2);
        await notes.FlushAsync(Cancel);
        place.Trouble = null;
        await notes.FlushAsync(Cancel);

        var rows = await place.ReadAsync();
        Assert.Equal(Notes.Bound + 2, rows.Count);
        Assert.Equal([("0000", 4), ("0001", 2)], rows.Take(2));
        Assert.Contains(("first", 1), rows);
        Assert.Contains(("lost", 20), rows);
        Assert.Equal(["Warning", "Information", "Error"], Levels());
        Assert.Contains("Error: Notes: 20 could not be written", _lines.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("outage")]
    [InlineData("invalid operation")]
    public async Task A_stop_while_nothing_can_be_written_says_what_is_lost(string kind)
    {
        using var notes = Make();
        place.Trouble = Troubles[kind];
        await notes.StartAsync(Cancel);
        notes.Add("a", 2);
        await notes.FlushAsync(Cancel);
        notes.Add("b", 3);

        await Task.WhenAll(notes.StopAsync(Cancel), notes.StopAsync(Cancel));

        var lost = Assert.Single(_lines.Text.Split('\n'), line => line.StartsWith("Error", StringComparison.Ordinal));
        Assert.Contains("Notes: 5 could not be written", lost, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_database_that_hangs_holds_up_no_stop_beyond_its_time_and_no_caller_at_all(bool heedsTokens)
    {
        using var notes = Make();
        using var over = new CancellationTokenSource();
        place.Trouble = token => Task.Delay(Timeout.Infinite, heedsTokens ? token : over.Token);
        await notes.StartAsync(Cancel);
        notes.Add("a", 1);
        _clock.Advance(Interval);
        notes.Add("b", 1);
        using var impatient = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => notes.FlushAsync(impatient.Token));

        using var shutdown = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await notes.StopAsync(shutdown.Token).WaitAsync(TimeSpan.FromSeconds(10), Cancel);

        Assert.Contains("Error: Notes: 2 could not be written", _lines.Text, StringComparison.Ordinal);
        // Whoever hangs has the turn to write until its time is over.
        await over.CancelAsync();
        _clock.Advance(Notes.WriteFor);
    }

    // Trouble at two writes, with more that comes in between, and then none.
    private async Task AssertSurvivedAsync(Notes notes, Action end)
    {
        await notes.StartAsync(Cancel);
        notes.Add("a", 1);
        notes.Add("b", 1);
        await TryAsync();
        notes.Add("a", 10);
        await TryAsync();
        Assert.Empty(await place.ReadAsync());

        end();
        await AdvanceUntilAsync(Interval, () => _lines.Text.Contains("are written to the database again", StringComparison.Ordinal));
        await notes.FlushAsync(Cancel);

        Assert.Equal([("a", 11), ("b", 1)], await place.ReadAsync());
        Assert.Equal(["Warning", "Information"], Levels());
        Assert.False(notes.ExecuteTask!.IsCompleted);
        await notes.StopAsync(Cancel);

        async Task TryAsync()
        {
            var flush = notes.FlushAsync(Cancel);
            await Task.WhenAny(flush, Task.Delay(500, Cancel));
            await AdvanceUntilAsync(Notes.WriteFor, () => flush.IsCompleted);
        }
    }

    private async Task AdvanceUntilAsync(TimeSpan step, Func<bool> condition)
    {
        for (var i = 0; i < 200 && !condition(); i++)
        {
            _clock.Advance(step);
            await Task.Delay(20, Cancel);
        }

        Assert.True(condition(), _lines.Text);
    }

    private string[] Levels() =>
        [.. _lines.Text.Split('\n').Select(line => line.Split(':')[0]).Where(level => level is "Warning" or "Information" or "Error")];

    private static async Task WaitAsync(Func<bool> condition)
    {
        for (var i = 0; i < 200 && !condition(); i++)
        {
            await Task.Delay(20, Cancel);
        }
    }

    private Notes Make() => new(place.Hostile, _clock, _lines);

    private sealed class Notes(Database database, TimeProvider clock, LogLines lines)
        : WriteBehind<string, int>(database, clock, lines.For<Notes>(), "Notes", Interval)
    {
        public List<int> Batches { get; } = [];

        public Func<CancellationToken, Task>? Trouble { get; set; }

        public string? Refused { get; set; }

        public new void Add(string key, int item) => base.Add(key, item);

        protected override int Merge(int earlier, int later) => earlier + later;

        protected override long CountOf(int item) => item;

        protected override Task WriteLostAsync(
            DbConnection connection, DbTransaction transaction, long count, CancellationToken cancellationToken) =>
            WriteAsync(connection, transaction, [new("lost", (int)count)], cancellationToken);

        protected override async Task WriteAsync(
            DbConnection connection,
            DbTransaction transaction,
            IReadOnlyList<KeyValuePair<string, int>> batch,
            CancellationToken cancellationToken)
        {
            Batches.Add(batch.Count);
            foreach (var (name, amount) in batch)
            {
                await connection.ExecuteAsync(new CommandDefinition(
                    "INSERT INTO notes (name, amount) VALUES (@name, @amount) ON CONFLICT (name) DO UPDATE SET amount = "
                        + "notes.amount + excluded.amount",
                    new { name, amount },
                    transaction,
                    cancellationToken: cancellationToken));
                if (name == Refused)
                {
                    throw new TestDbException("23514");
                }
            }

            await (Trouble?.Invoke(cancellationToken) ?? Task.CompletedTask);
        }
    }

#pragma warning disable CA1032 // It is thrown here alone, with a state.
    private sealed class TestDbException(string sqlState) : DbException($"SQLSTATE {sqlState}")
    {
        public override string SqlState => sqlState;
    }
#pragma warning restore CA1032

    /// <summary>A database with a table of notes, and a way to it on which there may be trouble.</summary>
    public sealed class Place : DbDataSource
    {
#pragma warning disable CA2213 // DisposeAsyncCore disposes of it.
        private AuditedDatabase? _log;
#pragma warning restore CA2213

        internal Database Hostile { get; private set; } = null!;

        internal Func<CancellationToken, Task>? Trouble { get; set; }

        public override string ConnectionString => "";

        internal async Task ClearAsync(DatabaseEngine engine)
        {
            Trouble = null;
            if (_log is null)
            {
                _log = await AuditedDatabase.CreateAsync(engine);
                Hostile = new Database(engine, this, "hostile");
                await ExecuteAsync("CREATE TABLE notes (name text PRIMARY KEY, amount bigint NOT NULL)");
            }

            await ExecuteAsync("DELETE FROM notes");
        }

        internal async Task<IReadOnlyList<(string Name, long Amount)>> ReadAsync()
        {
            await using var connection = await _log!.Database.OpenToWriteAsync(Cancel);
            return (await connection.QueryAsync<(string, long)>("SELECT name, amount FROM notes ORDER BY name")).AsList();
        }

        protected override DbConnection CreateDbConnection() => throw new NotSupportedException();

        protected override async ValueTask<DbConnection> OpenDbConnectionAsync(CancellationToken cancellationToken = default)
        {
            await (Trouble?.Invoke(cancellationToken) ?? Task.CompletedTask);
            return await _log!.Database.OpenToWriteAsync(cancellationToken);
        }

        protected override async ValueTask DisposeAsyncCore()
        {
            if (_log is not null)
            {
                await _log.DisposeAsync();
            }

            await base.DisposeAsyncCore();
        }

        private async Task ExecuteAsync(string sql)
        {
            await using var connection = await _log!.Database.OpenToWriteAsync(Cancel);
            await connection.ExecuteAsync(sql);
        }
    }
}

public sealed class WriteBehindOnSqliteTests(WriteBehindTests.Place place) : WriteBehindTests(place)
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class WriteBehindOnPostgreSqlTests(WriteBehindTests.Place place) : WriteBehindTests(place)
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
