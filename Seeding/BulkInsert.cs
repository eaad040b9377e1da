using System.Data.Common;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Data.Sqlite;
using Npgsql;
using NpgsqlTypes;

namespace Seeding;

/// <summary>Bulk rows bypass Dapper and its type handlers.</summary>
internal enum BulkType
{
    Id,
    Text,
    Instant,
    Date,
    Truth,
    Number,
    BigNumber,
}

/// <summary>Names go into the SQL unquoted: never a caller's text.</summary>
internal sealed record BulkTable(string Name, params (string Name, BulkType Type)[] Columns)
{
    /// <summary><c>ON CONFLICT …</c>; if empty, a taken key fails the whole transaction.</summary>
    public string Conflict { get; init; } = "";

    public string ColumnList => string.Join(", ", Columns.Select(column => column.Name));
}

/// <summary><c>COPY</c> on PostgreSQL, one prepared statement on SQLite: some ten times faster than single statements.</summary>
internal static class BulkInsert
{
    private const int ReportEvery = 5000;

    /// <summary>Rows are taken one at a time; <c>progress</c> gets the number of rows written so far.</summary>
    public static Task<long> WriteAsync(
        DbConnection connection, DbTransaction transaction, BulkTable table, IEnumerable<object?[]> rows, Action<long> progress,
        CancellationToken cancellationToken) =>
        connection is NpgsqlConnection postgreSql
            ? CopyAsync(postgreSql, transaction, table, rows, progress, cancellationToken)
            : InsertAsync((SqliteConnection)connection, (SqliteTransaction)transaction, table, rows, progress, cancellationToken);

    private static async Task<long> CopyAsync(
        NpgsqlConnection connection, DbTransaction transaction, BulkTable table, IEnumerable<object?[]> rows, Action<long> progress,
        CancellationToken cancellationToken)
    {
        if (table.Conflict.Length == 0)
        {
            return await CopyIntoAsync(connection, table.Name, table, rows, progress, cancellationToken);
        }

        // COPY has no ON CONFLICT, so the rows are copied into a temporary table first.
        var copied = $"copied_{table.Name}";
        await ExecuteAsync($"CREATE TEMPORARY TABLE {copied} ON COMMIT DROP AS SELECT {table.ColumnList} FROM {table.Name} WITH NO DATA");
        await CopyIntoAsync(connection, copied, table, rows, progress, cancellationToken);
        return await ExecuteAsync(
            $"INSERT INTO {table.Name} ({table.ColumnList}) SELECT {table.ColumnList} FROM {copied} {table.Conflict}");

        Task<int> ExecuteAsync(string sql) =>
            connection.ExecuteAsync(new CommandDefinition(
                sql, transaction: transaction, commandTimeout: 600, cancellationToken: cancellationToken));
    }

    private static async Task<long> CopyIntoAsync(
        NpgsqlConnection connection, string name, BulkTable table, IEnumerable<object?[]> rows, Action<long> progress,
        CancellationToken cancellationToken)
    {
        long written = 0;
        await using var writer = await connection.BeginBinaryImportAsync(
            $"COPY {name} ({table.ColumnList}) FROM STDIN (FORMAT BINARY)", cancellationToken);
        // The commit includes triggers and indexes.
        writer.Timeout = TimeSpan.FromMinutes(10);
        NpgsqlDbType[] types = [.. table.Columns.Select(column => TypeOf(column.Type))];
        foreach (var row in rows)
        {
            await writer.StartRowAsync(cancellationToken);
            for (var index = 0; index < row.Length; index++)
            {
                switch (row[index])
                {
                    case null:
                        await writer.WriteNullAsync(cancellationToken);
                        break;
                    case int number when types[index] == NpgsqlDbType.Bigint:
                        await writer.WriteAsync((long)number, types[index], cancellationToken);
                        break;
                    case var value:
                        await writer.WriteAsync(StoredType.ToDatabase(value, DatabaseEngine.PostgreSql), types[index], cancellationToken);
                        break;
                }
            }

            Report(++written, progress);
        }

        await writer.CompleteAsync(cancellationToken);
        return written;
    }

    private static async Task<long> InsertAsync(
        SqliteConnection connection, SqliteTransaction transaction, BulkTable table, IEnumerable<object?[]> rows, Action<long> progress,
        CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // Names of tables and columns are the program's own.
        command.CommandText =
            $"INSERT INTO {table.Name} ({table.ColumnList}) VALUES "
                + $"({string.Join(", ", table.Columns.Select(column => $"@{column.Name}"))}) {table.Conflict}";
#pragma warning restore CA2100
        SqliteParameter[] parameters =
            [.. table.Columns.Select(column => command.Parameters.Add($"@{column.Name}", TypeOfSqlite(column.Type)))];
        await command.PrepareAsync(cancellationToken);
        long read = 0;
        long written = 0;
        foreach (var row in rows)
        {
            for (var index = 0; index < row.Length; index++)
            {
                parameters[index].Value = row[index] is { } value
                    ? StoredType.ToDatabase(value, DatabaseEngine.Sqlite)
                    : DBNull.Value;
            }

#pragma warning disable CA1849 // SQLite is synchronous inside, and this runs a million times.
            written += command.ExecuteNonQuery();
#pragma warning restore CA1849
            Report(++read, progress);
            if (read % ReportEvery == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }

        return written;
    }

    private static void Report(long written, Action<long> progress)
    {
        if (written % ReportEvery == 0)
        {
            progress(written);
        }
    }

    private static NpgsqlDbType TypeOf(BulkType type) => type switch
    {
        BulkType.Id => NpgsqlDbType.Uuid,
        BulkType.Instant => NpgsqlDbType.TimestampTz,
        BulkType.Date => NpgsqlDbType.Date,
        BulkType.Truth => NpgsqlDbType.Boolean,
        BulkType.Number => NpgsqlDbType.Integer,
        BulkType.BigNumber => NpgsqlDbType.Bigint,
        _ => NpgsqlDbType.Text,
    };

    private static SqliteType TypeOfSqlite(BulkType type) =>
        type is BulkType.Truth or BulkType.Number or BulkType.BigNumber ? SqliteType.Integer : SqliteType.Text;
}
