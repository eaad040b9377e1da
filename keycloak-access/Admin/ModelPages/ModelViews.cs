using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;

namespace KeycloakAccess.Admin.ModelPages;

/// <summary>A declared model, as its pages name it.</summary>
/// <param name="Name">Its name in permissions: <c>book</c>.</param>
/// <param name="Plural">Its name in addresses: <c>books</c>.</param>
/// <param name="Title">What people call it: <c>Books</c>.</param>
/// <param name="One">One row in a sentence: <c>book</c>.</param>
/// <param name="A">One row with its article: <c>a book</c>.</param>
public sealed record ModelName(string Name, string Plural, string Title, string One, string A)
{
    /// <summary>Several rows in a sentence: <c>books</c>.</summary>
    public string Many => Plural.Replace('-', ' ');

    public string Path => $"/admin/models/{Plural}";

    public string PathOf(string id) => $"{Path}/{Uri.EscapeDataString(id)}";
}

/// <summary>The rows of a model, as they are filtered and sorted.</summary>
public sealed record ModelListView
{
    public required ModelName Model { get; init; }
    public required IReadOnlyList<ModelColumnView> Columns { get; init; }
    public required IReadOnlyList<ModelRowView> Rows { get; init; }

    /// <summary>The titles of the columns that a search looks into; none where there is no search.</summary>
    public required IReadOnlyList<string> Searches { get; init; }
    public required string Search { get; init; }

    /// <summary>The order, where it is not the usual one.</summary>
    public required string? Sort { get; init; }
    public required IReadOnlyList<ModelFilterView> Filters { get; init; }
    public required IReadOnlyList<string> Mistakes { get; init; }
    public required Paging Paging { get; init; }

    /// <summary>What the viewer may do with several rows at once.</summary>
    public required IReadOnlyList<(string Name, string Title)> BulkActions { get; init; }

    /// <summary>The list, from its beginning, as it is filtered and sorted.</summary>
    public required string Path { get; init; }

    /// <returns>The same as a file: <c>csv</c> or <c>jsonl</c>.</returns>
    public string ExportPath(string ending) => $"{Model.Path}/export/{ending}{Path[Model.Path.Length..]}";

    public bool IsFiltered => Search.Length > 0 || Filters.Any(filter => filter.Value.Length > 0);
}

/// <summary>The heading of a column, with the list in its order, or in the opposite one where it is sorted by it already.</summary>
public sealed record ModelColumnView(string Title, bool IsNumber, string? SortPath, string? Sorted);

/// <summary>A row of a list.</summary>
public sealed record ModelRowView(string Id, string Path, string Title, IReadOnlyList<ModelValueView> Cells);

/// <summary>A value as people read it, and the page of the row that it refers to, or the address that it is.</summary>
public sealed record ModelValueView(string Text, string? Path = null, DateTimeOffset? At = null, bool IsNumber = false);

/// <summary>A filter of a list; its type is <c>select</c>, or one of <c>input</c>.</summary>
public sealed record ModelFilterView(
    string Name, string Title, string Type, string Value, IReadOnlyList<(string Value, string Text)> Options, string? SuggestPath);

/// <summary>A field of a form.</summary>
public sealed record ModelFieldView
{
    public required string Name { get; init; }
    public required string Title { get; init; }

    /// <summary><c>check</c>, <c>select</c>, <c>lines</c>, or one of <c>input</c>.</summary>
    public required string Type { get; init; }
    public required IReadOnlyList<(string Value, string Text)> Options { get; init; }
    public required bool IsRequired { get; init; }
    public required int? MaxLength { get; init; }
    public required string? Hint { get; init; }
    public required string? SuggestPath { get; init; }

    /// <summary>The steps of a number or a time.</summary>
    public required string? Step { get; init; }
}

/// <summary>One row.</summary>
public sealed record ModelRowPageView
{
    public required ModelName Model { get; init; }
    public required string Id { get; init; }
    public required string Title { get; init; }

    /// <summary>The version that is shown: what is done here is done to no other.</summary>
    public required int Version { get; init; }
    public required IReadOnlyList<(string Title, ModelValueView Value)> Values { get; init; }
    public required IReadOnlyList<ModelActionView> Actions { get; init; }
    public required IReadOnlyList<LinkGroup> Dependants { get; init; }

    /// <summary>The forms for rows that refer to it.</summary>
    public required IReadOnlyList<ModelAdditionView> Additions { get; init; }
    public required IReadOnlyList<ActivityView> Happened { get; init; }

    /// <summary>What was sent with an action that was refused, and why it was.</summary>
    public FormInput Input { get; init; } = FormInput.Create();

    /// <summary>That action.</summary>
    public string? Tried { get; init; }

    public string Path => Model.PathOf(Id);
}

/// <summary>An action of a model's own.</summary>
public sealed record ModelActionView(string Name, string Title);

/// <summary>A form for a new row that refers to another, with the reference filled in.</summary>
public sealed record ModelAdditionView(string Title, string Path);

/// <summary>The form of a row, which has no id while it is new.</summary>
public sealed record ModelFormView(ModelName Model, string? Id, string Title, IReadOnlyList<ModelFieldView> Fields, FormInput Input)
{
    public string Path => Id is null ? $"{Model.Path}/new" : $"{Model.PathOf(Id)}/edit";
}

/// <summary>The question whether a row is to be deleted, and what refers to it, as far as the viewer may know.</summary>
public sealed record DeleteModelRowView(ModelName Model, string Id, string Title, IReadOnlyList<LinkGroup> Dependants, FormInput Input)
{
    public string Path => Model.PathOf(Id);
}

/// <summary>What was done to a row, the newest first.</summary>
public sealed record ModelHistoryView(ModelName Model, string Id, string Title, IReadOnlyList<ModelChangeView> Changes, Paging Paging)
{
    public string Path => Model.PathOf(Id);
}

/// <summary>One change of a row, by its id in the audit log, and what differs before and after.</summary>
public sealed record ModelChangeView(
    Guid Id, DateTimeOffset At, string Account, string Action, string? Reason, IReadOnlyList<AuditFieldChange> Fields);
