using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Access;

/// <summary>A row for each model, a column for each usual action, and what the group holds though no model declares it.</summary>
public sealed record PermissionMatrixView(
    PermissionCellView Everything,
    IReadOnlyList<string> Actions,
    IReadOnlyList<PermissionRowView> Rows,
    IReadOnlyList<PermissionCellView> Unknown)
{
    internal static PermissionMatrixView Create(PermissionCatalogue catalogue, GrantGuard grantGuard, FormInput input)
    {
        var everything = new Permission(Permission.Any, Permission.Any).ToString();
        var known = catalogue.Permissions
            .Select(permission => permission.ToString())
            .Concat(catalogue.Wildcards)
            .ToHashSet(StringComparer.Ordinal);
        string[] unknown = [.. PermissionFields.Read(input).Where(text => !known.Contains(text))];
        var lacking = grantGuard.Lacking(known.Concat(unknown)).ToHashSet(StringComparer.Ordinal);
        return new PermissionMatrixView(
            Cell(everything),
            Permission.Actions,
            [.. catalogue.Models.OrderBy(model => model.Title, StringComparer.Ordinal).Select(model => new PermissionRowView(
                model.Title,
                CellOf(model, Permission.Any),
                [.. Permission.Actions.Select(action =>
                    model.Actions.Contains(action, StringComparer.Ordinal) ? CellOf(model, action) : null)],
                [.. model.Actions.Except(Permission.Actions, StringComparer.Ordinal).Select(action => CellOf(model, action))]))],
            [.. unknown.Select(Cell)]);

        PermissionCellView CellOf(ProtectedModel model, string action) => Cell(new Permission(model.Name, action).ToString());

        PermissionCellView Cell(string permission) =>
            new(
                permission,
                permission[(permission.IndexOf(':', StringComparison.Ordinal) + 1)..].Replace('-', ' '),
                !lacking.Contains(permission));
    }
}

/// <summary>The permissions on one model; <see langword="null"/> in the column of an action that it does not have.</summary>
public sealed record PermissionRowView(
    string Title, PermissionCellView Every, IReadOnlyList<PermissionCellView?> Cells, IReadOnlyList<PermissionCellView> Others);

public sealed record PermissionCellView(string Permission, string Action, bool MayGrant);

internal static class PermissionFields
{
    public const string Granted = "granted";
    public const string Denied = "denied";
    public const string Neither = "none";

    private const string Prefix = "permission.";

    public static string NameOf(string permission) => Prefix + permission;

    public static IEnumerable<string> Read(FormInput input, string? state = null) => input.Fields.Keys
        .Where(field => field.StartsWith(Prefix, StringComparison.Ordinal) && (state is null || input.Value(field) == state))
        .Select(field => field[Prefix.Length..]);
}
