using System.Collections.Concurrent;
using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using KeycloakAccess.Texts;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace KeycloakAccess.Data;

/// <summary>
/// Connections to a SQLite file that are prepared once and stay open, with their statements parsed. The provider's own pool prepares each
/// connection anew and parses each statement each time.
/// </summary>
internal sealed class SqliteConnections(string connectionString) : DbDataSource
{
    // Of SQLite, for each connection: with the write-ahead log, what is committed is on the disk. No statement of these returns a row.
    private const string Reads = "PRAGMA synchronous = FULL; PRAGMA query_only = ON";
    internal const string Writes = "PRAGMA synchronous = FULL; PRAGMA query_only = OFF";

    /// <summary>Of each kind. More are opened, and closed after use.</summary>
    private static readonly int MostKept = 4 * Environment.ProcessorCount;

    private readonly string _connectionString = new SqliteConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;
    private readonly ConcurrentBag<KeptConnection> _readers = [];
    private readonly ConcurrentBag<KeptConnection> _writers = [];
    private volatile bool _isDisposed;

    public override string ConnectionString => connectionString;

    /// <summary>A kept one, which has not been asked anything yet: see <see cref="Prepare"/>.</summary>
    public SqliteConnection Take(bool writes)
    {
        if (!(writes ? _writers : _readers).TryTake(out var connection))
        {
            connection = new KeptConnection(_connectionString, this, writes);
            try
            {
                connection.Open();
                AddFunctions(connection);
            }
            catch
            {
                connection.Discard();
                throw;
            }
        }

        connection.IsOut = true;
        return connection;
    }

    /// <summary>
    /// Makes a connection that was taken ready, and reads from it, so that a file which another process has locked wholly is found out.
    /// </summary>
    /// <exception cref="SqliteException">The file is locked.</exception>
    public static void Prepare(SqliteConnection connection) => (connection as KeptConnection)?.Prepare();

