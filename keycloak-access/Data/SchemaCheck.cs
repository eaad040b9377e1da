using System.Data.Common;
using Dapper;

namespace KeycloakAccess.Data;

/// <summary>For commands, which use the database and do not migrate it.</summary>
internal sealed class SchemaCheck(Database database, MigrationHistories histories)
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (database.Engine == DatabaseEngine.Sqlite && !File.Exists(database.Place["SQLite ".Length..]))
        {
            // Opening it would make an empty one.
            throw new DatabaseException(
                $"There is no database: {database.Place}. Start the service once, which makes it, or check ConnectionStrings:Database.");
        }

        var applied = await AppliedAsync(cancellationToken);
        string[] known =
            [.. histories.SelectMany(history => history.Names(database.Engine).Select(name => $"{name} of {history.Name}"))];
        if (known.Except(applied, StringComparer.Ordinal).FirstOrDefault() is { } pending)
        {
            throw new DatabaseException(
                $"The schema of {database.Place} is older than this program: {pending} has not been applied. " +
                "Start the service once, which applies it.");
        }

        if (applied.Except(known, StringComparer.Ordinal).FirstOrDefault() is { } unknown)
        {
            throw new DatabaseException(
                $"The schema of {database.Place} is newer than this program, which does not know {unknown}. " +
                "Use the version that the service runs.");
        }
    }

    private async Task<IReadOnlyList<string>> AppliedAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await database.OpenAsync(cancellationToken);
            return (await connection.QueryAsync<string>(new CommandDefinition(
                "SELECT name || ' of ' || history FROM schema_migrations ORDER BY history, name",
                cancellationToken: cancellationToken))).AsList();
        }
        catch (DbException exception) when (DatabaseOutage.IsMissingTable(exception))
        {
            return [];
        }
        catch (DbException exception)
        {
            throw new DatabaseException(
                $"The database cannot be used: {database.Place}: {exception.Message} " +
                "Check ConnectionStrings:Database, and that the server runs.",
                exception);
        }
    }
}
