using KeycloakAccess.Admin.Forms;

namespace KeycloakAccess.Admin.ModelPages;

/// <summary>The question whether several rows are to be changed.</summary>
/// <param name="Model">Their model.</param>
/// <param name="Change">What is to be done; <see langword="null"/> where there is no such action.</param>
/// <param name="Input">What stands in the form, with what is wrong.</param>
/// <param name="Lines">The rows.</param>
/// <param name="Missing">How many more were ticked that are not there, or not for the viewer to see.</param>
/// <param name="BackPath">The list that they were ticked in.</param>
public sealed record SeveralRowsView(
    ModelName Model, ModelActionView? Change, FormInput Input, IReadOnlyList<SeveralRowsLine> Lines, int Missing, string BackPath)
{
    /// <summary>The field that says which list they were ticked in.</summary>
    public const string List = "_list";

    /// <returns>The field for the version of a row that was seen.</returns>
    public static string VersionOf(string id) => $"_version.{id}";
}

/// <summary>One of several rows.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Path">Its page.</param>
/// <param name="Title">What people know it by.</param>
/// <param name="Version">The version that was seen.</param>
/// <param name="Obstacle">Why it would not be changed, or was not.</param>
/// <param name="Dependants">The first rows that refer to it, as far as the viewer may know.</param>
public sealed record SeveralRowsLine(string Id, string Path, string Title, int Version, string? Obstacle, IReadOnlyList<ModelDependantsView> Dependants);

/// <summary>Those of several rows that were not changed.</summary>
/// <param name="Model">Their model.</param>
/// <param name="Change">What was to be done.</param>
/// <param name="Lines">The rows, each with the reason.</param>
/// <param name="Missing">How many more are not there, or not for the viewer to see.</param>
/// <param name="BackPath">The list that they were ticked in.</param>
public sealed record RefusedRowsView(ModelName Model, ModelActionView? Change, IReadOnlyList<SeveralRowsLine> Lines, int Missing, string BackPath);
