using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace KeycloakAccess.Data;

/// <summary>Tells an outage of the database (answered with 503) from a mistake in a statement (a bug, answered with 500).</summary>
internal static class DatabaseOutage
{
    // https://sqlite.org/rescode.html: BUSY, LOCKED, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB.
    private static readonly int[] SqliteCodes = [5, 6, 8, 10, 11, 13, 14, 26];

    // https://www.postgresql.org/docs/current/errcodes-appendix.html: connection, rollback for another transaction,
    // resources, state or lock, operator, system.
    private static readonly string[] PostgresClasses = ["08", "40", "53", "55", "57", "58"];

    public static bool IsOutage(Exception exception) => exception switch
    {
        SqliteException sqlite => SqliteCodes.Contains(sqlite.SqliteErrorCode),
        PostgresException postgres => IsOutage(postgres.SqlState),
        NpgsqlException => true,
        DbException other => other.IsTransient,
        _ => false,
    };

    /// <summary>Whether the transaction that it ended has been undone, as far as this service knows.</summary>
    public static bool IsUndone(Exception exception) => exception.Data.Contains(typeof(WriteTransaction));

    /// <summary>For a filter, which lets it go on.</summary>
    public static bool MarkUndone(Exception exception)
    {
        exception.Data[typeof(WriteTransaction)] = true;
        return false;
    }

    /// <summary>Another transaction was in the way, so the same one may pass the next time.</summary>
    public static bool IsConflict(Exception exception) => exception switch
    {
        SqliteException sqlite => sqlite.SqliteErrorCode is 5 or 6,
        // A lock was not to be had in time.
        PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable } => true,
        DbException other => other.SqlState?.StartsWith("40", StringComparison.Ordinal) is true,
        _ => false,
    };

    public static bool IsBrokenReference(Exception exception) => exception
        is PostgresException { SqlState: PostgresErrorCodes.ForeignKeyViolation }
        or SqliteException { SqliteExtendedErrorCode: 787 };

    public static bool IsDuplicate(Exception exception) => exception
        is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation }
        or SqliteException { SqliteExtendedErrorCode: 2067 or 1555 };

    public static bool IsMissingTable(Exception exception) => exception
        is PostgresException { SqlState: PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn }
        or SqliteException { SqliteErrorCode: 1 };

    // 25006 is read_only_sql_transaction, class 28 a refused login, 3D a database that is not there.
    private static bool IsOutage(string sqlState) =>
        sqlState is "25006"
        || sqlState.StartsWith("28", StringComparison.Ordinal)
        || sqlState.StartsWith("3D", StringComparison.Ordinal)
        || PostgresClasses.Any(group => sqlState.StartsWith(group, StringComparison.Ordinal));
}
