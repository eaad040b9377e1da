using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Api.Tests.Audit;

/// <summary>How refusals get from memory into the database: when, how many, and what becomes of them in bad times.</summary>
public abstract class DeniedRequestLogTests
{
    private static readonly Actor Somebody = new(Guid.NewGuid(), "somebody", Actor.Bearer, "r1");

    private protected abstract DatabaseEngine Engine { get; }

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_waits_is_written_half_a_second_after_it_came()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        using var trail = new DeniedRequestLog(log.Database, clock, new LogLines().For<DeniedRequestLog>());
        await trail.StartAsync(Cancel);
        trail.Add(Refusal("/a"));
        trail.Add(Refusal("/b"));
        await Task.Delay(200, Cancel);
        Assert.Empty(await log.ReadAsync());

        clock.Advance(TimeSpan.FromMilliseconds(500));

        Assert.Equal(["/a", "/b"], (await WaitAsync(log, 2)).Select(row => row.Path).Order(StringComparer.Ordinal));
        await trail.StopAsync(Cancel);
    }

    [Fact]
    public async Task What_waits_when_the_service_stops_is_written()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        // Its clock stands still: nothing but the stop can write.
        using var trail = new DeniedRequestLog(
            log.Database, new FakeTimeProvider(DateTimeOffset.UtcNow), new LogLines().For<DeniedRequestLog>());
        await trail.StartAsync(Cancel);
        trail.Add(Refusal("/a"));

        await trail.StopAsync(Cancel);

        Assert.Equal("/a", Assert.Single(await log.ReadAsync()).Path);
    }

    [Fact]
    public async Task The_same_refusal_is_one_row_with_a_count_and_names_a_row_only_if_all_were_about_it()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        using var trail = new DeniedRequestLog(log.Database, TimeProvider.System, new LogLines().For<DeniedRequestLog>());
        foreach (var (path, row) in new[] { ("/a", "1"), ("/a", "2"), ("/b", "1"), ("/b", "1"), ("/b", "1"), ("/c", "1") })
        {
            trail.Add(Refusal(path) with { RowId = row });
        }

        trail.Add(Refusal("/a") with { Actor = Somebody with { AccountId = Guid.NewGuid() } });
        trail.Add(Refusal("/a") with { Code = "scope_missing", Scope = "m:write" });
        trail.Add(Refusal("/a") with { HttpMethod = "PUT" });
        trail.Add(Refusal("/a") with { Action = "delete" });
        trail.Add(Refusal("/a") with { MissingPermissions = ["x:y"] });
        await trail.StartAsync(Cancel);
        await trail.StopAsync(Cancel);

        var rows = await log.ReadAsync();
        Assert.Equal(8, rows.Count);
        Assert.Equal([(2, null), (3, "1")], rows.Where(row => row.Count > 1).Select(row => (row.Count, row.RowId)).Order());
        Assert.All(rows, row => Assert.Equal(row.Count > 1, row.LastAt is not null));
        Assert.Equal("""["x:y"]""", rows.Single(row => row.MissingPermissions is not null).MissingPermissions);
    }

    [Fact]
    public async Task What_finds_no_room_is_counted_and_the_count_written()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        using var trail = new DeniedRequestLog(log.Database, TimeProvider.System, new LogLines().For<DeniedRequestLog>());
        for (var i = 0; i < DeniedRequestLog.Bound + 10; i++)
        {
            trail.Add(Refusal($"/{i}"));
        }

        await trail.StartAsync(Cancel);
        await trail.StopAsync(Cancel);

        var rows = await log.ReadAsync();
        Assert.Equal(DeniedRequestLog.Bound + 1, rows.Count);
        var missing = rows.Single(row => row.Code == "not_recorded");
        Assert.Equal(10, missing.Count);
        Assert.Equal(Actor.Service, missing.Method);
    }

    [Fact]
    public async Task While_the_database_is_away_refusals_are_kept_and_one_line_is_logged()
    {
        await using var later = await LaterAsync();
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var lines = new LogLines();
        using var trail = new DeniedRequestLog(later.Database, clock, lines.For<DeniedRequestLog>());
        trail.Add(Refusal("/a"));
        await trail.FlushAsync(Cancel);
        trail.Add(Refusal("/b"));
        await trail.FlushAsync(Cancel);
        Assert.Contains("Denied requests cannot be written", Assert.Single(lines.Text.Split('\n')), StringComparison.Ordinal);

        await later.ComeAsync();
        await trail.FlushAsync(Cancel);

        Assert.Equal(["/a", "/b"], (await later.Log!.ReadAsync()).Select(row => row.Path).Order(StringComparer.Ordinal));
        Assert.Contains("Denied requests are written to the database again", lines.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stopping_while_the_database_is_away_says_how_many_are_lost()
    {
        await using var later = await LaterAsync();
        var lines = new LogLines();
        using var trail = new DeniedRequestLog(later.Database, TimeProvider.System, lines.For<DeniedRequestLog>());
        await trail.StartAsync(Cancel);
        trail.Add(Refusal("/a"));
        trail.Add(Refusal("/a"));
        trail.Add(Refusal("/b"));

        await trail.StopAsync(Cancel);

        Assert.Contains("Denied requests: 3 could not be written", lines.Text, StringComparison.Ordinal);
    }

    private static DeniedRequest Refusal(string path) =>
        new() { Actor = Somebody, Model = "m", Action = "view", Code = "permission_missing", HttpMethod = "GET", Path = path };

    private static async Task<IReadOnlyList<AuditRow>> WaitAsync(AuditedDatabase log, int count)
    {
        IReadOnlyList<AuditRow> rows = [];
        for (var i = 0; i < 100 && rows.Count < count; i++)
        {
            await Task.Delay(50, Cancel);
            rows = await log.ReadAsync();
        }

        return rows;
    }

    private protected abstract Task<Later> LaterAsync();

    /// <summary>A database that is away until it comes.</summary>
    private protected sealed class Later(Database database, Func<Task<AuditedDatabase>> come, Func<ValueTask> dispose) : IAsyncDisposable
    {
        public Database Database => database;

        public AuditedDatabase? Log { get; private set; }

        public async Task ComeAsync() => Log = await come();

        public async ValueTask DisposeAsync()
        {
            await database.DisposeAsync();
            if (Log is not null)
            {
                await Log.DisposeAsync();
            }

            await dispose();
        }
    }
}

public sealed class DeniedRequestLogOnSqliteTests : DeniedRequestLogTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;

    // The file is in a folder that is not there yet.
    private protected override Task<Later> LaterAsync()
    {
        DapperTypes.Register();
        var folder = Directory.CreateTempSubdirectory("api-tests-");
        var place = $"Data Source={Path.Combine(folder.FullName, "later", "api.db")}";
        return Task.FromResult(new Later(
            Database.From(place, "/"),
            () => AuditedDatabase.OpenAsync(place),
            () =>
            {
                Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
                folder.Delete(recursive: true);
                return ValueTask.CompletedTask;
            }));
    }
}

