using System.Globalization;
using Api.Tests.Infrastructure;
using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Texts;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Api.Tests.Data;

/// <summary>The index finds what a look at every row finds, whoever has written the rows, and when.</summary>
public abstract class SearchIndexTests
{
    private const string Alphabet = "abcabcàÀæøşННиνς日本語 -_'%\"\\.’😀";

    private static readonly string[] Long = [new string('x', 60_000) + "needle", "needle in " + string.Concat(Enumerable.Range(0, 60_000))];

    private protected abstract DatabaseEngine Engine { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_finds_what_a_look_at_every_row_finds()
    {
        await using var place = await TestDatabase.CreateMigratedAsync(Engine);
        await using var database = Open(place);
        await database.WriteAsync("CREATE TABLE notes (id TEXT PRIMARY KEY, title TEXT, body TEXT)", new { }, Cancel);
        var random = new Random(7);
        var rows = Enumerable.Range(0, 400)
            .Select(number => new Note($"n{number}", Text(random, 12), random.Next(3) == 0 ? null : Text(random, 30)))
            .Append(new Note("long-0", Long[0], null))
            .Append(new Note("long-1", null, Long[1]))
            .ToArray();
        // Some are there before the index is, and others come later.
        await AddAsync(database, rows[..200]);
        var index = new SearchIndex(Engine, "notes", "id", ["title", "body"]);
        Assert.True(await index.PrepareAsync(database, Cancel));
        Assert.False(await index.PrepareAsync(database, Cancel));
        await AddAsync(database, rows[200..]);

        var searches = Enumerable.Range(0, 300).Select(number => Part(random, rows, 1 + (number % 6)))
            .Concat(["needle", "qqq", "zz", "ß", "日", "日本", "'", "\\", "\"", "%", "AND", "a b", "c' & 'd", "\u0301", "ÆØ"]);
        foreach (var search in searches)
        {
            var plain = rows.Where(row => row.Texts.Any(text => Folding.Holds(text, search))).Select(row => row.Id);
            Assert.Equal(plain.Order(StringComparer.Ordinal), await FindAsync(database, index, search));
        }
    }

    [Fact]
    public async Task It_follows_what_is_changed_by_hand_and_by_a_migration_that_makes_the_table_anew()
    {
        await using var place = await TestDatabase.CreateMigratedAsync(Engine);
        await using var database = Open(place);
        await database.WriteAsync("CREATE TABLE notes (id TEXT PRIMARY KEY, title TEXT, body TEXT)", new { }, Cancel);
        await AddAsync(database, [new("1", "first", null), new("2", "second", null), new("3", "third", "first of all")]);
        var index = new SearchIndex(Engine, "notes", "id", ["title", "body"]);
        await index.PrepareAsync(database, Cancel);
        Assert.Equal(["1", "3"], await FindAsync(database, index, "first"));

        // By a program that knows nothing of this one, so without its functions.
        await ByHandAsync(place, "UPDATE notes SET title = 'former' WHERE id = '1'; DELETE FROM notes WHERE id = '3'");
        await ByHandAsync(place, "INSERT INTO notes (id, title) VALUES ('4', 'FÍRST'); UPDATE notes SET id = '5' WHERE id = '2'");
        Assert.Equal(["4"], await FindAsync(database, index, "first"));
        Assert.Equal(["5"], await FindAsync(database, index, "second"));

        await database.WriteAsync("UPDATE notes SET body = 'first' WHERE id = '1'", new { }, Cancel);
        Assert.Equal(["1", "4"], await FindAsync(database, index, "first"));
        Assert.Empty(await FindAsync(database, index, "third"));
        if (Engine == DatabaseEngine.Sqlite)
        {
            await using var connection = await database.OpenAsync(Cancel);
            Assert.Equal(0, await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM search_pending WHERE table_name = 'notes'"));
        }

        await ByHandAsync(place, """
            CREATE TABLE new_notes (id TEXT PRIMARY KEY, title TEXT, body TEXT, extra TEXT);
            INSERT INTO new_notes (id, title, body) SELECT id, title || ' anew', body FROM notes;
            DROP TABLE notes;
            ALTER TABLE new_notes RENAME TO notes
            """);
        Assert.True(await index.PrepareAsync(database, Cancel));
        Assert.Equal(["1", "4", "5"], await FindAsync(database, index, "anew"));

        var other = new SearchIndex(Engine, "notes", "id", ["body"]);
        Assert.True(await other.PrepareAsync(database, Cancel));
        Assert.Empty(await FindAsync(database, other, "anew"));
        Assert.Equal(["1"], await FindAsync(database, other, "first"));
    }

    [Fact]
    public async Task Several_instances_that_start_at_once_make_it_once()
    {
        await using var place = await TestDatabase.CreateMigratedAsync(Engine);
        await using var first = Open(place);
        await first.WriteAsync("CREATE TABLE notes (id TEXT PRIMARY KEY, title TEXT, body TEXT)", new { }, Cancel);
        await AddAsync(first, [new("1", "first", null)]);
        Database[] instances = [first, Open(place), Open(place)];

        var made = await Task.WhenAll(instances.Select(instance =>
            new SearchIndex(Engine, "notes", "id", ["title", "body"]).PrepareAsync(instance, Cancel)));

        Assert.Equal(1, made.Count(done => done));
        foreach (var instance in instances)
        {
            Assert.Equal(["1"], await FindAsync(instance, new SearchIndex(Engine, "notes", "id", ["title", "body"]), "first"));
        }

        await instances[1].DisposeAsync();
        await instances[2].DisposeAsync();
    }

    // As lists do: what may hold the text, and of that what does.
    private async Task<IEnumerable<string>> FindAsync(Database database, SearchIndex index, string search)
    {
        if (SearchTerms.OfSearch(search, Engine) is not { } hits)
        {
            return [];
        }

        await using var connection = await database.OpenAsync(Cancel);
        var found = await connection.QueryAsync<string>(
            $"""
            SELECT id FROM notes
            WHERE {index.MayHold("@hits")} AND (folded(title) LIKE @like ESCAPE '\' OR folded(body) LIKE @like ESCAPE '\')
            """,
            new { hits, like = LikePattern.Containing(search) });
        var ids = found.Order(StringComparer.Ordinal).ToArray();
        Assert.True(await index.CountAsync(connection, hits, 10_000, Cancel) >= ids.Length, "It counts fewer than it finds.");
        return ids;
    }

    private static Task AddAsync(Database database, Note[] notes) => database.WriteAsync(
        async write =>
        {
            await write.Connection.ExecuteAsync(
                "INSERT INTO notes (id, title, body) VALUES (@Id, @Title, @Body)", notes, write.Transaction);
            await write.CommitAsync();
        },
        Cancel);

    private async Task ByHandAsync(TestDatabase place, string sql)
    {
        await using System.Data.Common.DbConnection connection = Engine == DatabaseEngine.PostgreSql
            ? new NpgsqlConnection(place.ConnectionString)
            : new SqliteConnection(place.ConnectionString);
        await connection.OpenAsync(Cancel);
        await connection.ExecuteAsync(sql);
    }

    private static string Text(Random random, int most) =>
        new StringInfo(string.Concat(Enumerable.Range(0, 1 + random.Next(most)).Select(_ => Character(random)))).String;

    private static string Character(Random random)
    {
        var runes = Alphabet.EnumerateRunes().ToArray();
        return runes[random.Next(runes.Length)].ToString();
    }

    private static string Part(Random random, Note[] rows, int length)
    {
        var runes = rows[random.Next(rows.Length)].Texts.First().EnumerateRunes().ToArray();
        var start = random.Next(Math.Max(1, runes.Length - length));
        return string.Concat(runes.Skip(start).Take(length));
    }

    private static Database Open(TestDatabase place)
    {
        DapperTypes.Register();
        return Database.From(place.ConnectionString, AppContext.BaseDirectory);
    }

    private sealed record Note(string Id, string? Title, string? Body)
    {
        public IEnumerable<string> Texts => new[] { Title, Body }.OfType<string>();
    }
}

public sealed class SearchIndexOnSqliteTests : SearchIndexTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class SearchIndexOnPostgreSqlTests : SearchIndexTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
