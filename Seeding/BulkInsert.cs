using System.Data.Common;
using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;
using Npgsql;
using NpgsqlTypes;

namespace Seeding;

/// <summary>What a column holds, for <see cref="BulkInsert"/>: rows that are written so fast bypass Dapper and its types.</summary>
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

/// <summary>Some columns of a table that many rows go into.</summary>
/// <param name="Name">The table. Never a caller's text.</param>
/// <param name="Columns">The columns. Never a caller's text.</param>
internal sealed record BulkTable(string Name, params (string Name, BulkType Type)[] Columns)
{
    /// <summary>What happens to a row whose key is taken, in SQL: <c>ON CONFLICT …</c>; nothing: the whole transaction fails.</summary>
    public string Conflict { get; init; } = "";

    /// <summary>The columns, as SQL lists them.</summary>
    public string ColumnList => string.Join(", ", Columns.Select(column => column.Name));
}

/// <summary>
/// Writes very many rows within a transaction: by <c>COPY</c> on PostgreSQL, by one prepared statement on SQLite. Both are
/// some ten times faster than statements of their own.
/// </summary>
internal static class BulkInsert
{
    private const int ReportEvery = 5000;

    /// <param name="connection">Where to.</param>
    /// <param name="transaction">The transaction that the rows belong to.</param>
    /// <param name="table">The table and its columns.</param>
    /// <param name="rows">The rows, each with as many values as there are columns. They are taken one at a time, never all at once.</param>
    /// <param name="progress">Is told from time to time how many have been written.</param>
    /// <param name="cancellationToken">A way to give up.</param>
    /// <returns>How many rows were written.</returns>
    public static Task<long> WriteAsync(
        DbConnection connection, DbTransaction transaction, BulkTable table, IEnumerable<object?[]> rows, Action<long> progress, CancellationToken cancellationToken) =>
        connection is NpgsqlConnection postgreSql
            ? CopyAsync(postgreSql, transaction, table, rows, progress, cancellationToken)
            : InsertAsync((SqliteConnection)connection, (SqliteTransaction)transaction, table, rows, progress, cancellationToken);

    private static async Task<long> CopyAsync(
        NpgsqlConnection connection, DbTransaction transaction, BulkTable table, IEnumerable<object?[]> rows, Action<long> progress, CancellationToken cancellationToken)
    {
        if (table.Conflict.Length == 0)
        {
            return await CopyIntoAsync(connection, table.Name, table, rows, progress, cancellationToken);
        }

        // COPY knows no conflicts: the rows go by way of a table of their own.
        var copied = $"copied_{table.Name}";
        await ExecuteAsync($"CREATE TEMPORARY TABLE {copied} ON COMMIT DROP AS SELECT {table.ColumnList} FROM {table.Name} WITH NO DATA");
        await CopyIntoAsync(connection, copied, table, rows, progress, cancellationToken);
        return await ExecuteAsync($"INSERT INTO {table.Name} ({table.ColumnList}) SELECT {table.ColumnList} FROM {copied} {table.Conflict}");

        Task<int> ExecuteAsync(string sql) => connection.ExecuteAsync(new CommandDefinition(sql, transaction: transaction, commandTimeout: 600, cancellationToken: cancellationToken));
    }

    private static async Task<long> CopyIntoAsync(
        NpgsqlConnection connection, string name, BulkTable table, IEnumerable<object?[]> rows, Action<long> progress, CancellationToken cancellationToken)
    {
        long written = 0;
        await using var writer = await connection.BeginBinaryImportAsync($"COPY {name} ({table.ColumnList}) FROM STDIN (FORMAT BINARY)", cancellationToken);
        // Its commit waits for the triggers and the indexes.
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
                    case DateTimeOffset instant:
                        await writer.WriteAsync(ToMicroseconds(instant), types[index], cancellationToken);
                        break;
                    case int number when types[index] == NpgsqlDbType.Bigint:
                        await writer.WriteAsync((long)number, types[index], cancellationToken);
                        break;
                    case var value:
                        await writer.WriteAsync(value, types[index], cancellationToken);
                        break;
                }
            }

            Report(++written, progress);
        }

        await writer.CompleteAsync(cancellationToken);
        return written;
    }

    private static async Task<long> InsertAsync(
        SqliteConnection connection, SqliteTransaction transaction, BulkTable table, IEnumerable<object?[]> rows, Action<long> progress, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // Names of tables and columns are the program's own.
        command.CommandText =
            $"INSERT INTO {table.Name} ({table.ColumnList}) VALUES ({string.Join(", ", table.Columns.Select(column => $"@{column.Name}"))}) {table.Conflict}";
#pragma warning restore CA2100
        SqliteParameter[] parameters = [.. table.Columns.Select(column => command.Parameters.Add($"@{column.Name}", TypeOfSqlite(column.Type)))];
        await command.PrepareAsync(cancellationToken);
        long read = 0;
        long written = 0;
        foreach (var row in rows)
        {
            for (var index = 0; index < row.Length; index++)
            {
                parameters[index].Value = ValueOf(row[index]);
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

    // As DapperTypes writes them, so that what is written here is read there.
    private static object ValueOf(object? value) => value switch
    {
        null => DBNull.Value,
        Guid id => id.ToString("D"),
        DateTimeOffset instant => ToMicroseconds(instant).ToString("O", CultureInfo.InvariantCulture),
        DateOnly date => date.ToString("O", CultureInfo.InvariantCulture),
        bool truth => truth ? 1L : 0L,
        _ => value,
    };

    private static DateTimeOffset ToMicroseconds(DateTimeOffset instant)
    {
        var utc = instant.ToUniversalTime();
        return utc.AddTicks(-(utc.Ticks % TimeSpan.TicksPerMicrosecond));
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
