using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;

namespace Api.Tests.Data;

/// <summary>Writes that come at once share a transaction, and none pays for another's mistake.</summary>
public abstract class SharedWritesTests : HttpTests
{
    private protected abstract DatabaseEngine Engine { get; }

    [Fact]
    public async Task Those_who_come_at_once_share_a_transaction()
    {
        await using var place = await TestDatabase.CreateAsync(Engine);
        await using var database = await WithNotesAsync(place);
        var writes = new SharedWrites(database);
        var before = database.Commits;

        await Task.WhenAll(Enumerable.Range(0, 1000).Select(number => writes.RunAsync(Insert($"note {number}"), Cancel)));

        Assert.Equal(1000, await CountAsync(database));
        // The first goes alone, the others wait for it together, five hundred at most.
        Assert.InRange(database.Commits - before, 1, 20);
    }

    [Fact]
    public async Task What_fails_fails_alone()
    {
        await using var place = await TestDatabase.CreateAsync(Engine);
        await using var database = await WithNotesAsync(place);
        var writes = new SharedWrites(database);

        var all = Enumerable.Range(0, 30).Select(number => writes.RunAsync(
            number % 10 == 7 ? _ => throw new InvalidOperationException($"{number}") : Insert($"note {number}"), Cancel)).ToArray();

        foreach (var (number, write) in all.Index())
        {
            if (number % 10 == 7)
            {
                Assert.Equal($"{number}", (await Assert.ThrowsAsync<InvalidOperationException>(() => write)).Message);
            }
            else
            {
                await write;
            }
        }

        Assert.Equal(27, await CountAsync(database));
    }

    [Fact]
    public async Task Whoever_gives_up_waiting_stops_nobody()
    {
        await using var place = await TestDatabase.CreateAsync(Engine);
        await using var database = await WithNotesAsync(place);
        var writes = new SharedWrites(database);
        using var impatient = new CancellationTokenSource();
        var begun = new TaskCompletionSource();
        var slow = writes.RunAsync(_ => begun.Task, Cancel);
        var left = writes.RunAsync(Insert("of somebody who left"), impatient.Token);
        var stays = writes.RunAsync(Insert("of somebody who stays"), Cancel);

        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        begun.SetResult();
        await Task.WhenAll(slow, stays);

        Assert.Equal(2, await CountAsync(database));
    }

    private static Func<WriteTransaction, Task> Insert(string name) => write =>
        write.Connection.ExecuteAsync("INSERT INTO notes (name) VALUES (@name)", new { name }, write.Transaction);

    private static async Task<Database> WithNotesAsync(TestDatabase place)
    {
        var database = Database.From(place.ConnectionString, AppContext.BaseDirectory);
        await using var connection = await database.OpenToWriteAsync(Cancel);
        await connection.ExecuteAsync("CREATE TABLE notes (name text PRIMARY KEY)");
        return database;
    }

    private static async Task<long> CountAsync(Database database)
    {
        await using var connection = await database.OpenAsync(Cancel);
        return await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM notes");
    }
}

public sealed class SharedWritesOnSqliteTests : SharedWritesTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class SharedWritesOnPostgreSqlTests : SharedWritesTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
