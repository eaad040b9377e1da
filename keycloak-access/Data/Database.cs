using System.Collections.Concurrent;
using System.Data;
using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;
using Npgsql;
using SQLitePCL;

namespace KeycloakAccess.Data;

internal enum DatabaseEngine
{
    Sqlite,
    PostgreSql,
}

/// <summary>The connection string alone chooses the engine: <c>Data Source=…</c> is SQLite, <c>Host=…</c> is PostgreSQL.</summary>
internal sealed class Database : IAsyncDisposable
{
    /// <summary>The collation by which SQLite compares decimals, which it keeps as text, by their value.</summary>
    public const string DecimalCollation = "decimal";

    // In milliseconds, with the thread: what is over within a few lines of SQLite itself, such as the end of another connection.
    private const int ShortestLock = 50;

    /// <summary>How many connections to PostgreSQL an instance has at most, where the connection string does not say.</summary>
    public const int DefaultPoolSize = 20;

    // Of rows that somebody changed past this program, each write takes up so many, and is not held up by the rest.
    private const int MostTakenUp = 1000;

    /// <summary>How long a write waits in all: for its turn, for locks of others, and until it may pass after a conflict.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // Of SQLite's polls: the lock of another process is tried for again after so long, doubled each time.
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PauseAfterConflict = TimeSpan.FromMilliseconds(50);

    private readonly DbDataSource _source;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<string, SearchIndex> _searchIndexes = new(StringComparer.Ordinal);
    private long _commits;

    // SQLite has one writer at a time, and PostgreSQL's pool keeps half of its connections for readers, whatever writers wait for.
#pragma warning disable CA2213 // A turn may be given back after the end, and without a wait handle there is nothing to dispose of.
    private readonly SemaphoreSlim _turns;
#pragma warning restore CA2213

    internal Database(DatabaseEngine engine, DbDataSource source, string place, int writers = 1, TimeProvider? clock = null)
    {
        Engine = engine;
        Place = place;
        _source = source;
        Writers = writers;
        _turns = new SemaphoreSlim(writers, writers);
        _clock = clock ?? TimeProvider.System;
    }

    public DatabaseEngine Engine { get; }

    /// <summary>How many may write at once.</summary>
    public int Writers { get; }

    /// <summary>A file path, or host, port and name. Never a secret.</summary>
    public string Place { get; }

    /// <summary>How often this process has written, whatever came of the last commit.</summary>
    public long Commits => Interlocked.Read(ref _commits);

    private string? Listener { get; init; }

    public static Database From(string? connectionString, string contentRoot, TimeProvider? clock = null)
    {
        if (string.IsNullOrWhiteSpace(connectionString))
        {
            throw new DatabaseException(
                "ConnectionStrings:Database is missing. Set it to \"Data Source=data/api.db\" for SQLite, " +
                "or to \"Host=…;Database=…;Username=…;Password=…\" for PostgreSQL." +
                (File.Exists(Path.Combine(contentRoot, "appsettings.json"))
                    ? ""
                    : $" There is no appsettings.json in {contentRoot}, where it is looked for: start the service in its own folder, " +
                        "or name that: --contentRoot, or ASPNETCORE_CONTENTROOT."));
        }

        try
        {
            var keys = new DbConnectionStringBuilder { ConnectionString = connectionString };
            return keys.ContainsKey("Host") || keys.ContainsKey("Server")
                ? PostgreSql(connectionString, clock)
                : Sqlite(connectionString, contentRoot, clock);
        }
        catch (ArgumentException exception)
        {
            throw new DatabaseException(
                "ConnectionStrings:Database cannot be read: " + exception.Message +
                " A SQLite one starts with \"Data Source=\", a PostgreSQL one with \"Host=\".",
                exception);
        }
    }

    /// <summary>A connection to read: on SQLite it refuses to write, which only <see cref="WriteAsync{T}"/> does.</summary>
    public async Task<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        if (_source is not SqliteConnections source)
        {
            return await _source.OpenConnectionAsync(cancellationToken);
        }

