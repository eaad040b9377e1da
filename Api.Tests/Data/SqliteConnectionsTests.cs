using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.Data.Sqlite;

namespace Api.Tests.Data;

/// <summary>A connection that is used again remembers its statements, and nothing of whoever had it before.</summary>
public sealed class SqliteConnectionsTests : HttpTests, IAsyncLifetime
{
    private TestDatabase _place = null!;
    private Database _database = null!;

    public async ValueTask InitializeAsync()
    {
        _place = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        _database = Database.From(_place.ConnectionString, AppContext.BaseDirectory);
        await using var connection = await _database.OpenToWriteAsync(Cancel);
        await connection.ExecuteAsync("CREATE TABLE notes (id integer PRIMARY KEY, name text)");
        await connection.ExecuteAsync("INSERT INTO notes VALUES (1, 'a'), (2, 'b')");
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        await _place.DisposeAsync();
    }

    [Fact]
    public async Task A_statement_that_comes_again_has_its_own_parameters()
    {
        await using var connection = await _database.OpenAsync(Cancel);
        const string sql = "SELECT name FROM notes WHERE id = @id OR name = @name ORDER BY id";
        Assert.Equal(["a"], await connection.QueryAsync<string>(sql, new { id = 1, name = (string?)null }));
        Assert.Equal(["b"], await connection.QueryAsync<string>(sql, new { id = -1, name = "b" }));
        // A parameter that is left out is a mistake, and not that of before.
        await Assert.ThrowsAnyAsync<InvalidOperationException>(() => connection.QueryAsync<string>(sql, new { id = 1 }));
        Assert.Equal(["a", "b"], await connection.QueryAsync<string>(sql, new { id = 1, name = "b" }));
    }

    [Fact]
    public async Task One_statement_runs_within_itself()
    {
        await using var connection = await _database.OpenAsync(Cancel);
        var seen = new List<string>();
        await using (var outer = await connection.ExecuteReaderAsync("SELECT name FROM notes ORDER BY id"))
        {
            while (await outer.ReadAsync(Cancel))
            {
                seen.Add(outer.GetString(0) + string.Concat(await connection.QueryAsync<string>("SELECT name FROM notes ORDER BY id")));
            }
        }

        Assert.Equal(["aab", "bab"], seen);
    }

    [Fact]
    public async Task Lists_of_any_length_are_asked_for()
    {
        for (var count = 1; count < 300; count++)
        {
            await using var connection = await _database.OpenAsync(Cancel);
            var ids = Enumerable.Range(1, count).ToArray();
            var found = await connection.QueryAsync<long>("SELECT id FROM notes WHERE id IN @ids", new { ids });
            Assert.Equal(Math.Min(count, 2), found.Count());
        }
    }

    [Fact]
    public async Task What_was_not_committed_is_not_there_for_the_next()
    {
        for (var time = 0; time < 3; time++)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => _database.WriteAsync(
                async write =>
                {
                    await write.Connection.ExecuteAsync("DELETE FROM notes", transaction: write.Transaction);
                    throw new InvalidOperationException();
                },
                Cancel));
            await using var connection = await _database.OpenAsync(Cancel);
            Assert.Equal(2, await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM notes"));
        }
    }

    [Fact]
    public async Task Whoever_reads_cannot_write_whoever_had_the_connection_before()
    {
        for (var time = 0; time < 3; time++)
        {
            await using (var connection = await _database.OpenAsync(Cancel))
            {
                await Assert.ThrowsAsync<SqliteException>(() => connection.ExecuteAsync("DELETE FROM notes"));
            }

            await _database.WriteAsync("UPDATE notes SET name = name || @more", new { more = "!" }, Cancel);
        }
    }

    [Fact]
    public async Task To_dispose_of_it_twice_gives_it_back_once()
    {
        var first = await _database.OpenAsync(Cancel);
        await first.DisposeAsync();
        await first.DisposeAsync();

        await using var second = await _database.OpenAsync(Cancel);
        await using var third = await _database.OpenAsync(Cancel);

        Assert.NotSame(second, third);
    }

    [Fact]
    public async Task After_a_change_of_the_table_a_known_statement_goes_on()
    {
        const string sql = "SELECT COUNT(*) FROM notes WHERE name <> @name";
        await using (var before = await _database.OpenAsync(Cancel))
        {
            Assert.Equal(2, await before.ExecuteScalarAsync<long>(sql, new { name = "" }));
        }

        await _database.WriteAsync("ALTER TABLE notes ADD COLUMN more text; CREATE INDEX notes_by_name ON notes (name)", new { }, Cancel);

        await using var after = await _database.OpenAsync(Cancel);
        Assert.Equal(2, await after.ExecuteScalarAsync<long>(sql, new { name = "" }));
    }

    [Fact]
    public async Task Many_at_once_each_have_their_own()
    {
        await Task.WhenAll(Enumerable.Range(0, 200).Select(number => Task.Run(async () =>
        {
            await using var connection = await _database.OpenAsync(Cancel);
            Assert.Equal(number, await connection.ExecuteScalarAsync<long>("SELECT @number", new { number }));
        })));
    }
}
