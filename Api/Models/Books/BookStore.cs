using System.Globalization;
using Api.Data;
using Dapper;

namespace Api.Models.Books;

/// <summary>Which books, in which order, from where on.</summary>
/// <param name="Search">Words of the title, in any case.</param>
/// <param name="Author">The author, to the letter.</param>
/// <param name="Sort">One of <see cref="BookStore.Sorts"/>, with a minus in front for descending.</param>
/// <param name="Limit">How many at most.</param>
/// <param name="After">Where the page before ended.</param>
internal sealed record BookFilter(string? Search, string? Author, string Sort, int Limit, Cursor? After);

/// <summary>The table <c>books</c>.</summary>
internal sealed class BookStore(Database database)
{
    public static readonly IReadOnlyList<string> Sorts = ["title", "author", "publishedOn"];

    public async Task<(IReadOnlyList<Book> Books, Cursor? Next)> ListAsync(BookFilter filter, CancellationToken cancellationToken)
    {
        var descending = filter.Sort.StartsWith('-');
        // Never the caller's text: one of three expressions that stand here.
        var key = filter.Sort.TrimStart('-') switch
        {
            "author" => "author",
            "publishedOn" => "COALESCE(published_on, @noDate)",
            _ => "title",
        };
        var direction = descending ? "DESC" : "ASC";
        var conditions = new List<string> { "1 = 1" };
        var values = new DynamicParameters();
        values.Add("limit", filter.Limit + 1);
        if (key.Contains("@noDate", StringComparison.Ordinal))
        {
            values.Add("noDate", DateOnly.MinValue);
        }

        if (!string.IsNullOrEmpty(filter.Search))
        {
            conditions.Add(@"lower(title) LIKE lower(@search) ESCAPE '\'");
            values.Add("search", LikePattern.Containing(filter.Search));
        }

        if (!string.IsNullOrEmpty(filter.Author))
        {
            conditions.Add("author = @author");
            values.Add("author", filter.Author);
        }

        if (filter.After is { } after)
        {
            conditions.Add($"({key}, id) {(descending ? "<" : ">")} (@afterKey, @afterId)");
            values.Add("afterId", after.Id);
            if (key.Contains("@noDate", StringComparison.Ordinal))
            {
                // A cursor that somebody wrote by hand starts at the beginning.
                values.Add("afterKey", DateOnly.TryParseExact(after.Key, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date : DateOnly.MinValue);
            }
            else
            {
                values.Add("afterKey", after.Key);
            }
        }

        var sql = $"""
            SELECT id, title, author, isbn, published_on, version
            FROM books
            WHERE {string.Join(" AND ", conditions)}
            ORDER BY {key} {direction}, id {direction}
            LIMIT @limit
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var books = (await connection.QueryAsync<Book>(new CommandDefinition(sql, values, cancellationToken: cancellationToken))).AsList();
        if (books.Count <= filter.Limit)
        {
            return (books, null);
        }

        books.RemoveAt(filter.Limit);
        return (books, new Cursor(filter.Sort, Key(books[^1], filter.Sort), books[^1].Id));
    }

    public async Task<Book?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        const string sql = "SELECT id, title, author, isbn, published_on, version FROM books WHERE id = @id";
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Book>(new CommandDefinition(sql, new { id }, cancellationToken: cancellationToken));
    }

    public async Task AddAsync(Book book, CancellationToken cancellationToken)
    {
        const string sql = """
            INSERT INTO books (id, title, author, isbn, published_on, version)
            VALUES (@Id, @Title, @Author, @Isbn, @PublishedOn, @Version)
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(sql, book, cancellationToken: cancellationToken));
    }

    /// <param name="book">The new state; its version is the one that it shall have.</param>
    /// <param name="seen">The version that must be there now; <see langword="null"/> for any.</param>
    /// <param name="cancellationToken">The request's.</param>
    /// <returns>The new version, or <see langword="null"/> if there is no such book of that version.</returns>
    public async Task<int?> ReplaceAsync(Book book, int? seen, CancellationToken cancellationToken)
    {
        var condition = seen is null ? "" : " AND version = @seen";
        var sql = $"""
            UPDATE books
            SET title = @Title, author = @Author, isbn = @Isbn, published_on = @PublishedOn, version = version + 1
            WHERE id = @Id{condition}
            RETURNING version
            """;
        var values = new DynamicParameters(book);
        values.Add("seen", seen);
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<int?>(new CommandDefinition(sql, values, cancellationToken: cancellationToken));
    }

    /// <returns>Whether there was such a book of that version.</returns>
    public async Task<bool> DeleteAsync(Guid id, int? seen, CancellationToken cancellationToken)
    {
        var sql = "DELETE FROM books WHERE id = @id" + (seen is null ? "" : " AND version = @seen");
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.ExecuteAsync(new CommandDefinition(sql, new { id, seen }, cancellationToken: cancellationToken)) > 0;
    }

    private static string Key(Book book, string sort) => sort.TrimStart('-') switch
    {
        "author" => book.Author,
        "publishedOn" => (book.PublishedOn ?? DateOnly.MinValue).ToString("O", CultureInfo.InvariantCulture),
        _ => book.Title,
    };
}
