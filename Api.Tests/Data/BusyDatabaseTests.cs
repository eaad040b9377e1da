using System.Diagnostics;
using System.Net;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Api.Tests.Data;

/// <summary>Another process holds what writers need: they wait without holding up anybody else, and not for ever.</summary>
public abstract class BusyDatabaseTests(ApiUnderTest api) : ApiTests(api)
{
    [Fact]
    public async Task While_another_process_holds_the_lock_writers_wait_and_nobody_else_does()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        Assert.Equal(HttpStatusCode.Created, (await CreateAsync(writer)).StatusCode);
        var holder = await HoldAsync();
        Task<HttpResponseMessage>[] writes;
        await using (holder)
        {
#pragma warning disable CA2025 // They are awaited below.
            writes = [.. Enumerable.Range(0, 64).Select(_ => CreateAsync(writer))];
#pragma warning restore CA2025
            for (var i = 0; i < 20; i++)
            {
                var reads = Enumerable.Range(0, 10).Select(_ => writer.GetAsync("/api/books?limit=1", Cancel));
                Assert.All(await Task.WhenAll(reads), read => Assert.Equal(HttpStatusCode.OK, read.StatusCode));
                Assert.Equal(HttpStatusCode.OK, (await Api.NewClient().GetAsync("/health/live", Cancel)).StatusCode);
            }

            // All of that took less time than a writer waits.
            Assert.All(writes, write => Assert.False(write.IsCompleted));
        }

        Assert.All(await Task.WhenAll(writes), write => Assert.Equal(HttpStatusCode.Created, write.StatusCode));
    }

    /// <summary>What a writer needs, until it is disposed.</summary>
    private protected abstract Task<IAsyncDisposable> HoldAsync();

    private static Task<HttpResponseMessage> CreateAsync(HttpClient client) =>
        client.PostAsync("/api/authors", JsonBody("""{"name":"A"}"""), Cancel);
}

public sealed class BusySqliteTests(ApiOnEmbeddedRealm api) : BusyDatabaseTests(api), IClassFixture<ApiOnEmbeddedRealm>
{
    private protected override async Task<IAsyncDisposable> HoldAsync() => await LockedFile.HoldAsync(Api.ConnectionString);
}

public sealed class BusyPostgreSqlTests(ApiOnPostgreSql api) : BusyDatabaseTests(api), IClassFixture<ApiOnPostgreSql>
{
    private protected override async Task<IAsyncDisposable> HoldAsync()
    {
        var connection = new NpgsqlConnection(Api.ConnectionString);
        await connection.OpenAsync(Cancel);
        // Its transaction ends with it.
        await connection.ExecuteAsync("BEGIN; LOCK TABLE authors IN SHARE MODE");
        return connection;
    }

    [Fact]
    public async Task Whoever_finds_every_connection_taken_is_told_to_come_again()
    {
        var writer = await Api.ServiceAsync("acme-writer");
        Assert.Equal(HttpStatusCode.OK, (await writer.GetAsync("/api/me", Cancel)).StatusCode);
        var database = Api.Services.GetRequiredService<Database>();
        var taken = await Task.WhenAll(Enumerable.Range(0, Database.DefaultPoolSize).Select(_ => database.OpenAsync(Cancel)));
        var since = Stopwatch.StartNew();

        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(number => number % 2 == 0
            ? writer.GetAsync("/api/books", Cancel)
            : writer.PostAsync("/api/authors", JsonBody("""{"name":"A"}"""), Cancel)));

        Assert.InRange(since.Elapsed, Database.Patience - TimeSpan.FromSeconds(1), 2 * Database.Patience);
        foreach (var answer in answers)
        {
            await AssertProblemAsync(answer, 503, "unavailable");
            Assert.Equal(TimeSpan.FromSeconds(5), answer.Headers.RetryAfter?.Delta);
        }

