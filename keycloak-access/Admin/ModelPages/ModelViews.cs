using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;

namespace KeycloakAccess.Admin.ModelPages;

/// <summary>A model as its pages name it: <c>book</c>, <c>books</c>, <c>Books</c>, <c>book</c>, <c>a book</c>.</summary>
public sealed record ModelName(string Name, string Plural, string Title, string One, string A)
{
    public string Many => Plural.Replace('-', ' ');

    public string Path => $"/admin/models/{Plural}";

    public string PathOf(string id) => $"{Path}/{Uri.EscapeDataString(id)}";
}

public sealed record ModelListView
{
    public required ModelName Model { get; init; }
    public required IReadOnlyList<ModelColumnView> Columns { get; init; }
    public required IReadOnlyList<ModelRowView> Rows { get; init; }
    public required IReadOnlyList<string> Searches { get; init; }
    public required string Search { get; init; }
    public required string? Sort { get; init; }
    public required IReadOnlyList<ModelFilterView> Filters { get; init; }
    public required IReadOnlyList<string> Mistakes { get; init; }
    public required Paging Paging { get; init; }
    public required IReadOnlyList<(string Name, string Title)> BulkActions { get; init; }
    public required string Path { get; init; }

    public bool IsFiltered => Search.Length > 0 || Filters.Any(filter => filter.Value.Length > 0);
}

public sealed record ModelColumnView(string Title, bool IsNumber, string? SortPath, string? Sorted);

public sealed record ModelRowView(string Id, string Path, string Title, IReadOnlyList<ModelValueView> Cells);

public sealed record ModelValueView(string Text, string? Path = null, DateTimeOffset? At = null, bool IsNumber = false);

/// <summary>A filter of a list; its type is <c>select</c>, or one of <c>input</c>.</summary>
public sealed record ModelFilterView(
    string Name, string Title, string Type, string Value, IReadOnlyList<(string Value, string Text)> Options, string? SuggestPath);

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
    public required string? Step { get; init; }
}

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
    public required IReadOnlyList<ModelAdditionView> Additions { get; init; }
    public required IReadOnlyList<ActivityView> Happened { get; init; }
    public FormInput Input { get; init; } = FormInput.Create();
    public string? Tried { get; init; }

    public string Path => Model.PathOf(Id);
}

public sealed record ModelActionView(string Name, string Title);

public sealed record ModelAdditionView(string Title, string Path);

public sealed record ModelFormView(ModelName Model, string? Id, string Title, IReadOnlyList<ModelFieldView> Fields, FormInput Input)
{
    public string Path => Id is null ? $"{Model.Path}/new" : $"{Model.PathOf(Id)}/edit";
}

public sealed record DeleteModelRowView(ModelName Model, string Id, string Title, IReadOnlyList<LinkGroup> Dependants, FormInput Input)
{
    public string Path => Model.PathOf(Id);
}

public sealed record ModelHistoryView(ModelName Model, string Id, string Title, IReadOnlyList<ModelChangeView> Changes, Paging Paging)
{
    public string Path => Model.PathOf(Id);
}

public sealed record ModelChangeView(
    Guid Id, DateTimeOffset At, string Account, string Action, string? Reason, IReadOnlyList<AuditFieldChange> Fields);
