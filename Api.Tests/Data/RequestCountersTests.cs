using Api.Tests.Infrastructure;
using KeycloakAccess.Data;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Api.Tests.Data;

/// <summary>What happens is counted in memory and is in the database a little later, and after a stop at the latest.</summary>
public abstract class RequestCountersTests(RequestCountersTests.Place place) : IClassFixture<RequestCountersTests.Place>
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 31, 12, 0, 0, TimeSpan.Zero);

    private protected abstract DatabaseEngine Engine { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Counts_of_several_instances_add_up_in_their_hour()
    {
        var database = await place.OpenAsync(Engine);
        var clock = new FakeTimeProvider(Noon);
        using var one = Meter(database, clock);
        using var other = Meter(database, clock);
        one.CountInHour("adds-up");
        one.CountInHour("adds-up");
        other.CountInHour("adds-up");
        await one.FlushAsync(Cancel);
        await other.FlushAsync(Cancel);
        clock.Advance(TimeSpan.FromHours(1));
        one.CountInHour("adds-up");
        await one.FlushAsync(Cancel);

        var hours = await new RequestCounterStore(database).ListAsync("adds-up", RequestCounters.HourOf(Noon), Cancel);
        Assert.Equal(3, hours["2026-05-31T12"]);
        Assert.Equal(1, hours["2026-05-31T13"]);
        Assert.Equal(["2026-05-31T13"], (await new RequestCounterStore(database).ListAsync("adds-up", "2026-05-31T13", Cancel)).Keys);
    }

    [Fact]
    public async Task Those_of_which_there_was_most_come_first()
    {
        var database = await place.OpenAsync(Engine);
        using var meter = Meter(database, new FakeTimeProvider(Noon));
        foreach (var item in new[] { "a", "b", "b", "b", "c", "c" })
        {
            meter.CountInDay("most", item);
        }

        await meter.StopAsync(Cancel);

        Assert.Equal([("b", 3), ("c", 2)], await new RequestCounterStore(database).MostAsync("most", "2026-05-31", 2, Cancel));
    }

    [Fact]
    public async Task What_is_older_than_two_months_goes_away()
    {
        var database = await place.OpenAsync(Engine);
        var clock = new FakeTimeProvider(Noon);
        using var meter = Meter(database, clock);
        meter.CountInDay("old");
        await meter.FlushAsync(Cancel);
        clock.Advance(TimeSpan.FromDays(63));
        meter.CountInDay("old");
        await meter.FlushAsync(Cancel);

        Assert.Equal(["2026-08-02"], (await new RequestCounterStore(database).ListAsync("old", "", Cancel)).Keys);
    }

    private static RequestCounters Meter(Database database, TimeProvider clock) =>
        new(database, clock, NullLogger<RequestCounters>.Instance);

    public sealed class Place : IAsyncDisposable
    {
        private readonly SemaphoreSlim _opening = new(1, 1);
        private TestDatabase? _place;
        private Database? _database;

        internal async Task<Database> OpenAsync(DatabaseEngine engine)
        {
            await _opening.WaitAsync(Cancel);
            try
            {
                if (_database is null)
                {
                    _place = await TestDatabase.CreateMigratedAsync(engine);
                    _database = Database.From(_place.ConnectionString, AppContext.BaseDirectory);
                }

                return _database;
            }
            finally
            {
                _opening.Release();
            }
        }

        public async ValueTask DisposeAsync()
        {
            _opening.Dispose();
            if (_database is not null)
            {
                await _database.DisposeAsync();
                await _place!.DisposeAsync();
            }
        }
    }
}

public sealed class RequestCountersOnSqliteTests(RequestCountersTests.Place place) : RequestCountersTests(place)
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class RequestCountersOnPostgreSqlTests(RequestCountersTests.Place place) : RequestCountersTests(place)
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
