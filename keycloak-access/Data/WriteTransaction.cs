using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace KeycloakAccess.Data;

/// <summary>A turn to write, with its connection and its transaction: undone where it is not committed, and then the next one's.</summary>
internal sealed class WriteTransaction(
    DbConnection connection, DbTransaction transaction, SemaphoreSlim turns, Func<WriteTransaction, Task> committing, Action committed)
    : IAsyncDisposable
{
    public DbConnection Connection => connection;

    public DbTransaction Transaction => transaction;

    /// <summary>Not to be cancelled: nobody would know whether it has come through.</summary>
    public async Task CommitAsync()
    {
        await committing(this);
        try
        {
            await transaction.CommitAsync(CancellationToken.None);
        }
        catch (Exception exception) when (IsUnknown(exception))
        {
            throw new CommitUnknownException("The connection broke off at a commit: " + exception.Message, exception);
        }
        finally
        {
            committed();
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await using (connection)
            {
                await transaction.DisposeAsync();
            }
        }
        finally
        {
            turns.Release();
        }
    }

    // An error that PostgreSQL reports has undone the transaction; a connection that ends says nothing of it. SQLite undoes what it
    // could not write, but for what it could not make sure of (https://sqlite.org/rescode.html#ioerr).
    private static bool IsUnknown(Exception exception) => exception switch
    {
        PostgresException postgres => postgres.InvariantSeverity is not "ERROR",
        NpgsqlException => true,
        SqliteException sqlite => sqlite.SqliteErrorCode == 10,
        _ => false,
    };
}