public sealed class DeniedRequestLogOnPostgreSqlTests : DeniedRequestLogTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;

    // A trigger keeps SQLite's log from rows that are there already, and SQLite knows how its commits end.
    [Fact]
    public async Task Rows_whose_commit_was_heard_of_too_late_come_again_and_are_there_once()
    {
        await using var log = await AuditedDatabase.CreateAsync(Engine);
        var id = await log.AddAsync(DateTimeOffset.UtcNow);
        var row = Assert.Single(await log.ReadAsync());
        await using (var connection = await log.Database.OpenToWriteAsync(Cancel))
        await using (var transaction = await Database.BeginWriteAsync(connection, Cancel))
        {
            await AuditLog.InsertAsync(connection, transaction, [row, row with { Id = Guid.NewGuid() }], Cancel);
            await transaction.CommitAsync(Cancel);
        }

        var rows = await log.ReadAsync();
        Assert.Equal(2, rows.Count);
        Assert.Single(rows, read => read.Id == id);
    }

    // The server is there, and lets nobody in.
    private protected override async Task<Later> LaterAsync()
    {
        var place = await TestDatabase.CreateMigratedAsync(Engine);
        var name = new NpgsqlConnectionStringBuilder(place.ConnectionString).Database!;
        await ExecuteAsync($"ALTER DATABASE {name} ALLOW_CONNECTIONS false");
        return new Later(
            Database.From(place.ConnectionString, "/"),
            async () =>
            {
                await ExecuteAsync($"ALTER DATABASE {name} ALLOW_CONNECTIONS true");
                return await AuditedDatabase.OpenAsync(place.ConnectionString);
            },
            place.DisposeAsync);
    }

    private static async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Environment.GetEnvironmentVariable("TEST_POSTGRES"));
        await connection.ExecuteAsync(sql);
    }
}
