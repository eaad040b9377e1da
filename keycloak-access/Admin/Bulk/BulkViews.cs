using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;

namespace KeycloakAccess.Admin.Bulk;

/// <summary>A list, as the pages of the flow name it: <c>Books</c>, <c>/admin/models/books</c>, <c>book</c>, <c>books</c>.</summary>
public sealed record BulkList(string Title, string Path, string One, string Many)
{
    public string Count(long number) => Plural.Of(number, One, Many);
}

public sealed record BulkView
{
    public required BulkList List { get; init; }
    public required string? Title { get; init; }
    public required bool IsDestructive { get; init; }
    public required string BackPath { get; init; }
    public required string ApplyPath { get; init; }
    public required string ReasonField { get; init; }
    public required FormInput Input { get; init; }

    /// <summary>What is carried from page to page: the service keeps nothing.</summary>
    public required IEnumerable<(string Name, string? Value)> Fields { get; init; }
    public string Lead { get; init; } = "";
    public IReadOnlyList<BulkLine> Lines { get; init; } = [];
    public int Missing { get; init; }
    public bool CanApply { get; init; }
    public BulkProgress? Progress { get; init; }
}

public sealed record BulkLine(string Id, string Path, string Title)
{
    public string? Note { get; init; }
    public int? Version { get; init; }
    public string? Now { get; init; }
    public IReadOnlyList<LinkGroup>? Dependants { get; init; }
    public string Then { get; init; } = "";
    public bool Changes { get; init; } = true;

    /// <summary>Whether it does not change though it is not yet as it was to be: <see cref="Then"/> says why.</summary>
    public bool IsRefused { get; init; }
}

/// <summary>
/// How many a change has come by and changed, as far as that is for the viewer to know, and where it goes on: by itself, but not
/// where somebody has signed in again meanwhile.
/// </summary>
public sealed record BulkProgress(int Seen, int Changed, bool ShowsChanged, string Next, bool ByItself)
{
    public int Refused { get; init; }

    /// <summary>Of the first of those that were refused, by their ids.</summary>
    public IReadOnlyDictionary<string, string> Why { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

public sealed record BulkResultView(BulkList List, string Title, IReadOnlyList<BulkLine> Lines, int Missing, string BackPath)
{
    /// <summary>How many were refused: the first of them are listed.</summary>
    public int Refused { get; init; }
}
