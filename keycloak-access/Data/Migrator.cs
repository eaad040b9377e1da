using System.Data.Common;
using Dapper;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Data;

/// <summary>Applies each file in a transaction of its own, under a lock so that several instances may start at once.</summary>
internal sealed partial class Migrator(
    Database database,
    MigrationValues values,
    MigrationHistories histories,
    IOptions<DatabaseOptions> options,
    TimeProvider clock,
    ILogger<Migrator> logger)
{
    // Any number, but the same for every instance.
    private const long PostgresLock = 7_302_114_519_118_001;

    // The last one of the one history that there was before, and the last one of the engine's that it amounts to.
    private const string LastFormer = "0012_access_on_pages";
    private const string LastOfFormer = "0005_request_counters";

    private const string CreateTable = """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            history TEXT NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at TEXT NOT NULL, PRIMARY KEY (history, name))
        """;

    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        try
        {
            CreateFolder();
            await UseWriteAheadLogAsync(cancellationToken);
            await RunAsync(write => PrepareAsync(write.Connection, write.Transaction, cancellationToken), cancellationToken);
            await RefuseNewerAsync(cancellationToken);
            foreach (var history in histories)
            {
                foreach (var name in history.Names(database.Engine))
                {
                    var migration = await history.ReadAsync(database.Engine, name, cancellationToken);
                    await RunAsync(write => ApplyAsync(write, history, migration, cancellationToken), cancellationToken);
                }
            }
        }
        catch (Exception exception) when (exception is DbException or IOException or UnauthorizedAccessException)
        {
            throw new DatabaseException(
                $"The database cannot be used: {database.Place}: {exception.Message} " +
                "Check ConnectionStrings:Database, that the server runs, and that this process may write there.",
                exception);
        }
    }

    private void CreateFolder()
    {
        if (database.Engine == DatabaseEngine.Sqlite)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(database.Place["SQLite ".Length..])!);
        }
    }

    // It lets readers go on while one connection writes. The mode stays with the file.
    private async Task UseWriteAheadLogAsync(CancellationToken cancellationToken)
    {
        if (database.Engine == DatabaseEngine.Sqlite)
        {
            await using var connection = await database.OpenToWriteAsync(cancellationToken);
            await connection.ExecuteAsync(new CommandDefinition("PRAGMA journal_mode = WAL", cancellationToken: cancellationToken));
        }
    }

    // One at a time, on all instances: another one may work for long on a large table. SQLite's write lock is the lock already.
    private Task RunAsync(Func<WriteTransaction, Task> run, CancellationToken cancellationToken) => database.WriteAsync(
        async write =>
        {
            if (database.Engine == DatabaseEngine.PostgreSql)
            {
                await ExecuteAsync(
                    write.Connection, $"SELECT pg_advisory_xact_lock({PostgresLock})", null, write.Transaction, cancellationToken);
            }

            await run(write);
            if (database.Engine == DatabaseEngine.PostgreSql)
            {
                // What is checked at the end is checked here: a commit has a time limit.
                await ExecuteAsync(write.Connection, "SET CONSTRAINTS ALL IMMEDIATE", null, write.Transaction, cancellationToken);
            }

            await write.CommitAsync();
        },
        cancellationToken,
        Timeout.InfiniteTimeSpan);

    private async Task PrepareAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        if (await IsFormerAsync(connection, transaction, cancellationToken))
        {
            await BringOverAsync(connection, transaction, cancellationToken);
        }

        await ExecuteAsync(connection, CreateTable, parameters: null, transaction, cancellationToken);
    }

    private async Task RefuseNewerAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var applied = await connection.QueryAsync<AppliedMigration>(
            new CommandDefinition(AppliedMigration.Select, cancellationToken: cancellationToken));
        if (histories.FindNewer(applied, database.Engine) is not { } newer)
        {
            return;
        }

        if (!options.Value.AllowNewer)
        {
            throw AppliedMigration.IsNewer(database, newer);
        }

        LogNewer(newer.History, newer.Name);
    }

    private async Task<bool> IsFormerAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        var columns = (await connection.QueryAsync<string>(new CommandDefinition(
            database.Engine == DatabaseEngine.PostgreSql
                ? "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass('schema_migrations') AND attnum > 0 AND NOT attisdropped"
                : "SELECT name FROM pragma_table_info('schema_migrations')",
            transaction: transaction,
            cancellationToken: cancellationToken))).AsList();
        return columns.Count > 0 && !columns.Contains("history", StringComparer.Ordinal);
    }

    private async Task BringOverAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        var former = (await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT name FROM schema_migrations", transaction: transaction, cancellationToken: cancellationToken)))
            .ToHashSet(StringComparer.Ordinal);
        if (!former.Contains(LastFormer))
        {
            throw new DatabaseException(
                $"The schema of {database.Place} is too old: {LastFormer} has not been applied. " +
                "Start the last version before this one once, which applies it.");
        }

        var script = await MigrationHistory.ReadFormerAsync(database.Engine, cancellationToken);
        await ExecuteAsync(connection, script.Sql, parameters: null, transaction, cancellationToken);
        await ExecuteAsync(connection, "DROP TABLE schema_migrations", parameters: null, transaction, cancellationToken);
        await ExecuteAsync(connection, CreateTable, parameters: null, transaction, cancellationToken);
        foreach (var history in histories)
        {
            foreach (var name in history.Names(database.Engine))
            {
                var migration = await history.ReadAsync(database.Engine, name, cancellationToken);
                var isThere = history == MigrationHistory.Engine
                    ? string.CompareOrdinal(name, LastOfFormer) <= 0
                    : migration.Formerly is { } formerly && former.Contains(formerly);
                if (isThere)
                {
                    await RecordAsync(connection, transaction, history, migration, cancellationToken);
                }
            }
        }

        LogBroughtOver();
    }

    private async Task ApplyAsync(
        WriteTransaction write, MigrationHistory history, Migration migration, CancellationToken cancellationToken)
    {
        var applied = await write.Connection.QuerySingleOrDefaultAsync<string>(new CommandDefinition(
            "SELECT checksum FROM schema_migrations WHERE history = @History AND name = @Name",
            new { History = history.Name, migration.Name },
            write.Transaction,
            cancellationToken: cancellationToken));
        if (applied is null)
        {
            await ExecuteAsync(write.Connection, migration.Sql, values, write.Transaction, cancellationToken);
            await RecordAsync(write.Connection, write.Transaction, history, migration, cancellationToken);
            LogApplied(history.Name, migration.Name);
        }
        else if (!string.Equals(applied, migration.Checksum, StringComparison.Ordinal))
        {
            throw new DatabaseException(
                $"The migration {migration.Name} of {history.Name} was edited after it had been applied to {database.Place}. " +
                "Restore the file, and put the change into a new migration.");
        }
    }

    private Task<int> RecordAsync(
        DbConnection connection,
        DbTransaction transaction,
        MigrationHistory history,
        Migration migration,
        CancellationToken cancellationToken) =>
        ExecuteAsync(
            connection,
            "INSERT INTO schema_migrations (history, name, checksum, applied_at) VALUES (@history, @Name, @Checksum, @at)",
            new { history = history.Name, migration.Name, migration.Checksum, at = clock.GetUtcNow().ToString("O") },
            transaction,
            cancellationToken);

    // Without a limit: a large table takes its time.
    private static Task<int> ExecuteAsync(
        DbConnection connection, string sql, object? parameters, DbTransaction transaction, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(
            new CommandDefinition(sql, parameters, transaction, commandTimeout: 0, cancellationToken: cancellationToken));

    [LoggerMessage(Level = LogLevel.Information, Message = "Applied migration {Name} of {History}")]
    private partial void LogApplied(string history, string name);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The database has been migrated by a newer version, which brought {Name} of {History}. Database:AllowNewer allows that")]
    private partial void LogNewer(string history, string name);

    [LoggerMessage(Level = LogLevel.Information, Message = "Brought over the database of an earlier version")]
    private partial void LogBroughtOver();
}
