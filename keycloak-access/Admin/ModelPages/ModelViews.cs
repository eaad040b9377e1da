using KeycloakAccess.Admin.AccountPages;
using KeycloakAccess.Admin.AuditPages;
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

    /// <summary>Its list.</summary>
    public string Path => $"/admin/models/{Plural}";

    /// <returns>The page of a row.</returns>
    public string PathOf(string id) => $"{Path}/{Uri.EscapeDataString(id)}";
}

/// <summary>The rows of a model, as they are filtered and sorted.</summary>
/// <param name="Model">The model.</param>
/// <param name="Columns">The headings.</param>
/// <param name="Rows">One page.</param>
/// <param name="Searches">The titles of the columns that a search looks into; none where there is no search.</param>
/// <param name="Search">What is searched for.</param>
/// <param name="Sort">The order, where it is not the usual one.</param>
/// <param name="Filters">The filters.</param>
/// <param name="Mistakes">What is wrong with them.</param>
/// <param name="First">The first page, where this is another.</param>
/// <param name="Next">The next page, where there is one.</param>
/// <param name="Changes">What the viewer may do with several rows at once.</param>
/// <param name="Path">The list, from its beginning, as it is filtered and sorted.</param>
public sealed record ModelListView(
    ModelName Model,
    IReadOnlyList<ModelColumnView> Columns,
    IReadOnlyList<ModelRowView> Rows,
    IReadOnlyList<string> Searches,
    string Search,
    string? Sort,
    IReadOnlyList<ModelFilterView> Filters,
    IReadOnlyList<string> Mistakes,
    string? First,
    string? Next,
    IReadOnlyList<ModelActionView> Changes,
    string Path)
{
    /// <returns>The same as a file: <c>csv</c> or <c>jsonl</c>.</returns>
    public string ExportPath(string ending) => $"{Model.Path}/export/{ending}{Path[Model.Path.Length..]}";

    /// <summary>Whether anything is left out.</summary>
    public bool IsFiltered => Search.Length > 0 || Filters.Any(filter => filter.Value.Length > 0);
}

/// <summary>The heading of a column.</summary>
/// <param name="Title">What people call it.</param>
/// <param name="IsNumber">Whether its values are read by their last digits.</param>
/// <param name="SortPath">The list in its order, where there is one; turned round where it is in that order.</param>
/// <param name="Sorted"><c>ascending</c>, <c>descending</c>, or nothing.</param>
public sealed record ModelColumnView(string Title, bool IsNumber, string? SortPath, string? Sorted);

/// <summary>A row of a list.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Path">Its page.</param>
/// <param name="Title">What people know it by.</param>
/// <param name="Cells">The other columns.</param>
public sealed record ModelRowView(string Id, string Path, string Title, IReadOnlyList<ModelValueView> Cells);

/// <summary>A value.</summary>
/// <param name="Text">As people read it; empty where there is none.</param>
/// <param name="Path">The page of the row that it refers to, or the address that it is.</param>
/// <param name="At">The instant, where it is one.</param>
/// <param name="IsNumber">Whether it is read by its last digits.</param>
public sealed record ModelValueView(string Text, string? Path = null, DateTimeOffset? At = null, bool IsNumber = false);

/// <summary>A filter of a list.</summary>
/// <param name="Name">Its name in addresses.</param>
/// <param name="Title">What it filters by.</param>
/// <param name="Type">The type of its field: <c>select</c>, or one of <c>input</c>.</param>
/// <param name="Value">What stands in it.</param>
/// <param name="Options">What can be chosen.</param>
/// <param name="SuggestPath">Where suggestions come from.</param>
public sealed record ModelFilterView(
    string Name, string Title, string Type, string Value, IReadOnlyList<(string Value, string Text)> Options, string? SuggestPath);

/// <summary>A field of a form.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Title">What people call it.</param>
/// <param name="Type"><c>check</c>, <c>select</c>, <c>lines</c>, or one of <c>input</c>.</param>
/// <param name="Options">What can be chosen.</param>
/// <param name="IsRequired">Whether it must be filled in.</param>
/// <param name="MaxLength">The most characters that it may have.</param>
/// <param name="Hint">What else is to be known.</param>
/// <param name="SuggestPath">Where suggestions come from.</param>
/// <param name="Step">The steps of a number or a time.</param>
public sealed record ModelFieldView(
    string Name,
    string Title,
    string Type,
    IReadOnlyList<(string Value, string Text)> Options,
    bool IsRequired,
    int? MaxLength,
    string? Hint,
    string? SuggestPath,
    string? Step);