        var connection = source.Take(writes: false);
        try
        {
            await WaitForLockAsync(
                connection, () => SqliteConnections.Prepare(connection), new Deadline(_clock, Patience), cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// A connection that may write, without a turn: for what runs before or beside the service, where nobody waits. Its transaction is
    /// begun with <see cref="BeginWriteAsync(DbConnection, CancellationToken)"/>.
    /// </summary>
    public async Task<DbConnection> OpenToWriteAsync(CancellationToken cancellationToken)
    {
        if (_source is not SqliteConnections source)
        {
            return await _source.OpenConnectionAsync(cancellationToken);
        }

        var connection = source.OpenAlone();
        connection.DefaultTimeout = (int)Patience.TotalSeconds;
        SqliteConnections.Execute(connection, SqliteConnections.Writes);
        return connection;
    }

    /// <summary>On PostgreSQL, a connection beside the pool, which waits for notifications.</summary>
    public async Task<NpgsqlConnection> OpenListenerAsync(CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(Listener);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public SqliteFileVersion? NewFileVersion() =>
        Engine == DatabaseEngine.Sqlite ? new SqliteFileVersion(Place["SQLite ".Length..]) : null;

    public static async ValueTask<DbTransaction> BeginReadAsync(DbConnection connection, CancellationToken cancellationToken) =>
        connection is SqliteConnection sqlite
#pragma warning disable CA1849 // The asynchronous one cannot say deferred, and SQLite's is synchronous inside.
            ? sqlite.BeginTransaction(deferred: true)
#pragma warning restore CA1849
            : await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);

    /// <summary>SQLite takes the write lock at once: asking for it after a read fails if another has written in between.</summary>
    public static async ValueTask<DbTransaction> BeginWriteAsync(DbConnection connection, CancellationToken cancellationToken) =>
        connection is SqliteConnection sqlite
#pragma warning disable CA1849 // As above.
            ? sqlite.BeginTransaction(deferred: false)
#pragma warning restore CA1849
            : await connection.BeginTransactionAsync(cancellationToken);

    /// <summary>Statements alone, in a transaction.</summary>
    public Task WriteAsync(string sql, object values, CancellationToken cancellationToken) => WriteAsync(
        async write =>
        {
            await write.Connection.ExecuteAsync(
                new CommandDefinition(sql, values, write.Transaction, cancellationToken: cancellationToken));
            await write.CommitAsync();
        },
        cancellationToken);

    /// <summary>As the one that returns something.</summary>
    public Task WriteAsync(Func<WriteTransaction, Task> write, CancellationToken cancellationToken, TimeSpan? patience = null) =>
        WriteAsync<object?>(
            async transaction =>
            {
                await write(transaction);
                return null;
            },
            cancellationToken,
            patience);

    /// <summary>
    /// The one way to write: waits for its turn and for the locks of others without holding a thread, and starts again where another
    /// transaction was in the way. What the write does not commit is undone.
    /// </summary>
    /// <exception cref="DatabaseBusyException">It could not begin in time.</exception>
    /// <exception cref="CommitUnknownException">The connection broke off at the commit.</exception>
    public async Task<T> WriteAsync<T>(
        Func<WriteTransaction, Task<T>> write, CancellationToken cancellationToken, TimeSpan? patience = null)
    {
        var until = new Deadline(_clock, patience ?? Patience);
        while (true)
        {
            try
            {
                await using var transaction = await BeginWriteAsync(until, cancellationToken);
                return await write(transaction);
            }
            catch (Exception exception) when (DatabaseOutage.IsConflict(exception) && !until.IsOver)
            {
                await Task.Delay(PauseAfterConflict, _clock, cancellationToken);
            }
            catch (Exception exception) when (exception is not CommitUnknownException && DatabaseOutage.MarkUndone(exception))
            {
                throw;
            }
        }
    }

    /// <summary>On SQLite, each write takes up in the index what has changed in its table.</summary>
    public void Keep(SearchIndex index) => _searchIndexes[index.Table] = index;

    /// <summary>The elements of a JSON array, for <c>IN</c>: a list of any length in one parameter on both engines.</summary>
    public string Elements(string parameter, string postgreSqlType) => Engine == DatabaseEngine.PostgreSql
        ? $"(SELECT CAST(value AS {postgreSqlType}) FROM json_array_elements_text(CAST({parameter} AS json)))"
        : $"(SELECT value FROM json_each({parameter}))";

    public static async Task<bool> IsReadOnlyAsync(DbConnection connection, CancellationToken cancellationToken) =>
        connection is SqliteConnection sqlite
            ? SQLitePCL.raw.sqlite3_db_readonly(sqlite.Handle, "main") == 1
            : await connection.ExecuteScalarAsync<string>(new CommandDefinition(
                "SELECT current_setting('transaction_read_only')", cancellationToken: cancellationToken)) == "on";

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private async Task<WriteTransaction> BeginWriteAsync(Deadline until, CancellationToken cancellationToken)
    {
        await TakeTurnAsync(until, cancellationToken);
        try
        {
            return await OpenWriteAsync(until, triesAgain: true, cancellationToken);
        }
        catch
        {
            _turns.Release();
            throw;
        }
    }

    private async Task<WriteTransaction> OpenWriteAsync(Deadline until, bool triesAgain, CancellationToken cancellationToken)
    {
#pragma warning disable CA2000 // The transaction has it, or the handler below.
        var connection = _source is SqliteConnections source
            ? source.Take(writes: true)
            : await WithinAsync(until, async token => await _source.OpenConnectionAsync(token), cancellationToken);
#pragma warning restore CA2000
        try
        {
            var transaction = connection is SqliteConnection sqlite
                ? await BeginWriteAsync(sqlite, until, cancellationToken)
                : await BeginWriteAsync(connection, until, cancellationToken);
            return new WriteTransaction(
                connection, transaction, _turns, TakeUpSearchedAsync, () => Interlocked.Increment(ref _commits));
        }
        catch (Exception exception)
        {
            await connection.DisposeAsync();
            // A connection that has died in the pool has been asked nothing yet, and another one may live.
            if (triesAgain && exception is NpgsqlException and not PostgresException { InvariantSeverity: "ERROR" })
            {
                return await OpenWriteAsync(until, triesAgain: false, cancellationToken);
            }

            throw;
        }
    }

    private async Task TakeUpSearchedAsync(WriteTransaction write)
    {
        if (_searchIndexes.IsEmpty || await write.Connection.ExecuteScalarAsync<long?>(new CommandDefinition(
            "SELECT 1 FROM search_pending LIMIT 1", transaction: write.Transaction)) is null)
        {
            return;
        }

        foreach (var index in _searchIndexes.Values)
        {
            await index.TakeUpAsync(write, MostTakenUp, CancellationToken.None);
        }
    }

    private async Task TakeTurnAsync(Deadline until, CancellationToken cancellationToken)
    {
        if (await _turns.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            return;
        }

        await WithinAsync(
            until,
            async token =>
            {
                await _turns.WaitAsync(token);
                return true;
            },
            cancellationToken);
    }

    // The wait for a turn and that for a connection of the pool are one.
    private async Task<T> WithinAsync<T>(Deadline until, Func<CancellationToken, Task<T>> wait, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(until.Left, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            return await wait(either.Token);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DatabaseBusyException(
                $"{Place}: other writes took longer than {until.Patience.TotalSeconds:0.#} seconds.", exception);
        }
    }

    private async Task<DbTransaction> BeginWriteAsync(
        SqliteConnection connection, Deadline until, CancellationToken cancellationToken)
    {
        DbTransaction? transaction = null;
        await WaitForLockAsync(
            connection,
            () =>
            {
                SqliteConnections.Prepare(connection);
                transaction = connection.BeginTransaction(deferred: false);
            },
            until,
            cancellationToken);
        return transaction!;
    }

    // PostgreSQL waits for locks by itself, and for ever if it is not told otherwise.
    private static async Task<DbTransaction> BeginWriteAsync(
        DbConnection connection, Deadline until, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (until.Patience != Timeout.InfiniteTimeSpan)
        {
            var milliseconds = Math.Max(1, (int)until.Left.TotalMilliseconds);
            await connection.ExecuteAsync(new CommandDefinition(
                $"SET LOCAL lock_timeout = {milliseconds}", transaction: transaction, cancellationToken: cancellationToken));
        }

        return transaction;
    }

    // Nobody waits inside SQLite, where a thread would wait too.
    private async Task WaitForLockAsync(
        SqliteConnection connection, Action run, Deadline until, CancellationToken cancellationToken)
    {
        raw.sqlite3_busy_timeout(connection.Handle, 0);
        for (var pause = ShortestPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                run();
                raw.sqlite3_busy_timeout(connection.Handle, ShortestLock);
                return;
            }
            catch (SqliteException exception) when (DatabaseOutage.IsConflict(exception))
            {
                if (until.IsOver)
                {
                    throw new DatabaseBusyException(
                        $"{Place}: another process held its lock for longer than {until.Patience.TotalSeconds:0.#} seconds.", exception);
                }
            }

            await Task.Delay(pause, _clock, cancellationToken);
        }
    }

    private static Database PostgreSql(string connectionString, TimeProvider? clock)
    {
        var parts = new NpgsqlConnectionStringBuilder(connectionString);
        if (!parts.ShouldSerialize("Maximum Pool Size"))
        {
            // The provider's 100 are more than the 97 that a server has for all of its clients.
            parts.MaxPoolSize = Math.Max(DefaultPoolSize, parts.MinPoolSize);
        }

        if (!parts.ShouldSerialize("Max Auto Prepare"))
        {
            // Statements that come again stay parsed on their connection.
            parts.MaxAutoPrepare = 100;
        }

        if (!parts.ShouldSerialize("Timeout"))
        {
            // In seconds: of a new connection, and of the wait for one of the pool.
            parts.Timeout = (int)Patience.TotalSeconds;
        }

        return new Database(
            DatabaseEngine.PostgreSql,
            NpgsqlDataSource.Create(parts),
            $"PostgreSQL {parts.Host}:{parts.Port}/{parts.Database}",
            Math.Max(1, parts.MaxPoolSize / 2),
            clock)
        {
            // In seconds: a connection that is half open would wait for ever.
            Listener = new NpgsqlConnectionStringBuilder(parts.ConnectionString) { Pooling = false, KeepAlive = 30 }.ConnectionString,
        };
    }

    private static Database Sqlite(string connectionString, string contentRoot, TimeProvider? clock)
    {
        var parts = new SqliteConnectionStringBuilder(connectionString)
        {
            // SQLite checks references only where a connection asks for it.
            ForeignKeys = true,
            // The provider never asks again by itself, which it does on the thread: zero would mean for ever.
            DefaultTimeout = -1,
        };
        if (string.IsNullOrEmpty(parts.DataSource))
        {
            throw new ArgumentException("it names no Data Source.", nameof(connectionString));
        }

        var inMemory = parts.Mode == SqliteOpenMode.Memory || parts.DataSource.StartsWith(":memory:", StringComparison.Ordinal);
        if (inMemory)
        {
            throw new ArgumentException("a database in memory is lost with its first connection; name a file.", nameof(connectionString));
        }

        parts.DataSource = Path.GetFullPath(parts.DataSource, contentRoot);
        return new Database(
            DatabaseEngine.Sqlite, new SqliteConnections(parts.ConnectionString), $"SQLite {parts.DataSource}", writers: 1, clock);
    }

    private sealed class Deadline(TimeProvider clock, TimeSpan patience)
    {
        private readonly long _started = clock.GetTimestamp();

        public TimeSpan Patience => patience;

        public bool IsOver => patience != Timeout.InfiniteTimeSpan && clock.GetElapsedTime(_started) >= patience;

        public TimeSpan Left
        {
            get
            {
                var left = patience - clock.GetElapsedTime(_started);
                return patience == Timeout.InfiniteTimeSpan ? patience : left > TimeSpan.Zero ? left : TimeSpan.Zero;
            }
        }
    }
}