        Assert.Equal(HttpStatusCode.OK, (await Api.NewClient().GetAsync("/health/live", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await Api.NewClient().GetAsync("/health/ready", Cancel)).StatusCode);
        foreach (var connection in taken)
        {
            await connection.DisposeAsync();
        }

        Assert.Equal(HttpStatusCode.OK, (await writer.GetAsync("/api/books", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await writer.PostAsync("/api/authors", JsonBody("""{"name":"A"}"""), Cancel)).StatusCode);
    }
}

/// <summary>The deadline of a wait, on SQLite, by a clock that the test moves.</summary>
public sealed class BusyDeadlineTests : HttpTests
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task Whoever_has_waited_for_five_seconds_is_told_to_come_again()
    {
        await using var realm = await ForgingRealm.StartAsync(_clock);
        var known = realm.NewClient(realm.Mint());
        Assert.Equal(HttpStatusCode.OK, (await known.GetAsync("/api/me", Cancel)).StatusCode);
        var place = realm.Services.GetRequiredService<Database>().Place["SQLite ".Length..];
        await using (await LockedFile.HoldAsync($"Data Source={place}"))
        {
            // The first sight of an account is a write.
            var unknown = realm.NewClient(realm.Mint(changes: ("sub", "22222222-2222-2222-2222-222222222222")));
            var first = Enumerable.Range(0, 8).Select(_ => unknown.GetAsync("/api/me", Cancel)).ToArray();
            Assert.Equal(HttpStatusCode.OK, (await known.GetAsync("/api/me", Cancel)).StatusCode);
            Assert.All(first, answer => Assert.False(answer.IsCompleted));

            foreach (var answer in await AdvanceUntilDoneAsync(Task.WhenAll(first)))
            {
                var problem = await AssertProblemAsync(answer, 503, "unavailable");
                Assert.Equal(TimeSpan.FromSeconds(5), answer.Headers.RetryAfter?.Delta);
                Assert.DoesNotContain(place, problem.GetRawText(), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task What_a_token_says_anew_waits_hardly_at_all()
    {
        await using var realm = await ForgingRealm.StartAsync(_clock);
        Assert.Equal(HttpStatusCode.OK, (await realm.NewClient(realm.Mint()).GetAsync("/api/me", Cancel)).StatusCode);
        var place = realm.Services.GetRequiredService<Database>().Place["SQLite ".Length..];
        var issuedAt = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1;
        var newer = realm.NewClient(realm.Mint(changes: [("iat", issuedAt), ("email", "new@acme.test"), ("groups", new[] { "/new" })]));
        await using (await LockedFile.HoldAsync($"Data Source={place}"))
        {
            var answer = newer.GetAsync("/api/me", Cancel);
            for (var i = 0; i < 2; i++)
            {
                await Task.Delay(200, Cancel);
                _clock.Advance(TimeSpan.FromMilliseconds(250));
            }

            Assert.Equal(HttpStatusCode.OK, (await answer).StatusCode);
        }

        // The clock of the test runs five times as fast: a write may be given up, and the next request makes it.
        await AdvanceUntilDoneAsync(Task.Run(async () =>
        {
            do
            {
                Assert.Equal(HttpStatusCode.OK, (await newer.GetAsync("/api/me", Cancel)).StatusCode);
            }
            while (await CountAsync("accounts WHERE email = 'new@acme.test'") == 0
                || await CountAsync("observed_roles WHERE name = '/new'") == 0);
            return true;
        }));

        async Task<long> CountAsync(string what)
        {
            await using var connection = await realm.Services.GetRequiredService<Database>().OpenAsync(Cancel);
            return await connection.ExecuteScalarAsync<long>($"SELECT COUNT(*) FROM {what}");
        }
    }

    [Fact]
    public async Task A_file_that_another_process_has_locked_wholly_is_waited_for_too()
    {
        await using var place = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        await using var database = Database.From(place.ConnectionString, AppContext.BaseDirectory, _clock);
        await using (var connection = await database.OpenToWriteAsync(Cancel))
        {
            await connection.ExecuteAsync("CREATE TABLE notes (name text)");
        }

        SqliteConnection.ClearAllPools();
        // Without the write-ahead log it keeps readers out as well.
        await using (await LockedFile.HoldAsync(place.ConnectionString, "BEGIN EXCLUSIVE"))
        {
            var opened = Enumerable.Range(0, 100).Select(_ => Assert.ThrowsAsync<DatabaseBusyException>(() => database.OpenAsync(Cancel)));
            await AdvanceUntilDoneAsync(Task.WhenAll(opened));
        }
    }

    [Fact]
    public async Task Writes_of_one_process_take_turns_and_one_that_comes_too_late_is_told()
    {
        await using var place = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        await using var database = Database.From(place.ConnectionString, AppContext.BaseDirectory, _clock);
        var hold = new TaskCompletionSource();
        var first = database.WriteAsync(async _ => await hold.Task, Cancel);
        var late = Assert.ThrowsAsync<DatabaseBusyException>(() => database.WriteAsync(_ => Task.CompletedTask, Cancel));
        using var impatient = new CancellationTokenSource();
        var cancelled = Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => database.WriteAsync(_ => Task.CompletedTask, impatient.Token));
        await impatient.CancelAsync();
        await cancelled;
        Assert.False(late.IsCompleted);
        _clock.Advance(Database.Patience);
        await late;

        var last = database.WriteAsync(_ => Task.CompletedTask, Cancel);
        hold.SetResult();
        await first;
        await last;
    }

    private async Task<T> AdvanceUntilDoneAsync<T>(Task<T> task)
    {
        for (var i = 0; i < 500 && !task.IsCompleted; i++)
        {
            await Task.Delay(20, Cancel);
            _clock.Advance(TimeSpan.FromMilliseconds(100));
        }

        return await task.WaitAsync(TimeSpan.FromSeconds(5), Cancel);
    }
}

/// <summary>Whatever is written takes a turn and begins anew after a conflict, since nothing else can write.</summary>
public abstract class WritingTests(WritingTests.Place place) : IClassFixture<WritingTests.Place>
{
    private protected abstract DatabaseEngine Engine { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_write_begins_anew_where_another_transaction_was_in_the_way_and_no_other_mistake()
    {
        var database = await place.OpenAsync(Engine);
        Exception[] conflicts =
        [
            new PostgresException("", "ERROR", "ERROR", "40001"),
            new PostgresException("", "ERROR", "ERROR", "40P01"),
            new PostgresException("", "ERROR", "ERROR", "55P03"),
            new SqliteException("", 5),
            new SqliteException("", 6),
        ];
        var tries = 0;
        await database.WriteAsync(
            async write =>
            {
                await write.Connection.ExecuteAsync("INSERT INTO notes (name) VALUES ('repeated')", transaction: write.Transaction);
                if (tries < conflicts.Length)
                {
                    throw conflicts[tries++];
                }

                await write.CommitAsync();
            },
            Cancel);

        Assert.Equal(conflicts.Length, tries);
        Assert.Equal(1, await CountAsync(database, "repeated"));
        await Assert.ThrowsAsync<PostgresException>(() => database.WriteAsync(
            _ => throw new PostgresException("", "ERROR", "ERROR", "23505"), Cancel));
    }

    [Fact]
    public async Task What_is_not_committed_is_undone_and_the_next_one_has_its_turn()
    {
        var database = await place.OpenAsync(Engine);
        await Assert.ThrowsAsync<InvalidOperationException>(() => database.WriteAsync(
            async write =>
            {
                await write.Connection.ExecuteAsync("INSERT INTO notes (name) VALUES ('undone')", transaction: write.Transaction);
                throw new InvalidOperationException();
            },
            Cancel));
        await database.WriteAsync(
            write => write.Connection.ExecuteAsync("INSERT INTO notes (name) VALUES ('undone')", transaction: write.Transaction), Cancel);
        await database.WriteAsync("INSERT INTO notes (name) VALUES (@name)", new { name = "kept" }, Cancel);

        Assert.Equal(0, await CountAsync(database, "undone"));
        Assert.Equal(1, await CountAsync(database, "kept"));
    }

    private protected static async Task<long> CountAsync(Database database, string name)
    {
        await using var connection = await database.OpenAsync(Cancel);
        return await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM notes WHERE name = @name", new { name });
    }

    public sealed class Place : IAsyncLifetime
    {
        private TestDatabase? _place;
        private Database? _database;

        public ValueTask InitializeAsync() => ValueTask.CompletedTask;

        public async ValueTask DisposeAsync()
        {
            await (_database?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (_place?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        internal async Task<Database> OpenAsync(DatabaseEngine engine)
        {
            if (_database is null)
            {
                _place = await TestDatabase.CreateAsync(engine);
                _database = Database.From(_place.ConnectionString, AppContext.BaseDirectory);
                await using var connection = await _database.OpenToWriteAsync(Cancel);
                await connection.ExecuteAsync("CREATE TABLE notes (name text)");
            }

            return _database;
        }
    }
}

public sealed class WritingOnSqliteTests(WritingTests.Place place) : WritingTests(place)
{
    private readonly Place _place = place;

    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;

    [Fact]
    public async Task A_connection_to_read_refuses_to_write()
    {
        var database = await _place.OpenAsync(Engine);
        foreach (var sql in new[] { "INSERT INTO notes VALUES ('x')", "UPDATE notes SET name = 'x'", "DELETE FROM notes" })
        {
            await using var connection = await database.OpenAsync(TestContext.Current.CancellationToken);
            Assert.Equal(8, (await Assert.ThrowsAsync<SqliteException>(() => connection.ExecuteAsync(sql))).SqliteErrorCode);
        }
    }
}

public sealed class WritingOnPostgreSqlTests(WritingTests.Place place) : WritingTests(place)
{
    private readonly Place _place = place;

    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_commit_whose_connection_breaks_off_is_told_from_one_that_was_refused()
    {
        var database = await _place.OpenAsync(Engine);
        var unknown = await Assert.ThrowsAsync<CommitUnknownException>(() => database.WriteAsync(
            async write =>
            {
                var pid = await write.Connection.ExecuteScalarAsync<int>("SELECT pg_backend_pid()", transaction: write.Transaction);
                await using (var other = await database.OpenAsync(Cancel))
                {
                    await other.ExecuteAsync("SELECT pg_terminate_backend(@pid, 5000)", new { pid });
                }

                await write.CommitAsync();
            },
            Cancel));
        Assert.True(DatabaseOutage.IsOutage(unknown));

        await Assert.ThrowsAsync<PostgresException>(() => database.WriteAsync(
            async write =>
            {
                await write.Connection.ExecuteAsync(
                    """
                    CREATE TABLE one (id int PRIMARY KEY);
                    CREATE TABLE two (id int REFERENCES one DEFERRABLE INITIALLY DEFERRED);
                    INSERT INTO two VALUES (1)
                    """,
                    transaction: write.Transaction);
                await write.CommitAsync();
            },
            Cancel));
    }
}

/// <summary>Another process that is in the middle of a transaction, until it is disposed.</summary>
internal sealed class LockedFile : IAsyncDisposable
{
    private readonly SqliteConnection _connection;

    private LockedFile(SqliteConnection connection) => _connection = connection;

    public static async Task<LockedFile> HoldAsync(string connectionString, string begin = "BEGIN IMMEDIATE")
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await connection.ExecuteAsync(begin);
        return new(connection);
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.ExecuteAsync("ROLLBACK");
        await _connection.DisposeAsync();
    }
}
