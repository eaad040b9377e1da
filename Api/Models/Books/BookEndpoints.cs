using Api.Data;
using Api.Hosting;
using Api.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Api.Models.Books;

/// <summary>The first protected model: books.</summary>
internal static class BookEndpoints
{
    private const string Model = "book";

    public static void AddBooks(this IServiceCollection services)
    {
        services.AddModel(Model, "books", "Books");
        services.AddSingleton<BookStore>();
    }

    public static RouteGroupBuilder MapBooks(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/books").WithTags("Books");

        group.MapGet("/", ListAsync)
            .WithName("ListBooks")
            .WithSummary("List books, a page at a time.")
            .AcceptsQuery("search", "author", "sort", "limit", "after")
            .Produces<Page<BookResponse>>()
            .ProducesValidationProblem()
            .RequirePermission(Model, Permission.View);
        group.MapGet("/{id:guid}", GetAsync)
            .WithName("GetBook")
            .WithSummary("Get one book, with its ETag.")
            .RequirePermission(Model, Permission.View);
        group.MapPost("/", CreateAsync)
            .WithName("CreateBook")
            .WithSummary("Create a book.")
            .RequirePermission(Model, Permission.Add);
        group.MapPut("/{id:guid}", ReplaceAsync)
            .WithName("ReplaceBook")
            .WithSummary("Replace a book that has not changed since it was read (If-Match).")
            .Produces<BookResponse>()
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status412PreconditionFailed)
            .ProducesProblem(StatusCodes.Status428PreconditionRequired)
            .RequirePermission(Model, Permission.Change);
        group.MapDelete("/{id:guid}", DeleteAsync)
            .WithName("DeleteBook")
            .WithSummary("Delete a book that has not changed since it was read (If-Match).")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status412PreconditionFailed)
            .ProducesProblem(StatusCodes.Status428PreconditionRequired)
            .RequirePermission(Model, Permission.Delete);

        return group;
    }

    private static async Task<IResult> ListAsync(
        BookStore store, string? search, string? author, string? sort, int? limit, string? after, CancellationToken cancellationToken)
    {
        sort ??= "title";
        if (!BookStore.Sorts.Contains(sort.StartsWith('-') ? sort[1..] : sort, StringComparer.Ordinal))
        {
            return QueryParameters.Mistake("sort", $"Books are sorted by {string.Join(", ", BookStore.Sorts)}; a minus in front turns the order round.");
        }

        if (limit is < 1 or > 100)
        {
            return QueryParameters.Mistake("limit", "limit must be between 1 and 100.");
        }

        var cursor = after is null ? null : Cursor.Parse(after, sort);
        if (after is not null && cursor is null)
        {
            return QueryParameters.Mistake("after", "after must be the next of a page in the same order. Leave it out to start again.");
        }

        var (books, next) = await store.ListAsync(new BookFilter(search, author, sort, limit ?? 50, cursor), cancellationToken);
        return TypedResults.Ok(new Page<BookResponse>([.. books.Select(ToResponse)], next?.ToString()));
    }

    private static async Task<Results<Ok<BookResponse>, NotFound>> GetAsync(
        Guid id, BookStore store, HttpResponse response, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } book)
        {
            return TypedResults.NotFound();
        }

        EntityTags.Write(response, book.Version);
        return TypedResults.Ok(ToResponse(book));
    }

    private static async Task<CreatedAtRoute<BookResponse>> CreateAsync(
        BookRequest request, BookStore store, TimeProvider clock, HttpResponse response, CancellationToken cancellationToken)
    {
        var book = ToBook(request, Guid.CreateVersion7(clock.GetUtcNow()));
        await store.AddAsync(book, cancellationToken);
        EntityTags.Write(response, book.Version);
        return TypedResults.CreatedAtRoute(ToResponse(book), "GetBook", new { id = book.Id });
    }

    private static async Task<IResult> ReplaceAsync(
        Guid id, BookRequest request, BookStore store, HttpContext context, CancellationToken cancellationToken)
    {
        if (EntityTags.Read(context.Request, out var seen) is { } missing)
        {
            return missing;
        }

        var book = ToBook(request, id);
        if (await store.ReplaceAsync(book, seen, cancellationToken) is not { } version)
        {
            return await MissingOrChangedAsync(id, store, cancellationToken);
        }

        EntityTags.Write(context.Response, version);
        return TypedResults.Ok(ToResponse(book));
    }

    private static async Task<IResult> DeleteAsync(Guid id, BookStore store, HttpRequest request, CancellationToken cancellationToken)
    {
        if (EntityTags.Read(request, out var seen) is { } missing)
        {
            return missing;
        }

        return await store.DeleteAsync(id, seen, cancellationToken)
            ? TypedResults.NoContent()
            : await MissingOrChangedAsync(id, store, cancellationToken);
    }

    private static async Task<IResult> MissingOrChangedAsync(Guid id, BookStore store, CancellationToken cancellationToken) =>
        await store.FindAsync(id, cancellationToken) is null ? TypedResults.NotFound() : EntityTags.Mismatch();

    private static Book ToBook(BookRequest request, Guid id) => new()
    {
        Id = id,
        Title = request.Title,
        Author = request.Author,
        Isbn = request.Isbn,
        PublishedOn = request.PublishedOn,
        Version = 1,
    };

    private static BookResponse ToResponse(Book book) => new(book.Id, book.Title, book.Author, book.Isbn, book.PublishedOn);
}
