using Api.Tests.Infrastructure;
using CsCheck;
using Dapper;
using KeycloakAccess.Data;

namespace Api.Tests.Data;

/// <summary>Keys in any directions, equal ones among them: pages hold every row once, in the order of the database.</summary>
public abstract class KeysetTests
{
    private static readonly Keyset<Row>[] Keysets =
    [
        new Keyset<Row>("up").By("name", row => row.Name).By("id", row => row.Id),
        new Keyset<Row>("down").By("at", row => row.At, descending: true).By("id", row => row.Id, descending: true),
        new Keyset<Row>("down-up").By("at", row => row.At, descending: true).By("name", row => row.Name).By("id", row => row.Id),
        new Keyset<Row>("up-down-up").By("name", row => row.Name).By("at", row => row.At, descending: true).By("id", row => row.Id),
    ];

    private static readonly Gen<Row[]> Tables = Gen.Select(
        Gen.OneOf("", "a", "A", "b", "é", "\uFFFD", "\U0001F600", "' OR 1"),
        Gen.Int[0, 3],
        Gen.Guid,
        (name, microseconds, id) => new Row { Name = name, At = DateTimeOffset.UnixEpoch.AddMicroseconds(microseconds), Id = id })
        .Array[0, 12];

    private protected abstract DatabaseEngine Engine { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_hold_every_row_once_in_order()
    {
        DapperTypes.Register();
        await using var place = await TestDatabase.CreateAsync(Engine);
        await using var database = Database.From(place.ConnectionString, "/");
        await using var connection = await database.OpenToWriteAsync(Cancel);
        await connection.ExecuteAsync(Engine == DatabaseEngine.PostgreSql
            ? """CREATE TABLE t (id uuid NOT NULL, name text COLLATE "C" NOT NULL, at timestamptz NOT NULL)"""
            : "CREATE TABLE t (id TEXT NOT NULL, name TEXT NOT NULL, at TEXT NOT NULL)");
        await Gen.Select(Tables, Gen.OneOf(Keysets), Gen.Int[1, 4]).SampleAsync(async (rows, keyset, limit) =>
        {
            await connection.ExecuteAsync("DELETE FROM t");
            await connection.ExecuteAsync("INSERT INTO t (id, name, at) VALUES (@Id, @Name, @At)", rows);
            var got = new List<Row>();
            Cursor? after = null;
            do
            {
                var values = new DynamicParameters();
                var condition = keyset.StartAfter(after, limit, values);
                var sql = $"SELECT id, name, at FROM t WHERE {condition} ORDER BY {keyset.OrderBy} LIMIT @limit";
                var (page, next) = keyset.Cut((await connection.QueryAsync<Row>(sql, values)).AsList(), limit);
                Assert.InRange(page.Count, next is null ? 0 : limit, limit);
                got.AddRange(page);
                after = keyset.Parse(next?.ToString());
                Assert.Equal(next is null, after is null);
            }
            while (after is not null);

            Assert.Equal(await connection.QueryAsync<Row>($"SELECT id, name, at FROM t ORDER BY {keyset.OrderBy}"), got);
            Assert.Equal(rows.ToHashSet(), got.ToHashSet());
        }, iter: 200, threads: 1);
    }

    [Fact]
    public void A_cursor_of_another_order_or_with_keys_that_cannot_be_is_none()
    {
        var keyset = Keysets[1];
        var cursor = keyset.CursorAt(new Row { Name = "a", At = DateTimeOffset.UnixEpoch, Id = Guid.Empty });
        Assert.NotNull(keyset.Parse(cursor.ToString()));
        Assert.Null(Keysets[0].Parse(cursor.ToString()));
        Assert.All(
            [
                cursor with { Keys = [] },
                cursor with { Keys = [cursor.Keys[0]] },
                cursor with { Keys = [.. cursor.Keys, "more"] },
                cursor with { Keys = [null, cursor.Keys[1]] },
                cursor with { Keys = ["yesterday", cursor.Keys[1]] },
                cursor with { Keys = [cursor.Keys[0], "1"] },
                cursor with { Keys = [cursor.Keys[0], cursor.Keys[1] + "\0"] },
            ],
            (Cursor forged) => Assert.Null(keyset.Parse(forged.ToString())));
        Assert.All([null, "", "zzz", "bnVsbA", "W10", "e30"], (string? text) => Assert.Null(keyset.Parse(text)));
    }

    private sealed record Row
    {
        public required Guid Id { get; init; }

        public required string Name { get; init; }

        public required DateTimeOffset At { get; init; }
    }
}

public sealed class KeysetOnSqliteTests : KeysetTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class KeysetOnPostgreSqlTests : KeysetTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
