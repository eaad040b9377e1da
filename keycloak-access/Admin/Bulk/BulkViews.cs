using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;

namespace KeycloakAccess.Admin.Bulk;

/// <summary>A list, as the pages of the flow name it: <c>Books</c>, <c>/admin/models/books</c>, <c>book</c>, <c>books</c>.</summary>
public sealed record BulkList(string Title, string Path, string One, string Many)
{
    public string Count(int number) => $"{number} {(number == 1 ? One : Many)}";
}

/// <summary>The question whether several things are to be changed, or how far that is.</summary>
public sealed record BulkView
{
    public required BulkList List { get; init; }

    /// <summary>What is to be done; <see langword="null"/> where there is no such action.</summary>
    public required string? Title { get; init; }
    public required bool IsDestructive { get; init; }
    public required string BackPath { get; init; }
    public required string ApplyPath { get; init; }
    public required string ReasonField { get; init; }
    public required FormInput Input { get; init; }

    /// <summary>What is carried from page to page: the service keeps nothing.</summary>
    public required IEnumerable<(string Name, string? Value)> Fields { get; init; }

    /// <summary>How many would change.</summary>
    public string Lead { get; init; } = "";

    /// <summary>Those that it is about, or the first of them.</summary>
    public IReadOnlyList<BulkLine> Lines { get; init; } = [];

    /// <summary>How many were ticked that are not there, or not for the viewer to see.</summary>
    public int Missing { get; init; }

    /// <summary>Whether there is anything to be done.</summary>
    public bool CanApply { get; init; }

    /// <summary>How far it is; <see langword="null"/> before it has begun.</summary>
    public BulkProgress? Progress { get; init; }
}

/// <summary>One of those that a change is about.</summary>
public sealed record BulkLine(string Id, string Path, string Title)
{
    public string? Note { get; init; }

    /// <summary>The version that was seen, where it has one.</summary>
    public int? Version { get; init; }

    /// <summary>How it is.</summary>
    public string? Now { get; init; }

    /// <summary>The first rows that refer to it, where that matters.</summary>
    public IReadOnlyList<LinkGroup>? Dependants { get; init; }

    /// <summary>What would become of it, or why it was refused.</summary>
    public string Then { get; init; } = "";

    public bool Changes { get; init; } = true;
}

/// <summary>
/// How many a change has come by and changed, as far as that is for the viewer to know, and where it goes on: by itself, but not
/// where somebody has signed in again meanwhile.
/// </summary>
public sealed record BulkProgress(int Seen, int Changed, bool ShowsChanged, string Next, bool ByItself);

/// <summary>Those of several that were not changed, each with the reason.</summary>
public sealed record BulkResultView(BulkList List, string Title, IReadOnlyList<BulkLine> Lines, int Missing, string BackPath);
