using System.Data.Common;
using Dapper;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Data;

/// <summary>For commands, which use the database and do not migrate it.</summary>
internal sealed class SchemaCheck(Database database, MigrationHistories histories, IOptions<DatabaseOptions> options)
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
        var known = histories.SelectMany(
            history => history.Names(database.Engine).Select(name => new AppliedMigration(history.Name, name)));
        if (known.Except(applied).FirstOrDefault() is { } pending)
        {
            throw new DatabaseException(
                $"The schema of {database.Place} is older than this program: {pending.Name} of {pending.History} has not been applied. " +
                "Start the service once, which applies it.");
        }

        if (!options.Value.AllowNewer && histories.FindNewer(applied, database.Engine) is { } newer)
        {
            throw AppliedMigration.IsNewer(database, newer);
        }
    }

    private async Task<IReadOnlyList<AppliedMigration>> AppliedAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await database.OpenAsync(cancellationToken);
            return (await connection.QueryAsync<AppliedMigration>(
                new CommandDefinition(AppliedMigration.Select, cancellationToken: cancellationToken))).AsList();
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
