using Api.Models.Books;
using KeycloakAccess.Data;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

[assembly: AssemblyFixture(typeof(Api.Tests.Infrastructure.MigratedTemplates))]

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

    /// <summary>An empty one.</summary>
    internal static Task<TestDatabase> CreateAsync(DatabaseEngine engine) =>
        engine == DatabaseEngine.PostgreSql ? CreatePostgreSqlAsync() : Task.FromResult(CreateSqlite());

    /// <summary>One that is up to date: a copy of a template, which the first caller makes by the real migrations.</summary>
    internal static Task<TestDatabase> CreateMigratedAsync(DatabaseEngine engine) => MigratedTemplates.CopyAsync(engine);

    public ValueTask DisposeAsync() => _drop();

    internal static MigrationHistories Histories { get; } = new([MigrationHistory.FromApplication(typeof(Book).Assembly)]);

    /// <summary>Brings a database up to date as the service does at its start: the engine's history, and that of the service.</summary>
    internal static Migrator Migrator(Database database, string resource = "acme-api", DatabaseOptions? options = null) => new(
        database,
        new MigrationValues(resource),
        Histories,
        Options.Create(options ?? new DatabaseOptions()),
        TimeProvider.System,
        NullLogger<Migrator>.Instance);

    internal static TestDatabase CreateSqlite(string? template = null)
    {
        var folder = Directory.CreateTempSubdirectory("api-tests-");
        if (template is not null)
        {
            File.Copy(template, Path.Combine(folder.FullName, "api.db"));
        }

        return new($"Data Source={Path.Combine(folder.FullName, "api.db")}", () =>
        {
            SqliteConnection.ClearAllPools();
            return new(AgainAsync<IOException>(() =>
            {
                folder.Delete(recursive: true);
                return Task.CompletedTask;
            }));
        });
    }

    internal static async Task<TestDatabase> CreatePostgreSqlAsync(string? template = null)
    {
        var server = Environment.GetEnvironmentVariable("TEST_POSTGRES");
        Assert.SkipWhen(
            string.IsNullOrEmpty(server),
            "PostgreSQL is not configured: set TEST_POSTGRES to a connection string whose user may create databases.");

        var name = $"api_tests_{Guid.NewGuid():N}";
        await ExecuteAsync(server!, template is null ? $"CREATE DATABASE {name}" : $"CREATE DATABASE {name} TEMPLATE {template}");
        var database = new NpgsqlConnectionStringBuilder(server) { Database = name, MaxPoolSize = 20 }.ConnectionString;
        return new(database, async () =>
            await AgainAsync<NpgsqlException>(() => ExecuteAsync(server!, $"DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
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

/// <summary>A database of each engine that the migrations have brought up to date, made once for the whole test assembly.</summary>
public sealed class MigratedTemplates : IAsyncDisposable
{
    private static readonly Lazy<Task<TestDatabase>> Sqlite = new(() => CreateAsync(DatabaseEngine.Sqlite));
    private static readonly Lazy<Task<TestDatabase>> PostgreSql = new(() => CreateAsync(DatabaseEngine.PostgreSql));

    internal static async Task<TestDatabase> CopyAsync(DatabaseEngine engine) => engine == DatabaseEngine.PostgreSql
        ? await TestDatabase.CreatePostgreSqlAsync(new NpgsqlConnectionStringBuilder((await PostgreSql.Value).ConnectionString).Database)
        : TestDatabase.CreateSqlite(new SqliteConnectionStringBuilder((await Sqlite.Value).ConnectionString).DataSource);

    public async ValueTask DisposeAsync()
    {
        foreach (var template in new[] { Sqlite, PostgreSql })
        {
            if (template is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            {
                await (await template.Value).DisposeAsync();
            }
        }
    }

    private static async Task<TestDatabase> CreateAsync(DatabaseEngine engine)
    {
        var template = await TestDatabase.CreateAsync(engine);
        await using (var database = Database.From(template.ConnectionString, AppContext.BaseDirectory))
        {
            DapperTypes.Register();
            await TestDatabase.Migrator(database).MigrateAsync(CancellationToken.None);
        }

        // What is copied is open nowhere: PostgreSQL refuses it otherwise, and of SQLite a part would be in another file.
        SqliteConnection.ClearAllPools();
        return template;
    }
}
