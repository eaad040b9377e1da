using System.ComponentModel.DataAnnotations;
using Api.Models.Authors;
using KeycloakAccess.Models;
using KeycloakAccess.Permissions;

namespace Api.Models.Books;

/// <summary>A book. One without a date is not published yet.</summary>
public sealed record Book
{
    /// <summary>Its id, never used again.</summary>
    public required Guid Id { get; init; }

    /// <summary>1 to 200 characters.</summary>
    [Required, StringLength(200, MinimumLength = 1)]
    public required string Title { get; init; }

    /// <summary>The id of its author.</summary>
    public required Guid AuthorId { get; init; }

    /// <summary>ISBN-10 or ISBN-13, with or without hyphens.</summary>
    [Display(Name = "ISBN")]
    [RegularExpression(
        "^(?=(?:[0-9]-?){9}[0-9Xx]$|(?:[0-9]-?){12}[0-9]$)[0-9Xx-]+$",
        ErrorMessage = "isbn must have 10 or 13 digits; hyphens may stand between them.")]
    public string? Isbn { get; init; }

    /// <summary>When it came out, as an ISO 8601 date.</summary>
    public DateOnly? PublishedOn { get; init; }
}

/// <summary>Books: whoever may only look at them sees the published ones.</summary>
internal sealed class BookModel : IModel<Book>
{
    public static void Declare(ModelBuilder<Book> model) => model
        .Named("book", "books")
        .Searches(book => book.Title)
        .Sorts(book => book.Title, book => book.PublishedOn)
        .References<Author>(book => book.AuthorId)
        .Rows(subject => subject.May("book", Permission.Change) || subject.May("book", "publish")
            ? RowFilter.All
            : RowFilter.Where($"published_on IS NOT NULL"))
        .Action("publish", Publish);

    private static ActionOutcome<Book> Publish(Book book, ActionCall call) => book.PublishedOn is { } date
        ? ActionOutcome<Book>.Refuse($"It was published on {date:O} already. Replace it to give it another date.")
        : book with { PublishedOn = call.Today };
}
