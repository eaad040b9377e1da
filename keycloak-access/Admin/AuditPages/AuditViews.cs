namespace KeycloakAccess.Admin.AuditPages;

/// <summary>The audit log, as it is filtered.</summary>
/// <param name="Rows">One page, the newest first.</param>
/// <param name="Filter">What it is filtered by.</param>
/// <param name="Models">The models that the filter offers.</param>
/// <param name="Mistakes">What is wrong with the filter.</param>
/// <param name="First">The first page, where this is another.</param>
/// <param name="Next">The next page, where there is one.</param>
public sealed record AuditListView(
    IReadOnlyList<AuditLine> Rows, AuditListFilter Filter, IReadOnlyList<string> Models, IReadOnlyList<string> Mistakes, string? First, string? Next);

/// <summary>A row of the log.</summary>
/// <param name="Id">Its id.</param>
/// <param name="At">When.</param>
/// <param name="Account">Who.</param>
/// <param name="AccountId">Whose page it is, where there is one.</param>
/// <param name="Method">How they came in.</param>
/// <param name="Text">What was done or refused.</param>
/// <param name="Reason">Why, where that was said.</param>
/// <param name="IsRefusal">Whether it was refused.</param>
public sealed record AuditLine(Guid Id, DateTimeOffset At, string Account, Guid? AccountId, string Method, string Text, string? Reason, bool IsRefusal);

/// <summary>What stands in the filters, as the address has it.</summary>
/// <param name="Kind"><c>change</c>, <c>denied-request</c> or nothing.</param>
/// <param name="Account">A user name, a client id, or the id of an account.</param>
/// <param name="Model">A model.</param>
/// <param name="Row">The id of a row of it.</param>
/// <param name="Action">What was done.</param>
/// <param name="Permission">What was refused.</param>
/// <param name="From">From when on, in the reader's zone.</param>
/// <param name="To">Until when, in the reader's zone.</param>
/// <param name="RequestId">The request.</param>
public sealed record AuditListFilter(
    string? Kind, string? Account, string? Model, string? Row, string? Action, string? Permission, string? From, string? To, string? RequestId)
{
    /// <summary>Whether it leaves anything out.</summary>
    public bool IsEmpty => string.IsNullOrEmpty(Kind + Account + Model + Row + Action + Permission + From + To + RequestId);

    /// <summary>Whether it has any of the filters that are not always shown.</summary>
    public bool HasMore => !string.IsNullOrEmpty(Row + Action + Permission + From + To + RequestId);

    /// <returns>An address of the list, or of an export, with this filter.</returns>
    public string Path(string path = "/admin/audit", string? after = null) => Links.To(
        path,
        ("kind", Kind), ("account", Account), ("model", Model), ("row", Row), ("action", Action), ("permission", Permission), ("from", From), ("to", To), ("requestId", RequestId), ("after", after));
}

/// <summary>One row of the log with everything that it holds.</summary>
/// <param name="Line">The row.</param>
/// <param name="Facts">Its fields, by their names for people.</param>
/// <param name="Changes">The values before and after.</param>
public sealed record AuditRowView(AuditLine Line, IReadOnlyList<AuditFact> Facts, IReadOnlyList<AuditFieldChange> Changes);

/// <summary>A field of a row.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value.</param>
/// <param name="Path">Where it leads, if anywhere.</param>
public sealed record AuditFact(string Name, string Value, string? Path = null);

/// <summary>A value that a change has changed.</summary>
/// <param name="Field">The field.</param>
/// <param name="Before">The value before; <see langword="null"/> if there was none.</param>
/// <param name="After">The value after; <see langword="null"/> if none is left.</param>
public sealed record AuditFieldChange(string Field, string? Before, string? After);
