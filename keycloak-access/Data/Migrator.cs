using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Dapper;

namespace KeycloakAccess.Data;

/// <summary>
/// Brings the schema up to date at start: numbered, embedded SQL files of the database's engine, in order, each in a
/// transaction of its own, under a lock so that several instances may start at once.
/// </summary>
internal sealed partial class Migrator(Database database, MigrationValues values, TimeProvider clock, ILogger<Migrator> logger)
{
    // Any number will do, as long as every instance of this service takes the same.
    private const long PostgresLock = 7_302_114_519_118_001;

    /// <exception cref="DatabaseException">
    /// The database cannot be reached or written, a migration failed, or one that was applied has been edited since.
    /// </exception>
    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        try
        {
            CreateFolder();
            await using var connection = await database.OpenAsync(cancellationToken);
            await LockAsync(connection, cancellationToken);
            await ApplyAsync(connection, cancellationToken);
        }
        catch (Exception exception) when (exception is DbException or IOException or UnauthorizedAccessException)
        {
            throw new DatabaseException(
                $"The database cannot be used: {database.Place}: {exception.Message} " +
                "Check ConnectionStrings:Database, that the server runs, and that this process may write there.",
                exception);
        }
    }

    /// <summary>The names of the migrations of one engine, in the order in which they are applied.</summary>
    public static IReadOnlyList<string> Names(DatabaseEngine engine) =>
        [.. Resources(engine).Select(resource => resource.Name)];

    private static IEnumerable<(string Name, string Resource)> Resources(DatabaseEngine engine)
    {
        var prefix = $"KeycloakAccess.Data.Migrations.{engine}.";
        return typeof(Migrator).Assembly.GetManifestResourceNames()
            .Where(resource => resource.StartsWith(prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(resource => (resource[prefix.Length..^".sql".Length], resource));
    }

    private void CreateFolder()
    {
        if (database.Engine == DatabaseEngine.Sqlite)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(database.Place["SQLite ".Length..])!);
        }
    }

    // The lock of PostgreSQL goes with the connection; SQLite's write lock is taken by each transaction below.
    private async Task LockAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        var sql = database.Engine == DatabaseEngine.PostgreSql
            ? $"SELECT pg_advisory_lock({PostgresLock})"
            // The write-ahead log lets readers go on while one connection writes. The mode stays with the file.
            : "PRAGMA journal_mode = WAL";
        await connection.ExecuteAsync(new CommandDefinition(sql, cancellationToken: cancellationToken));
    }

    private async Task ApplyAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        await using (var first = await Database.BeginWriteAsync(connection, cancellationToken))
        {
            await connection.ExecuteAsync(new CommandDefinition(
                "CREATE TABLE IF NOT EXISTS schema_migrations (name TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at TEXT NOT NULL)",
                transaction: first,
                cancellationToken: cancellationToken));
            await first.CommitAsync(cancellationToken);
        }

        foreach (var (name, resource) in Resources(database.Engine))
        {
            var sql = await ReadAsync(resource, cancellationToken);
            var checksum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)));

            await using var transaction = await Database.BeginWriteAsync(connection, cancellationToken);
            var applied = await connection.QuerySingleOrDefaultAsync<string>(new CommandDefinition(
                "SELECT checksum FROM schema_migrations WHERE name = @name", new { name }, transaction, cancellationToken: cancellationToken));
            if (applied is null)
            {
                await connection.ExecuteAsync(new CommandDefinition(sql, values, transaction, cancellationToken: cancellationToken));
                await connection.ExecuteAsync(new CommandDefinition(
                    "INSERT INTO schema_migrations (name, checksum, applied_at) VALUES (@name, @checksum, @at)",
                    new { name, checksum, at = clock.GetUtcNow().ToString("O") },
                    transaction,
                    cancellationToken: cancellationToken));
                LogApplied(name);
            }
            else if (!string.Equals(applied, checksum, StringComparison.Ordinal))
            {
                throw new DatabaseException(
                    $"The migration {name} was edited after it had been applied to {database.Place}. " +
                    "Restore the file, and put the change into a new migration.");
            }

            await transaction.CommitAsync(cancellationToken);
        }
    }

    private static async Task<string> ReadAsync(string resource, CancellationToken cancellationToken)
    {
        await using var stream = typeof(Migrator).Assembly.GetManifestResourceStream(resource)!;
        using var reader = new StreamReader(stream);
        // Line ends are a matter of the checkout, not of the migration.
        return (await reader.ReadToEndAsync(cancellationToken)).ReplaceLineEndings("\n");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Applied migration {Name}")]
    private partial void LogApplied(string name);
}

/// <summary>What a migration may refer to, as <c>@Name</c>: the few facts of this installation that the default data needs.</summary>
/// <param name="Resource">The client id of the API in Keycloak, which owns the client roles.</param>
internal sealed record MigrationValues(string Resource);
