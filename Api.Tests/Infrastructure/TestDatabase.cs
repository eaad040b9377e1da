using Api.Models.Books;
using KeycloakAccess.Data;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Api.Tests.Infrastructure;

/// <summary>A database of its own for a test class, on one of the two engines; gone when it is disposed.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly Func<ValueTask> _drop;

    private TestDatabase(string connectionString, Func<ValueTask> drop)
    {
        ConnectionString = connectionString;
        _drop = drop;
    }

    public string ConnectionString { get; }

    internal static Task<TestDatabase> CreateAsync(DatabaseEngine engine) =>
        engine == DatabaseEngine.PostgreSql ? CreatePostgreSqlAsync() : Task.FromResult(CreateSqlite());

    public ValueTask DisposeAsync() => _drop();

    internal static MigrationHistories Histories { get; } = new([MigrationHistory.FromApplication(typeof(Book).Assembly)]);

    /// <summary>Brings a database up to date as the service does at its start: the engine's history, and that of the service.</summary>
    internal static Migrator Migrator(Database database, string resource = "acme-api") => new(
        database,
        new MigrationValues(resource),
        Histories,
        TimeProvider.System,
        NullLogger<Migrator>.Instance);

    private static TestDatabase CreateSqlite()
    {
        var folder = Directory.CreateTempSubdirectory("api-tests-");
        return new($"Data Source={Path.Combine(folder.FullName, "api.db")}", () =>
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            return new(AgainAsync<IOException>(() =>
            {
                folder.Delete(recursive: true);
                return Task.CompletedTask;
            }));
        });
    }

    private static async Task<TestDatabase> CreatePostgreSqlAsync()
    {
        var server = Environment.GetEnvironmentVariable("TEST_POSTGRES");
        Assert.SkipWhen(
            string.IsNullOrEmpty(server),
            "PostgreSQL is not configured: set TEST_POSTGRES to a connection string whose user may create databases.");

        var name = $"api_tests_{Guid.NewGuid():N}";
        await ExecuteAsync(server!, $"CREATE DATABASE {name}");
        var database = new NpgsqlConnectionStringBuilder(server) { Database = name, MaxPoolSize = 20 }.ConnectionString;
        return new(database, async () => await AgainAsync<NpgsqlException>(() => ExecuteAsync(server!, $"DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
    }

    // On a busy machine a connection that is being closed may need longer than PostgreSQL waits for it, and a file of
    // SQLite's may go while the folder is read. What cannot be removed at the last try fails the test class.
    private static async Task AgainAsync<TException>(Func<Task> remove)
        where TException : Exception
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                await remove();
                return;
            }
            catch (TException) when (tries < 4)
            {
                await Task.Delay(TimeSpan.FromSeconds(1));
            }
        }
    }

    private static async Task ExecuteAsync(string server, string sql)
    {
        await using var connection = new NpgsqlConnection(server);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The name is made here of letters and digits.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
