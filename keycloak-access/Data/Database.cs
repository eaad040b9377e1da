using System.Data;
using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Npgsql;

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

    private readonly DbDataSource _source;

    internal Database(DatabaseEngine engine, DbDataSource source, string place)
    {
        Engine = engine;
        Place = place;
        _source = source;
    }

    public DatabaseEngine Engine { get; }

    /// <summary>A file path, or host, port and name. Never a secret.</summary>
    public string Place { get; }

    public static Database From(string? connectionString, string contentRoot)
    {
        if (string.IsNullOrWhiteSpace(connectionString))
        {
            throw new DatabaseException(
                "ConnectionStrings:Database is missing. Set it to \"Data Source=data/api.db\" for SQLite, " +
                "or to \"Host=…;Database=…;Username=…;Password=…\" for PostgreSQL.");
        }

        try
        {
            var keys = new DbConnectionStringBuilder { ConnectionString = connectionString };
            return keys.ContainsKey("Host") || keys.ContainsKey("Server")
                ? PostgreSql(connectionString)
                : Sqlite(connectionString, contentRoot);
        }
        catch (ArgumentException exception)
        {
            throw new DatabaseException(
                "ConnectionStrings:Database cannot be read: " + exception.Message +
                " A SQLite one starts with \"Data Source=\", a PostgreSQL one with \"Host=\".",
                exception);
        }
    }

    public async Task<DbConnection> OpenAsync(CancellationToken cancellationToken) =>
        await _source.OpenConnectionAsync(cancellationToken);

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

    /// <summary>The elements of a JSON array, for <c>IN</c>: a list of any length in one parameter on both engines.</summary>
    public string Elements(string parameter, string postgreSqlType) => Engine == DatabaseEngine.PostgreSql
        ? $"(SELECT CAST(value AS {postgreSqlType}) FROM json_array_elements_text(CAST({parameter} AS json)))"
        : $"(SELECT value FROM json_each({parameter}))";

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private static Database PostgreSql(string connectionString)
    {
        var parts = new NpgsqlConnectionStringBuilder(connectionString);
        return new Database(
            DatabaseEngine.PostgreSql,
            NpgsqlDataSource.Create(parts),
            $"PostgreSQL {parts.Host}:{parts.Port}/{parts.Database}");
    }

    private static Database Sqlite(string connectionString, string contentRoot)
    {
        var parts = new SqliteConnectionStringBuilder(connectionString)
        {
            // SQLite checks references only where a connection asks for it.
            ForeignKeys = true,
            // In seconds. The provider asks again until then where another connection writes; its default is 30.
            DefaultTimeout = 5,
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
        return new Database(DatabaseEngine.Sqlite, new SqliteSource(parts.ConnectionString), $"SQLite {parts.DataSource}");
    }

    private sealed class SqliteSource(string connectionString) : DbDataSource
    {
        public override string ConnectionString => connectionString;

        protected override DbConnection CreateDbConnection() => new SqliteConnection(connectionString);

        protected override DbConnection OpenDbConnection()
        {
            var connection = new SqliteConnection(connectionString);
            connection.Open();
            Prepare(connection);
            return connection;
        }

        protected override async ValueTask<DbConnection> OpenDbConnectionAsync(CancellationToken cancellationToken = default)
        {
            var connection = new SqliteConnection(connectionString);
            await connection.OpenAsync(cancellationToken);
            Prepare(connection);
            return connection;
        }

        // busy_timeout: a second writer waits for the first instead of failing at once with SQLITE_BUSY.
        // synchronous NORMAL: with the write-ahead log a power cut may lose the last commits but never corrupts.
        private static void Prepare(SqliteConnection connection)
        {
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA busy_timeout = 5000; PRAGMA synchronous = NORMAL;";
            command.ExecuteNonQuery();
            connection.CreateCollation(DecimalCollation, CompareDecimals);
        }

        // What is no number comes in some order too: a collation may not throw.
        private static int CompareDecimals(string left, string right) =>
            decimal.TryParse(left, NumberStyles.Float, CultureInfo.InvariantCulture, out var one)
            && decimal.TryParse(right, NumberStyles.Float, CultureInfo.InvariantCulture, out var other)
                ? one.CompareTo(other)
                : string.CompareOrdinal(left, right);
    }
}