/// <summary>One row.</summary>
/// <param name="Model">Its model.</param>
/// <param name="Id">Its id.</param>
/// <param name="Title">What people know it by.</param>
/// <param name="Version">The version that is shown: what is done here is done to no other.</param>
/// <param name="Values">Its values, each with its title.</param>
/// <param name="Actions">The model's own actions that the viewer may use.</param>
/// <param name="Dependants">What refers to it, as far as the viewer may know.</param>
/// <param name="Additions">The forms for rows that refer to it.</param>
/// <param name="Happened">What was done to it last.</param>
/// <param name="Input">What was sent with an action that was refused, and why it was.</param>
/// <param name="Tried">That action.</param>
public sealed record ModelRowPageView(
    ModelName Model,
    string Id,
    string Title,
    int Version,
    IReadOnlyList<(string Title, ModelValueView Value)> Values,
    IReadOnlyList<ModelActionView> Actions,
    IReadOnlyList<ModelDependantsView> Dependants,
    IReadOnlyList<ModelAdditionView> Additions,
    IReadOnlyList<ActivityView> Happened,
    FormInput Input,
    string? Tried)
{
    /// <summary>Its page.</summary>
    public string Path => Model.PathOf(Id);
}

/// <summary>An action of a model's own.</summary>
/// <param name="Name">Its name in addresses.</param>
/// <param name="Title">What stands on its button.</param>
public sealed record ModelActionView(string Name, string Title);

/// <summary>Rows of another model that refer to a row.</summary>
/// <param name="Title">The other model, and the column.</param>
/// <param name="Rows">The first of them.</param>
/// <param name="MorePath">All of them, where there are more.</param>
public sealed record ModelDependantsView(string Title, IReadOnlyList<ModelRowView> Rows, string? MorePath);

/// <summary>A form for a new row that refers to another.</summary>
/// <param name="Title">What stands on its button.</param>
/// <param name="Path">The form, with the reference filled in.</param>
public sealed record ModelAdditionView(string Title, string Path);

/// <summary>The form that makes a row, or changes one.</summary>
/// <param name="Model">Its model.</param>
/// <param name="Id">The row; <see langword="null"/> for a new one.</param>
/// <param name="Title">What people know it by.</param>
/// <param name="Fields">The fields.</param>
/// <param name="Input">What stands in them.</param>
/// <param name="Versions">Where somebody else has changed it meanwhile: both versions, field by field.</param>
public sealed record ModelFormView(
    ModelName Model, string? Id, string Title, IReadOnlyList<ModelFieldView> Fields, FormInput Input, IReadOnlyList<VersionField>? Versions)
{
    /// <summary>Where the form is sent.</summary>
    public string Path => Id is null ? $"{Model.Path}/new" : $"{Model.PathOf(Id)}/edit";
}

/// <summary>The question whether a row is to be deleted.</summary>
/// <param name="Model">Its model.</param>
/// <param name="Id">Its id.</param>
/// <param name="Title">What people know it by.</param>
/// <param name="Dependants">What refers to it, as far as the viewer may know.</param>
/// <param name="Input">What stands in the form.</param>
public sealed record DeleteModelRowView(ModelName Model, string Id, string Title, IReadOnlyList<ModelDependantsView> Dependants, FormInput Input)
{
    /// <summary>Its page.</summary>
    public string Path => Model.PathOf(Id);
}

/// <summary>What was done to a row.</summary>
/// <param name="Model">Its model.</param>
/// <param name="Id">Its id.</param>
/// <param name="Title">What people know it by.</param>
/// <param name="Changes">One page, the newest first.</param>
/// <param name="First">The first page, where this is another.</param>
/// <param name="Next">The next page, where there is one.</param>
public sealed record ModelHistoryView(ModelName Model, string Id, string Title, IReadOnlyList<ModelChangeView> Changes, string? First, string? Next)
{
    /// <summary>Its page.</summary>
    public string Path => Model.PathOf(Id);
}

/// <summary>One change of a row.</summary>
/// <param name="Id">The row of the audit log.</param>
/// <param name="At">When.</param>
/// <param name="Account">Who.</param>
/// <param name="Action">What.</param>
/// <param name="Reason">Why, where that was said.</param>
/// <param name="Fields">What differs, before and after.</param>
public sealed record ModelChangeView(
    Guid Id, DateTimeOffset At, string Account, string Action, string? Reason, IReadOnlyList<AuditFieldChange> Fields);