    /// <summary>One that is closed after use.</summary>
    public SqliteConnection OpenAlone()
    {
        var connection = new SqliteConnection(_connectionString);
        try
        {
            connection.Open();
            AddFunctions(connection);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    protected override DbConnection CreateDbConnection() => new SqliteConnection(_connectionString);

    protected override DbConnection OpenDbConnection() => OpenAlone();

    protected override void Dispose(bool disposing)
    {
        Close();
        base.Dispose(disposing);
    }

    protected override ValueTask DisposeAsyncCore()
    {
        Close();
        return base.DisposeAsyncCore();
    }

    private void Close()
    {
        _isDisposed = true;
        foreach (var kept in (ConcurrentBag<KeptConnection>[])[_readers, _writers])
        {
            while (kept.TryTake(out var connection))
            {
                connection.Discard();
            }
        }
    }

    private static void AddFunctions(SqliteConnection connection)
    {
        connection.CreateCollation(Database.DecimalCollation, CompareDecimals);
        connection.CreateFunction("folded", (string? text) => text is null ? null : Folding.Fold(text), isDeterministic: true);
    }

    internal static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Texts of this module.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private bool TryKeep(KeptConnection connection)
    {
        var kept = connection.Writes ? _writers : _readers;
        if (kept.Count >= MostKept || !connection.IsClean)
        {
            return false;
        }

        kept.Add(connection);
        if (_isDisposed)
        {
            Close();
        }

        return true;
    }

    // What is no number comes in some order too: a collation may not throw.
    private static int CompareDecimals(string left, string right) =>
        decimal.TryParse(left, NumberStyles.Float, CultureInfo.InvariantCulture, out var one)
        && decimal.TryParse(right, NumberStyles.Float, CultureInfo.InvariantCulture, out var other)
            ? one.CompareTo(other)
            : string.CompareOrdinal(left, right);

    /// <summary>Disposing of it gives it back.</summary>
    private sealed class KeptConnection(string connectionString, SqliteConnections owner, bool writes)
        : SqliteConnection(connectionString)
    {
        // The texts of statements are those of this program, but lists have some with as many conditions as were asked for.
        private const int MostStatements = 200;

        private readonly Dictionary<string, SqliteCommand> _statements = new(StringComparer.Ordinal);
        private sqlite3_stmt? _read;

        public bool Writes => writes;

        public bool IsOut { get; set; }

        /// <summary>Whether no transaction is left open.</summary>
        public bool IsClean => State == ConnectionState.Open && raw.sqlite3_get_autocommit(Handle) != 0;

        public void Prepare()
        {
            if (_read is null)
            {
                Execute(this, writes ? SqliteConnections.Writes : Reads);
                var prepared = raw.sqlite3_prepare_v2(Handle, "SELECT 1 FROM sqlite_schema LIMIT 1", out _read);
                SqliteException.ThrowExceptionForRC(prepared, Handle);
            }

            if (!writes)
            {
                var result = raw.sqlite3_step(_read);
                _ = raw.sqlite3_reset(_read);
                SqliteException.ThrowExceptionForRC(result, Handle);
            }
        }

        public void Discard()
        {
            IsOut = false;
            Close();
        }

        public override void Close()
        {
            _read?.Dispose();
            _read = null;
            base.Close();
        }

        public SqliteCommand Take(string sql) => _statements.Remove(sql, out var known) ? known : NewCommand(sql);

        public void GiveBack(SqliteCommand command)
        {
            command.Parameters.Clear();
            command.Transaction = null;
            if (_statements.Count >= MostStatements)
            {
                foreach (var statement in _statements.Values)
                {
                    statement.Dispose();
                }

                _statements.Clear();
            }

            if (!IsOut || !_statements.TryAdd(command.CommandText, command))
            {
                command.Dispose();
            }
        }

        protected override DbCommand CreateDbCommand() => new KeptCommand(this);

        protected override void Dispose(bool disposing)
        {
            if (!disposing)
            {
                base.Dispose(disposing);
            }
            // Whoever disposes of it twice gives it back once.
            else if (IsOut)
            {
                IsOut = false;
                if (!owner.TryKeep(this))
                {
                    Close();
                }
            }
        }

        private SqliteCommand NewCommand(string sql)
        {
            var command = CreateCommand();
#pragma warning disable CA2100 // What the caller gives.
            command.CommandText = sql;
#pragma warning restore CA2100
            return command;
        }
    }

    /// <summary>A command whose statement stays parsed on its connection.</summary>
    private sealed class KeptCommand(KeptConnection connection) : DbCommand
    {
#pragma warning disable CA2213 // It is given back.
        private SqliteCommand? _command;
#pragma warning restore CA2213
        private int _timeout = connection.DefaultTimeout;

        [AllowNull]
        public override string CommandText
        {
            get => _command?.CommandText ?? "";
            set
            {
                var before = _command;
                _command = connection.Take(value ?? "");
                // A list of parameters becomes longer while it is written.
                if (before is not null)
                {
                    SqliteParameter[] parameters = [.. before.Parameters.Cast<SqliteParameter>()];
                    before.Parameters.Clear();
                    _command.Parameters.AddRange(parameters);
                    _command.Transaction = before.Transaction;
                    connection.GiveBack(before);
                }
            }
        }

        public override int CommandTimeout
        {
            get => _timeout;
            set => _timeout = value;
        }

        public override CommandType CommandType { get; set; } = CommandType.Text;

        public override bool DesignTimeVisible { get; set; }

        public override UpdateRowSource UpdatedRowSource { get; set; }

        protected override DbConnection? DbConnection
        {
            get => connection;
            set => throw new NotSupportedException("A command stays with its connection.");
        }

        protected override DbParameterCollection DbParameterCollection => Command.Parameters;

        protected override DbTransaction? DbTransaction
        {
            get => Command.Transaction;
            set => Command.Transaction = (SqliteTransaction?)value;
        }

        private SqliteCommand Command => _command ??= connection.Take("");

        public override void Cancel() => Command.Cancel();

        public override int ExecuteNonQuery() => Prepared().ExecuteNonQuery();

        public override object? ExecuteScalar() => Prepared().ExecuteScalar();

        public override void Prepare() => Prepared().Prepare();

        protected override DbParameter CreateDbParameter() => new SqliteParameter();

        protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) => Prepared().ExecuteReader(behavior);

        protected override void Dispose(bool disposing)
        {
            if (disposing && _command is { } command)
            {
                _command = null;
                connection.GiveBack(command);
            }

            base.Dispose(disposing);
        }

        private SqliteCommand Prepared()
        {
            Command.CommandTimeout = _timeout;
            return Command;
        }
    }
}
