using SQLitePCL;

namespace KeycloakAccess.Data;

/// <summary>
/// The number that SQLite gives to the state of a file, which another commit by anybody changes (<c>PRAGMA data_version</c>). It is asked
/// of a connection of its own that writes nothing, by one statement that stays prepared, and only where the header of the wal-index is
/// another one than at the last time.
/// </summary>
internal sealed class SqliteFileVersion(string path) : IDisposable
{
    private readonly Lock _lock = new();
    private sqlite3? _connection;
    private sqlite3_stmt? _statement;
    private nint _index;
    private WalHeader? _header;
    private long? _version;
    private bool _isDisposed;

    /// <summary>None while nobody can say.</summary>
    public long? Read()
    {
        lock (_lock)
        {
            if (_isDisposed || (_statement is null && !Open()))
            {
                return null;
            }

            // Before the number is asked for: what is committed meanwhile is asked for again.
            WalHeader? header = _index == 0 ? null : WalIndex.Read(_index);
            if (header is null || header != _header)
            {
                _version = Ask();
                _header = _version is null ? null : header;
            }

            return _version;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            Close();
        }
    }

    private long? Ask()
    {
        var result = raw.sqlite3_step(_statement);
        long? version = result == raw.SQLITE_ROW ? raw.sqlite3_column_int64(_statement, 0) : null;
        _ = raw.sqlite3_reset(_statement);
        return version;
    }

    private bool Open()
    {
        if (raw.sqlite3_open_v2(path, out _connection, raw.SQLITE_OPEN_READONLY, vfs: null) == raw.SQLITE_OK
            && raw.sqlite3_prepare_v2(_connection, "PRAGMA data_version", out _statement) == raw.SQLITE_OK)
        {
            // It is mapped by the first read.
            _ = Ask();
            _index = WalIndex.Find(_connection);
            return true;
        }

        Close();
        return false;
    }

    private void Close()
    {
        (_index, _header) = (0, null);
        _statement?.Dispose();
        _connection?.Dispose();
        (_statement, _connection) = (null, null);
    }
}
