using Dapper;
using KeycloakAccess.Data;
using Microsoft.Data.Sqlite;

namespace Api.Tests.Data;

/// <summary>Every commit of anybody gives the file another number, by whichever way it is read.</summary>
public sealed class SqliteFileVersionTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("file-version-");

    private string File => Path.Combine(_folder.FullName, "a.db");

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData("WAL")]
    [InlineData("DELETE")]
    public void A_commit_changes_it_and_nothing_else_does(string mode)
    {
        using var writer = Open($"PRAGMA journal_mode = {mode}; CREATE TABLE t (id INTEGER)");
        using var version = new SqliteFileVersion(File);
        var last = version.Read();

        for (var commit = 0; commit < 200; commit++)
        {
            Assert.Equal(last, version.Read());
            Execute(writer, "BEGIN; INSERT INTO t VALUES (1); ROLLBACK");
            Assert.Equal(last, version.Read());
            using (var reader = Open("SELECT COUNT(*) FROM t"))
            {
                Assert.Equal(last, version.Read());
            }

            // The log begins anew now and then.
            Execute(writer, commit % 7 == 6 ? "INSERT INTO t VALUES (1); PRAGMA wal_checkpoint(TRUNCATE)" : "INSERT INTO t VALUES (1)");
            var next = version.Read();
            Assert.NotNull(next);
            Assert.NotEqual(last, next);
            last = next;
        }
    }

    [Fact]
    public void Many_writers_at_once_are_all_heard_of()
    {
        using var first = Open("PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER)");
        using var version = new SqliteFileVersion(File);

        Parallel.For(0, 4, _ =>
        {
            using var writer = Open("PRAGMA busy_timeout = 60000");
            for (var commit = 0; commit < 100; commit++)
            {
                var before = version.Read();
                Execute(writer, "INSERT INTO t VALUES (1)");
                Assert.NotEqual(before, version.Read());
            }
        });
    }

    [Fact]
    public void The_header_is_read_from_memory_where_there_is_a_log()
    {
        using var with = Open("PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER); SELECT * FROM t");
        Assert.NotEqual(0, WalIndex.Find(with.Handle!));

        using var without = Open("SELECT 1", Path.Combine(_folder.FullName, "b.db"));
        Assert.Equal(0, WalIndex.Find(without.Handle!));
    }

    private SqliteConnection Open(string sql, string? file = null)
    {
        var connection = new SqliteConnection($"Data Source={file ?? File};Pooling=False");
        connection.Open();
        Execute(connection, sql);
        return connection;
    }

    private static void Execute(SqliteConnection connection, string sql) => connection.Execute(sql);
}
