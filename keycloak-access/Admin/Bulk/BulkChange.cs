using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Bulk;

internal abstract record BulkChange
{
    public abstract string Title { get; }

    public abstract Permission Needed { get; }

    public virtual bool IsDestructive => false;

    public abstract string BackPath { get; }

    public IReadOnlyList<string> Ids { get; init; } = [];

    /// <summary>Whether all that the filter finds are meant instead, on every page of the list.</summary>
    public bool IsAll { get; init; }

    public abstract IEnumerable<(string Name, string? Value)> Fields(IEnumerable<BulkLine> lines);
}

internal sealed record BulkStep(IReadOnlyList<BulkLine> Lines, string? Next = null, int Missing = 0);

internal sealed record BulkCount(int Seen, int Changed, int Refused);

internal readonly record struct BulkOutcome(bool IsChanged, string? Refusal = null);
