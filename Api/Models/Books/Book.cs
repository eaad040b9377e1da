using System.ComponentModel.DataAnnotations;

namespace Api.Models.Books;

/// <summary>A book as the table holds it.</summary>
internal sealed record Book
{
    public required Guid Id { get; init; }

    public required string Title { get; init; }

    public required string Author { get; init; }

    public string? Isbn { get; init; }

    public DateOnly? PublishedOn { get; init; }

    public required int Version { get; init; }
}

/// <summary>What a caller sends to create or replace a book.</summary>
public sealed record BookRequest
{
    /// <summary>1 to 200 characters.</summary>
    [Required, StringLength(200, MinimumLength = 1)]
    public required string Title { get; init; }

    /// <summary>1 to 200 characters.</summary>
    [Required, StringLength(200, MinimumLength = 1)]
    public required string Author { get; init; }

    /// <summary>ISBN-10 or ISBN-13, with or without hyphens.</summary>
    [RegularExpression("^(?=(?:[0-9]-?){9}[0-9Xx]$|(?:[0-9]-?){12}[0-9]$)[0-9Xx-]+$", ErrorMessage = "isbn must have 10 or 13 digits; hyphens may stand between them.")]
    public string? Isbn { get; init; }

    /// <summary>ISO 8601 date.</summary>
    public DateOnly? PublishedOn { get; init; }
}

/// <summary>A book as a caller gets it.</summary>
/// <param name="Id">Its id, never used again.</param>
/// <param name="Title">Its title.</param>
/// <param name="Author">Its author.</param>
/// <param name="Isbn">Its ISBN, if known.</param>
/// <param name="PublishedOn">When it came out, if known.</param>
public sealed record BookResponse(Guid Id, string Title, string Author, string? Isbn, DateOnly? PublishedOn);
