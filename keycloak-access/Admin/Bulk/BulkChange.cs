using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Bulk;

/// <summary>What is to be done with several things of a list, as the forms of the flow carry it from page to page.</summary>
internal abstract record BulkChange
{
    /// <summary>In the words of a button.</summary>
    public abstract string Title { get; }

    public abstract Permission Needed { get; }

    /// <summary>Whether it takes something away.</summary>
    public virtual bool IsDestructive => false;

    /// <summary>The list that it was begun on, as it was filtered.</summary>
    public abstract string BackPath { get; }

    /// <summary>Those that were ticked.</summary>
    public IReadOnlyList<string> Ids { get; init; } = [];

    /// <summary>Whether all that the filter finds are meant instead, on every page of the list.</summary>
    public bool IsAll { get; init; }

    /// <returns>The fields of a form that asks for the same with these.</returns>
    public abstract IEnumerable<(string Name, string? Value)> Fields(IEnumerable<BulkLine> lines);
}

/// <summary>Some of those that a change is about, where the next ones start, and how many were ticked that are not there.</summary>
internal sealed record BulkStep(IReadOnlyList<BulkLine> Lines, string? Next = null, int Missing = 0);

/// <summary>How many a change has come by and changed, and how many stay though they were to be changed.</summary>
internal sealed record BulkCount(int Seen, int Changed, int Refused);

/// <summary>What came of one of them: changed or not, and why it was refused, where it was.</summary>
internal readonly record struct BulkOutcome(bool IsChanged, string? Refusal = null);
