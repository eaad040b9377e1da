using System.ComponentModel.DataAnnotations;
using KeycloakAccess.Models;

namespace Api.Models.Authors;

/// <summary>Somebody who writes books.</summary>
public sealed record Author
{
    /// <summary>Their id, never used again.</summary>
    public required Guid Id { get; init; }

    /// <summary>1 to 200 characters.</summary>
    [Required, StringLength(200, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>When they were born, as an ISO 8601 date.</summary>
    public DateOnly? BornOn { get; init; }

    /// <summary>When they died, as an ISO 8601 date.</summary>
    public DateOnly? DiedOn { get; init; }

    /// <summary>Where to read more: a URL of at most 2000 characters.</summary>
    [Url, StringLength(2000)]
    public string? Website { get; init; }
}

/// <summary>Authors: the books of one are <c>GET /api/books?authorId=…</c>.</summary>
internal sealed class AuthorModel : IModel<Author>
{
    public static void Declare(ModelBuilder<Author> model) => model
        .Named("author", "authors")
        .Searches(author => author.Name)
        .Sorts(author => author.Name, author => author.BornOn);
}
