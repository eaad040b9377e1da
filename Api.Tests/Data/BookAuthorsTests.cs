using System.Data.Common;
using KeycloakAccess.Data;
using Api.Tests.Infrastructure;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;

namespace Api.Tests.Data;

/// <summary>The migration that makes rows of the authors that books named by text: nothing is lost, and nobody gets more than before.</summary>
public abstract class BookAuthorsTests
{
    private protected abstract DatabaseEngine Engine { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_book_keeps_all_it_had_and_each_spelling_of_an_author_becomes_one()
    {
        await using var place = await TestDatabase.CreateAsync(Engine);
        await using var database = Database.From(place.ConnectionString, AppContext.BaseDirectory);
        DapperTypes.Register();
        string[] authors = ["Ada", "ada", "Ada ", "O'Brien", "Ä", "", new('x', 200)];
        var books = Enumerable.Range(0, 40).Select(i => (
            Id: Guid.NewGuid(), Title: $"T{i}", Author: authors[i % authors.Length], Isbn: i % 3 == 0 ? "0306406152" : null,
            Day: i % 2 == 0 ? new DateOnly(2000, 1, 1).AddDays(i) : (DateOnly?)null, Version: i + 1)).ToArray();
        await using (var before = await database.OpenAsync(Cancel))
        {
            await EarlierSchema.ApplyAsync(before, Engine, "0007", Cancel);
            foreach (var book in books)
            {
                await before.ExecuteAsync(
                    "INSERT INTO books (id, title, author, isbn, published_on, version) VALUES (@Id, @Title, @Author, @Isbn, @Day, @Version)",
                    new { book.Id, book.Title, book.Author, book.Isbn, book.Day, book.Version });
            }
        }

        await MigratorOf(database).MigrateAsync(Cancel);

        await using var after = await database.OpenAsync(Cancel);
        var moved = await after.QueryAsync<Row>(
            "SELECT b.id, b.title, a.name AS author, b.isbn, b.published_on, b.version FROM books b JOIN authors a ON a.id = b.author_id");
        Assert.Equal(
            books.OrderBy(book => book.Id),
            moved.Select(row => (row.Id, row.Title, row.Author, row.Isbn, Day: row.PublishedOn, row.Version)).OrderBy(row => row.Id));
        var named = (await after.QueryAsync<Named>("SELECT id, name, version FROM authors")).ToArray();
        Assert.Equal(authors.Order(StringComparer.Ordinal), named.Select(author => author.Name).Order(StringComparer.Ordinal));
        Assert.All(named, author => Assert.Equal((4, 1), (author.Id.Version, author.Version)));
        Assert.All(named, author => Assert.InRange(author.Id.Variant, 8, 11));
        await Assert.ThrowsAnyAsync<DbException>(() => after.ExecuteAsync("DELETE FROM authors"));
    }

    [Fact]
    public async Task Default_groups_get_what_is_new_where_they_still_bear_their_names()
    {
        await using var place = await TestDatabase.CreateAsync(Engine);
        await using var database = Database.From(place.ConnectionString, AppContext.BaseDirectory);
        DapperTypes.Register();
        await using (var before = await database.OpenAsync(Cancel))
        {
            await EarlierSchema.ApplyAsync(before, Engine, "0007", Cancel);
            await before.ExecuteAsync("UPDATE groups SET name = 'librarians' WHERE name = 'book-readers'");
        }

        await MigratorOf(database).MigrateAsync(Cancel);

        await using var after = await database.OpenAsync(Cancel);
        Assert.Equal(["book:view"], await PermissionsAsync(after, "librarians"));
        Assert.Equal(
            ["author:add", "author:change", "author:delete", "author:view", "book:add", "book:change", "book:delete", "book:publish", "book:view"],
            await PermissionsAsync(after, "book-editors"));
        Assert.Equal(["*:*"], await PermissionsAsync(after, "superusers"));
    }

    private static async Task<string[]> PermissionsAsync(DbConnection connection, string group) =>
    [
        .. (await connection.QueryAsync<string>(
            "SELECT p.permission FROM group_permissions p JOIN groups g ON g.id = p.group_id WHERE g.name = @group", new { group })).Order(StringComparer.Ordinal),
    ];

    private static Migrator MigratorOf(Database database) =>
        new(database, new MigrationValues("acme-api"), TimeProvider.System, NullLogger<Migrator>.Instance);

    private sealed record Row
    {
        public required Guid Id { get; init; }

        public required string Title { get; init; }

        public required string Author { get; init; }

        public string? Isbn { get; init; }

        public DateOnly? PublishedOn { get; init; }

        public required int Version { get; init; }
    }

    private sealed record Named
    {
        public required Guid Id { get; init; }

        public required string Name { get; init; }

        public required int Version { get; init; }
    }
}

public sealed class BookAuthorsOnSqliteTests : BookAuthorsTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.Sqlite;
}

public sealed class BookAuthorsOnPostgreSqlTests : BookAuthorsTests
{
    private protected override DatabaseEngine Engine => DatabaseEngine.PostgreSql;
}
