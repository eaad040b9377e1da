using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Groups;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.Primitives;

namespace KeycloakAccess.Admin.GroupPages;

/// <summary>Groups as a form has them: a field for each permission.</summary>
internal static class GroupForm
{
    public const string Granted = "granted";
    public const string Denied = "denied";
    public const string Neither = "none";

    private const string Prefix = "permission.";

    /// <summary>The name of a permission's field.</summary>
    public static string FieldOf(string permission) => Prefix + permission;

    public static FormInput Of(Group group) => FormInput.Of(
    [
        KeyValuePair.Create("name", new StringValues(group.Name)),
        KeyValuePair.Create("description", new StringValues(group.Description)),
        KeyValuePair.Create("default-group", new StringValues(group.IsDefault ? "on" : null)),
        KeyValuePair.Create("version", new StringValues($"{group.Version}")),
        .. group.Permissions.Select(permission => KeyValuePair.Create(FieldOf(permission), new StringValues(Granted))),
        .. group.Denied.Except(group.Permissions, StringComparer.Ordinal).Select(permission => KeyValuePair.Create(FieldOf(permission), new StringValues(Denied))),
    ]);

    public static GroupRequest Read(FormInput input) => new()
    {
        Name = input.Value("name"),
        Description = input.Value("description"),
        IsDefault = input.Has("default-group"),
        Permissions = Held(input, Granted),
        Denied = Held(input, Denied),
    };

    /// <summary>Says in the form what is wrong with it.</summary>
    public static void Check(FormInput input, GroupRequest request, PermissionCatalogue catalogue)
    {
        input.Add(Validation.Mistakes(request)).Add(GroupEndpoints.Mistakes(request, catalogue));
        Reasons.Check(input);
    }

    /// <returns>Both versions, field by field.</returns>
    public static IReadOnlyList<VersionField> Versions(GroupRequest mine, Group theirs) =>
    [
        new("Name", mine.Name, theirs.Name),
        new("What for", mine.Description, theirs.Description),
        new("Default group", YesOrNo(mine.IsDefault), YesOrNo(theirs.IsDefault)),
        new("Granted", List(mine.Permissions), List(theirs.Permissions)),
        new("Denied", List(mine.Denied), List(theirs.Denied)),
    ];

    /// <returns>The permissions that there are, and those that the group holds besides.</returns>
    public static PermissionMatrixView Matrix(PermissionCatalogue catalogue, GrantGuard grantGuard, FormInput input)
    {
        var everything = new Permission(Permission.Any, Permission.Any).ToString();
        var known = catalogue.Permissions.Select(permission => permission.ToString()).Concat(catalogue.Wildcards).ToHashSet(StringComparer.Ordinal);
        string[] unknown = [.. input.Fields.Keys.Where(field => field.StartsWith(Prefix, StringComparison.Ordinal)).Select(field => field[Prefix.Length..]).Where(text => !known.Contains(text))];
        var lacking = grantGuard.Lacking(known.Concat(unknown)).ToHashSet(StringComparer.Ordinal);
        return new PermissionMatrixView(
            Cell(everything),
            Permission.Actions,
            [.. catalogue.Models.OrderBy(model => model.Title, StringComparer.Ordinal).Select(model => new PermissionRowView(
                model.Title,
                Of(model, Permission.Any),
                [.. Permission.Actions.Select(action => model.Actions.Contains(action, StringComparer.Ordinal) ? Of(model, action) : null)],
                [.. model.Actions.Except(Permission.Actions, StringComparer.Ordinal).Select(action => Of(model, action))]))],
            [.. unknown.Select(Cell)]);

        PermissionCellView Of(ProtectedModel model, string action) => Cell(new Permission(model.Name, action).ToString());

        PermissionCellView Cell(string permission) =>
            new(permission, permission[(permission.IndexOf(':', StringComparison.Ordinal) + 1)..].Replace('-', ' '), !lacking.Contains(permission));
    }

    private static string[] Held(FormInput input, string state) =>
        [.. input.Fields.Keys
            .Where(field => field.StartsWith(Prefix, StringComparison.Ordinal) && input.Value(field) == state)
            .Select(field => field[Prefix.Length..])
            .Order(StringComparer.Ordinal)];

    private static string YesOrNo(bool value) => value ? "yes" : "no";

    private static string List(IEnumerable<string> permissions) => string.Join(", ", permissions.Order(StringComparer.Ordinal));
}
